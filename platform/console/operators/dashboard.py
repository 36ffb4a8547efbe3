"""All teams at a glance, and the workers as they are at this moment."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from billing import overview
from billing.price_book.days import today
from billing.usage import selectors as usage
from billing.usage.facts import UsageFacts, total
from console.operators.guard import operators_only
from tts_engine import presence
from tts_engine.recent import Recent, recent
from tts_engine.selectors import QueueLine, queue_lines

DAYS = 31  # of the chart, today among them: a whole month is within


@operators_only
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Teams by what they spent; `?order=failed` those first whose requests fail."""
    order = request.GET.get("order", "spent")
    if order not in overview.ORDERS:
        raise Http404(order)
    lines = overview.teams(order=order, most=settings.OPERATORS_TEAMS)
    last = today()
    by_day = {share.values[0]: share.facts for share in usage.shares_of_all(last - timedelta(days=DAYS - 1), "day")}
    page = {
        "lines": lines,
        "order": order,
        "orders": [("spent", _("Most spoken")), ("failed", _("Most failed")), ("name", _("By name"))],
        "more": len(lines) == settings.OPERATORS_TEAMS,
        "month": total([facts for day, facts in by_day.items() if day >= last.replace(day=1)]),
        "days": _curve(by_day, last),
        "live": _live(),
    }
    return render(request, "console/operators_dashboard.html", page)


@operators_only
@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Queue and workers alone, which the page asks for every few seconds."""
    return render(request, "console/operators_live.html", {"live": _live()})


@dataclass(frozen=True, slots=True)
class Live:
    """What goes on at this moment; `workers` is None where Valkey, which they tell, is away."""

    queue: list[QueueLine]
    recent: Recent
    workers: dict[str, float] | None

    @property
    def pace(self) -> float:
        return sum((self.workers or {}).values())

    def _of(self, status: str) -> list[QueueLine]:
        return [line for line in self.queue if line.status == status]

    @property
    def running(self) -> int:
        return sum(line.requests for line in self._of("running"))

    @property
    def waiting(self) -> list[QueueLine]:
        """Of requests, then of jobs."""
        return self._of("queued")


def _live() -> Live:
    try:
        workers: dict[str, float] | None = presence.paces()
    except RedisError:
        workers = None
    return Live(queue_lines(), recent(), workers)


def _curve(by_day: dict[date, UsageFacts], last: date) -> dict[str, list[object]]:
    """Columns for the chart: days without a request are there too."""
    days = [last - timedelta(days=ago) for ago in reversed(range(DAYS))]
    facts = [by_day.get(day, UsageFacts()) for day in days]
    return {
        "days": [day.isoformat() for day in days],
        "characters": [each.billed_characters for each in facts],
        "failed": [each.failed for each in facts],
    }
