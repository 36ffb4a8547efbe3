"""Who is calling: a tenant's API key, or a member signed in at the console."""

from dataclasses import dataclass
from typing import Any

from rest_framework import authentication
from rest_framework.request import Request

from accounts import services as accounts
from accounts.errors import InvalidApiKey
from accounts.models import ApiKey
from accounts.roles import SCOPES
from accounts.visits import member_of, visited
from tts_engine.services import Caller
from tts_engine.terms import KeyLookup, Terms, terms


@dataclass(frozen=True, slots=True)
class Principal:
    """Found by an authentication class as `request.auth`."""

    caller: Caller
    scopes: frozenset[str]
    terms: Terms  # as the call came in
    api_key: ApiKey | None = None
    visiting: bool = False  # an operator who looks at a team: nothing is spoken for them


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer vox_…`"""

    def authenticate(self, request: Request) -> tuple[None, Principal] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise InvalidApiKey("Send your key as 'Authorization: Bearer vox_…'.")
        lookup: KeyLookup = request.parser_context["view"].group.lookup
        key = accounts.api_key_authenticate(secret=secret.strip(), ip=request.META.get("REMOTE_ADDR"), find=lookup.find)
        caller = Caller(tenant_id=key.tenant_id, api_key_id=key.id)
        return None, Principal(caller, frozenset(key.scopes), lookup.terms or terms(key.tenant_id), key)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="voxhouse"'


class MemberSessionAuthentication(authentication.SessionAuthentication):
    """The console's own scripts: Django's session, with its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user, _ = signed_in
        visiting = visited(request._request)
        member = member_of(request._request)
        if member is None:
            return None
        caller = Caller(tenant_id=member.tenant_id, member_id=member.id)
        return user, Principal(caller, SCOPES[member.role], terms(member.tenant_id), visiting=visiting)
