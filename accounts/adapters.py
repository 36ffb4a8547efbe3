"""What django-allauth asks us about signing in."""

import math
import time
from base64 import urlsafe_b64encode
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit as rates
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from accounts import single_sign_on
from accounts.models import User

log = structlog.get_logger()

PROVIDER = "sso"  # names the one provider in addresses


class InvitedOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody signs up: an admin of a tenant adds people. Guesses of passwords are counted and slowed down."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts the attempt; one too many is refused before any password is looked at, and is told until when."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as refusal:
            raise ValidationError(_come_back_in(self._wait(request, credentials)), code=refusal.code) from refusal

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """A name from one address: who guesses somebody's password does not lock that person out elsewhere."""
        return f"{rates.get_ip(request)}:{super()._get_login_attempts_cache_key(request, **credentials)}"

    def _wait(self, request: HttpRequest, credentials: dict[str, Any]) -> float:
        """Seconds until the next attempt counts for every rate: allauth keeps the times of the last ones."""
        key = self._get_login_attempts_cache_key(request, **credentials)
        waits = [0.0]
        for rate in rates.get_rates(app="allauth.account", action="login_failed"):
            name = rates.get_cache_key(request, app="allauth.account", action="login_failed", rate=rate, key=key)
            times = cache.get(name, [])  # newest first
            if len(times) >= rate.amount:
                waits.append(times[rate.amount - 1] + rate.duration - time.time())
        return max(waits)


def _come_back_in(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return ngettext(
        "Too many attempts. Try again in a minute.", "Too many attempts. Try again in %(minutes)d minutes.", minutes
    ) % {"minutes": minutes}


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The one identity provider that the settings name, and what `single_sign_on` says of those it sends."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """From the settings alone: the table of providers is not used."""
        if not settings.OIDC_ISSUER or provider not in (None, PROVIDER, "openid_connect"):
            return []
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=PROVIDER,
                name=settings.OIDC_NAME,
                client_id=settings.OIDC_CLIENT_ID,
                secret=settings.OIDC_CLIENT_SECRET,
                settings={"server_url": settings.OIDC_ISSUER, "oauth_pkce_enabled": True},
            )
        ]

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        email = single_sign_on.verified_email(claims_of(sociallogin))
        person = single_sign_on.person_of(email) if email else None
        return (person, email) if person and email else None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """What allauth notes of an address is what we hold for verified."""
        email = single_sign_on.verified_email(claims_of(sociallogin))
        for address in sociallogin.email_addresses:
            address.verified = address.email.lower() == email

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        try:
            single_sign_on.place_for(single_sign_on.verified_email(claims_of(sociallogin)))
        except single_sign_on.Refusal as refusal:
            log.warning("single_sign_on_refused", reason=refusal.reason)
            page = render(request, "socialaccount/refused.html", {"reason": refusal.reason}, status=403)
            raise ImmediateHttpResponse(page) from refusal
        return True

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        place = single_sign_on.place_for(single_sign_on.verified_email(claims_of(sociallogin)))
        user: User = super().save_user(request, sociallogin, form)
        single_sign_on.join(user, place)
        return user

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        log.warning("single_sign_on_failed", error=str(error), exception=repr(exception) if exception else None)


def _boxes() -> MultiFernet:
    """Closes with today's SECRET_KEY, and opens with older ones too."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (salted_hmac("accounts.second_factor", "", secret=each, algorithm="sha256").digest() for each in secrets)
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])


def claims_of(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the provider says of the person: its answer at the userinfo endpoint before the ID token."""
    said = sociallogin.account.extra_data
    return said.get("userinfo") or said.get("id_token") or {}


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        """What makes codes is kept so that the database alone does not give it away."""
        return _boxes().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _boxes().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows above the code."""
        return "Voxhouse"

    def build_totp_svg(self, url: str) -> str:
        """To stand in a page, which takes no images from data: without what precedes its first element."""
        drawn: str = super().build_totp_svg(url)
        return drawn[drawn.index("<svg") :]
