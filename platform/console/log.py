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
        deliveries = deliveries.filter(id__lt=number_of(before))
    rows = list(deliveries[: PAGE + 1])
    return LogPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def number_of(sent: str) -> int:
    """Of a delivery, as an address or a form names it; what can be none leads nowhere."""
    if not sent.isascii() or not sent.isdigit() or len(sent) > 18:
        raise Http404(sent)
    return int(sent)
