"""The rule that operators have a second factor, where the settings ask for it."""

from collections.abc import Callable
from http import HTTPStatus

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

# Where they set it up, and leave; every other page waits until they have.
OPEN = ("/accounts/", "/security", "/i18n/", settings.STATIC_URL)
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class OperatorsNeedASecondFactor:
    """Middleware that leads an operator without one to where it is set up.

    Nobody is locked out: signing in still takes the password alone until a second factor is there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.OPERATORS_NEED_MFA or request.path.startswith(OPEN):
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated or not user.is_staff or is_mfa_enabled(user, FACTORS):
            return self.get_response(request)
        said = _("Operators need a second factor here. Set one up, then go on.")
        if request.method != "GET" or not request.accepts("text/html"):
            return HttpResponse(said, status=HTTPStatus.FORBIDDEN, content_type="text/plain; charset=utf-8")
        messages.warning(request, said)
        return redirect("security")
