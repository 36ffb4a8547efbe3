"""What the environment says of single sign-on, checked before anything starts."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

JOINABLE = ("admin", "member", "viewer")  # an owner is made by an owner, never by a domain
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def issuer(url: str, client_id: str) -> str:
    """The issuer as it was given; empty where there is no single sign-on.

    Raises:
        ImproperlyConfigured: one of the two is missing, or the issuer is reached without TLS.
    """
    if bool(url) != bool(client_id):
        raise ImproperlyConfigured("Single sign-on needs both OIDC_ISSUER and OIDC_CLIENT_ID.")
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ImproperlyConfigured(f"OIDC_ISSUER must begin with https://, and is {url}.")
    return url.rstrip("/")


def joining(rules: Iterable[str]) -> dict[str, tuple[str, str]]:
    """`example.org=TEAM:ROLE`, one a domain, as domain to team and role.

    Raises:
        ImproperlyConfigured: a rule of another form, an unknown role, or a domain named twice.
    """
    teams: dict[str, tuple[str, str]] = {}
    for rule in rules:
        domain, _, joined = rule.strip().lower().partition("=")
        team, _, role = joined.partition(":")
        if not domain or not team or role not in JOINABLE:
            raise ImproperlyConfigured(
                f"OIDC_JOIN has {rule!r}; a rule is example.org=TEAM:ROLE, with a role of {', '.join(JOINABLE)}."
            )
        if domain in teams:
            raise ImproperlyConfigured(f"OIDC_JOIN names {domain} twice.")
        teams[domain] = (team, role)
    return teams
