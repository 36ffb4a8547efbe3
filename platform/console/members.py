"""Who belongs to a team: its members and their roles, and who is invited."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, selectors
from accounts import members as service
from accounts.errors import AccountsError, RoleNotAllowed, UnknownInvitation, UnknownMember, UnknownTenant
from accounts.models import Invitation, Member, Role, Scope, User
from console.account_words import refusal_words, refuse
from console.team import for_members_with
from console.team_forms import ROLE_WORDS, InviteForm


@for_members_with(Scope.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def members(request: HttpRequest, member: Member) -> HttpResponse:
    """All of them, and a form that invites another, whose link the answer shows once."""
    form = InviteForm(request.POST or None, roles=roles_given_by(member))
    invited, link = None, ""
    if form.is_valid():
        try:
            invited, token = invitations.invite(by=member, **form.cleaned_data)
        except AccountsError as refusal:
            refuse(form, refusal)
        else:
            link = invitation_link(request, token)
            form = InviteForm(roles=roles_given_by(member))
    page = {
        "member": member,
        "members": [(each, may_change(member, each)) for each in selectors.members(member.tenant)],
        "invitations": selectors.open_invitations(member.tenant),
        "form": form,
        "roles": [(role, ROLE_WORDS[role]) for role in roles_given_by(member)],
        "invited": invited,
        "link": link,
        "mailed": invited is not None and _mailed(request, invited, link),
    }
    return render(request, "console/members.html", page, status=400 if form.errors else 200)


def invitation_link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(f"{reverse('invitation')}?{urlencode({'token': token})}")


def _mailed(request: HttpRequest, invited: Invitation, link: str) -> bool:
    """The invitation stands even where no mail leaves: its link can be handed over."""
    if not invited.email:
        return False
    try:
        invitations.mail(invited, link=link)
    except OSError as error:  # smtplib's errors are such, too
        told = _("The mail could not be sent: {error} Hand the link over yourself.")
        messages.error(request, told.format(error=error))
        return False
    return True


@for_members_with(Scope.ADMIN)
@require_POST
def member(request: HttpRequest, member_id: int, member: Member) -> HttpResponse:
    """Change the role of one of them, or remove them, as `do` says."""
    try:
        changed = selectors.member(member.tenant, member_id)
        match request.POST.get("do"):
            case "role":
                service.role_set(member=changed, role=request.POST.get("role", ""), by=member)
                told = _("The role of {name} is changed.")
            case "remove":
                service.remove(member=changed, by=member)
                told = _("{name} is no longer in the team.")
            case _:
                return HttpResponseBadRequest()
    except UnknownMember as missing:
        raise Http404(member_id) from missing
    except AccountsError as refusal:
        messages.error(request, refusal_words(refusal))
    else:
        messages.success(request, told.format(name=changed.user.get_username()))
    return redirect("members")


@for_members_with(Scope.ADMIN)
@require_POST
def invitation_revoke(request: HttpRequest, invitation_id: UUID, member: Member) -> HttpResponse:
    """Take an invitation back."""
    try:
        invitations.revoke(invitation=selectors.invitation(member.tenant, invitation_id), by=member)
    except UnknownInvitation as missing:
        raise Http404(invitation_id) from missing
    except AccountsError as refusal:
        messages.error(request, refusal_words(refusal))
    else:
        messages.success(request, _("The invitation is taken back: its link opens nothing any more."))
    return redirect("members")


@login_required
@require_POST
def team_choose(request: HttpRequest) -> HttpResponse:
    """Work for another of one's teams from now on."""
    try:
        tenant = selectors.tenant_by_name(request.POST.get("team", ""))
        service.team_choose(user=cast(User, request.user), tenant=tenant)
    except (UnknownTenant, UnknownMember) as missing:
        raise Http404 from missing
    return redirect("studio")


def roles_given_by(member: Member) -> list[str]:
    """The weakest first."""
    return [role for role in reversed(Role.values) if _allowed(member, role)]


def may_change(member: Member, other: Member) -> bool:
    return _allowed(member, other.role)


def _allowed(member: Member, role: str) -> bool:
    try:
        service.require_may_give(member, role)
    except RoleNotAllowed:
        return False
    return True
