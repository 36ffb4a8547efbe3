"""The audit trail of a team: who did what, the newest first."""

from datetime import datetime

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from accounts.models import Member, Scope
from accounts.selectors import audit_events
from console.log import number_of
from console.team import for_members_with

PAGE = 50


@require_safe
@for_members_with(Scope.ADMIN)
def audit(request: HttpRequest, member: Member) -> HttpResponse:
    """Fifty at a time; `?before=MOMENT_ID` of the last row leads on, at the same cost however far back."""
    events = audit_events(member.tenant)
    if place := request.GET.get("before"):
        at, number = _place(place)
        events = events.filter(Q(at__lt=at) | Q(at=at, id__lt=number), at__lte=at)
    rows = list(events[: PAGE + 1])
    older = rows[PAGE - 1] if len(rows) > PAGE else None
    page = {"member": member, "events": rows[:PAGE], "older": older and f"{older.at.isoformat()}_{older.pk}"}
    return render(request, "console/audit.html", page)


def _place(text: str) -> tuple[datetime, int]:
    """Of a row, as an address names it; what can be none leads nowhere."""
    moment, _, number = text.partition("_")
    try:
        at = parse_datetime(moment)
    except ValueError as error:
        raise Http404(text) from error
    if at is None or at.tzinfo is None:
        raise Http404(text)
    return at, number_of(number)
