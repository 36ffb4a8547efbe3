"""Who somebody is and how they prove it: their password, second factor, sessions and company account."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

import requests
import structlog
from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.selectors import membership_of, sessions

log = structlog.get_logger()

View = Callable[..., HttpResponse]


def if_the_provider_answers(view: View) -> View:
    """What goes to and comes from the identity provider; 502 and a page that says so where it is away."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except requests.RequestException as error:
            log.warning("identity_provider_away", error=str(error))
            return render(request, "socialaccount/authentication_error.html", status=HTTPStatus.BAD_GATEWAY)

    return guarded


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Of allauth's pages, whose rates are all by the minute."""
    page = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    page["Retry-After"] = "60"
    return page


@require_safe
@never_cache
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """All of it at a glance, each with the page that changes it."""
    user = cast(User, request.user)
    factors = list(Authenticator.objects.filter(user=user))
    codes = next((each for each in factors if each.type == Authenticator.Type.RECOVERY_CODES), None)
    page = {
        "member": membership_of(user),
        "app": next((each for each in factors if each.type == Authenticator.Type.TOTP), None),
        "passkeys": [each for each in factors if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": sessions(user),
        "company": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "connected": SocialAccount.objects.filter(user=user).first(),
        "needed": settings.OPERATORS_NEED_MFA and user.is_staff and not factors,
    }
    return render(request, "console/security.html", page)


@login_required
@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign out one other place; its next request is a stranger's."""
    session = UserSession.objects.filter(user=cast(User, request.user), pk=session_id).first()
    if session is None:
        raise Http404(session_id)
    session.end()
    messages.success(request, _("That session has been ended."))
    return redirect("security")


@login_required
@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    user = cast(User, request.user)
    for session in UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key):
        session.end()
    messages.success(request, _("You are signed in here only."))
    return redirect("security")


@login_required
@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth publishes no types
def disconnect(request: HttpRequest) -> HttpResponse:
    """From the company account; not for those who could not sign in any more."""
    user = cast(User, request.user)
    if not user.has_usable_password():
        messages.error(request, _("Set a password first: without it you could not sign in any more."))
        return redirect("security")
    SocialAccount.objects.filter(user=user).delete()
    messages.success(request, _("Your company account is no longer connected."))
    return redirect("security")
