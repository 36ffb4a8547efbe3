"""Pages of a team's own affairs: for its members whose role allows it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.errors import VisitReadsOnly
from accounts.models import Member
from accounts.roles import SCOPES
from accounts.visits import member_of, visited

View = Callable[..., HttpResponseBase]


def for_members(view: View) -> View:
    """Hands the view the signed-in member as `member`; a user without a team gets 403 and a page that says so."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            visited(request)
        except VisitReadsOnly:
            return render(request, "console/visit_reads_only.html", status=403)
        member = member_of(request)
        if member is None:
            return render(request, "console/no_team.html", status=403)
        return view(request, *args, member=member, **kwargs)

    return guarded


def for_members_with(scope: str) -> Callable[[View], View]:
    """The same for those whose role has the scope; others get 403 and a page that says whom to ask."""

    def guard(view: View) -> View:
        @for_members
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, member: Member, **kwargs: Any) -> HttpResponseBase:
            if scope not in SCOPES[member.role]:
                return render(request, "console/not_your_role.html", {"member": member}, status=403)
            return view(request, *args, member=member, **kwargs)

        return guarded

    return guard


def actor_of(request: HttpRequest) -> str:
    """In the words of the audit trail."""
    return f"user:{request.user.get_username()}"
