"""What a caller may do: every door names the scope it needs."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.errors import InsufficientScope
from accounts.services import api_key_require_scope

if TYPE_CHECKING:  # DRF's views import this module by its name in the settings
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """The caller is known and has the door's `scope`."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        principal: Any = request.auth  # DRF's stubs know only its own tokens
        if principal is None:
            raise NotAuthenticated(
                "You did not provide an API key. Send it as 'Authorization: Bearer vox_…'; "
                "your team's admin makes one at the console, under Keys."
            )
        scope: str = view.scope  # type: ignore[attr-defined]
        if principal.api_key is not None:
            api_key_require_scope(principal.api_key, scope, ip=request.META.get("REMOTE_ADDR"))
        elif scope not in principal.scopes:
            raise InsufficientScope(f"Your role in the team does not include '{scope}'; ask its owner.")
        return True
