"""The log of what was sent to one receiver, some at a time."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from webhooks.outbox import Sending

PAGE = 20


@dataclass(frozen=True, slots=True)
class LogPage:
    rows: list[Sending]  # newest first
    older: int | None  # `before` of the page after this one


def log_page(request: HttpRequest, deliveries: QuerySet[Any]) -> LogPage:
    """Those before `?before=ID`; the newest without."""
    before = request.GET.get("before")
    if before is not None:
        if not before.isascii() or not before.isdigit() or len(before) > 18:
            raise Http404(before)
        deliveries = deliveries.filter(id__lt=int(before))
    rows = list(deliveries[: PAGE + 1])
    return LogPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)
