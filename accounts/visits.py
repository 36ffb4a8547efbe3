"""An operator's look at a team's console: to read only, for a while, and every page of it in the team's trail.

Nobody signs in as somebody else. The operator's own session remembers whom they visit, so passwords, second
factors and sessions of the team's people stay out of reach, and whatever is written names the operator.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.errors import UnacceptableReason, VisitReadsOnly
from accounts.models import Member, Role, Tenant, User
from accounts.selectors import membership_of

SESSION_KEY = "visit"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Visit:
    tenant: Tenant
    until: datetime


def visit_begin(request: HttpRequest, *, tenant: Tenant, reason: str) -> Visit:
    """From now for VISIT_LASTS; one to another team ends. Raises UnacceptableReason."""
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise UnacceptableReason(f"Say in 1 to {LONGEST_REASON} characters why you look at the team's console.")
    visit_end(request)
    visit = Visit(tenant, timezone.now() + settings.VISIT_LASTS)
    _record(request, visit, "visit.begin", reason=reason, until=visit.until.isoformat())
    request.session[SESSION_KEY] = {"tenant": str(tenant.id), "until": visit.until.isoformat()}
    return visit


def visit_end(request: HttpRequest) -> None:
    """Without a visit nothing happens."""
    if visit := _remembered(request):
        del request.session[SESSION_KEY]
        _record(request, visit, "visit.end")


def visit_of(request: HttpRequest) -> Visit | None:
    """Whom the operator visits now. A visit whose time is over, or whose visitor is no operator any more, ends here."""
    visit = _remembered(request)
    if visit is None:
        return None
    if visit.until <= timezone.now() or not cast(User, request.user).is_staff:
        visit_end(request)
        return None
    return visit


def member_of(request: HttpRequest) -> Member | None:
    """As whom the signed-in person sees the console: as an owner of the team they visit, else as themselves."""
    if visit := visit_of(request):
        return Member(tenant=visit.tenant, user=cast(User, request.user), role=Role.OWNER)
    return membership_of(cast(User, request.user))


def visited(request: HttpRequest) -> bool:
    """Is this page one of a visit? Then the team's trail notes it. Raises VisitReadsOnly for what would change it."""
    visit = visit_of(request)
    if visit is None:
        return False
    if request.method not in READING:
        _record(request, visit, "visit.page", outcome=audit.INSUFFICIENT_PERMISSIONS, path=request.path)
        raise VisitReadsOnly("You are visiting this team and can change nothing. Leave it to go on as yourself.")
    _record(request, visit, "visit.page", path=request.path)
    return True


def _remembered(request: HttpRequest) -> Visit | None:
    kept = request.session.get(SESSION_KEY)
    if kept is None:
        return None
    return Visit(Tenant.objects.get(id=kept["tenant"]), datetime.fromisoformat(kept["until"]))


def _record(request: HttpRequest, visit: Visit, action: str, *, outcome: str = audit.OK, **details: Any) -> None:
    audit.record(
        action=action,
        actor=f"user:{request.user.get_username()}",
        outcome=outcome,
        tenant=visit.tenant,
        ip=request.META.get("REMOTE_ADDR"),
        details=details,
    )
