"""The page behind an invitation's link: for anybody who has it, with an account or without."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.errors import AccountsError, InvitationOver, UnknownInvitation
from accounts.models import Invitation, Member, User
from console.account_words import refusal_words, refuse
from console.team_forms import ROLE_WORDS, SignUpForm

BACKEND = "django.contrib.auth.backends.ModelBackend"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """`?token=…`, which no log has: join with the account that is signed in, or make one."""
    try:
        found = invitations.find(request.GET.get("token", ""))
        if request.user.is_authenticated:
            return _joined(request, found) if request.method == "POST" else _shown(request, found)
        return _signed_up(request, found)
    except UnknownInvitation:
        return _over(request, _("This invitation is not known. Its link may be cut off: open it as a whole."), 404)
    except InvitationOver:
        return _over(
            request, _("It was used already, taken back, or its time is over. Ask your team for another."), 410
        )


def _joined(request: HttpRequest, found: Invitation) -> HttpResponse:
    try:
        member = invitations.accept(invitation=found, user=cast(User, request.user))
    except InvitationOver:
        raise
    except AccountsError as refusal:
        messages.error(request, refusal_words(refusal))
        return redirect(request.get_full_path())
    return _welcome(request, member)


def _signed_up(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        try:
            member = invitations.sign_up(invitation=found, **form.cleaned_data)
        except InvitationOver:
            raise
        except AccountsError as refusal:
            refuse(form, refusal)
        else:
            login(request, member.user, backend=BACKEND)
            return _welcome(request, member)
    return _shown(request, found, form)


def _welcome(request: HttpRequest, member: Member) -> HttpResponse:
    messages.success(request, _("Welcome to the team {team}.").format(team=member.tenant.name))
    return redirect("studio")


def _shown(request: HttpRequest, found: Invitation, form: SignUpForm | None = None) -> HttpResponse:
    page = {"invitation": found, "role": ROLE_WORDS[found.role], "form": form}
    return render(request, "console/invitation.html", page, status=400 if form and form.errors else 200)


def _over(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    return render(request, "console/invitation_over.html", {"reason": reason}, status=status)
