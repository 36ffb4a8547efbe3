"""What a team used: over time, by whom, beside the days before, and when its quota ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import Member, Scope
from billing import selectors as billing
from billing.selectors import Usage
from billing.usage import selectors
from billing.usage.selectors import Days, Forecast
from console import units
from console.forms import DaysForm
from console.team import for_members_with
from console.usage_chart import METRICS, Metric, chart, part_name
from tts_engine.report import By, Report, report

DAY = timedelta(days=1)


class Range(StrEnum):
    TODAY = "today"
    WEEK = "7"
    MONTH_LONG = "30"
    QUARTER = "90"
    MONTH = "month"
    CHOSEN = "days"

    def days(self, today: date) -> Days:
        """Until today, which is among them."""
        starts = {Range.TODAY: today, Range.MONTH: today.replace(day=1)}
        return Days(starts.get(self) or today - (int(self) - 1) * DAY, today + DAY)

    def compared(self, days: Days) -> Days | None:
        """A month until today is compared with the last one until the same day; the others with as many days before."""
        if self is not Range.MONTH:
            return None
        start = (days.start - DAY).replace(day=1)
        return Days(start, min(start + (days.end - days.start), days.start))


TITLES: dict[StrEnum, str | Promise] = {
    **METRICS,
    Range.TODAY: gettext_lazy("Today"),
    Range.WEEK: gettext_lazy("7 days"),
    Range.MONTH_LONG: gettext_lazy("30 days"),
    Range.QUARTER: gettext_lazy("90 days"),
    Range.MONTH: gettext_lazy("This month"),
    By.KEY: gettext_lazy("Key"),
    By.VOICE: gettext_lazy("Voice"),
    By.MEMBER: gettext_lazy("Member"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the usage is to be seen; an address holds it all."""

    range: Range
    days: Days
    by: By
    metric: Metric

    @property
    def last(self) -> date:
        return self.days.end - DAY

    @property
    def address(self) -> str:
        chosen = {"from": self.days.start, "to": self.last} if self.range is Range.CHOSEN else {"range": self.range}
        return f"{reverse('usage')}?{urlencode({**chosen, 'by': self.by, 'metric': self.metric})}"

    @property
    def csv(self) -> str:
        asked = {"from": self.days.start, "to": self.last, "group_by": self.by, "format": "csv"}
        return f"/v1/usage/report?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A link to the same page with one thing otherwise."""

    id: str
    title: str | Promise
    address: str
    current: bool


@require_safe
@for_members_with(Scope.USAGE)
def usage(request: HttpRequest, member: Member) -> HttpResponse:
    """The figures of the days that are asked for; the last 30 by default."""
    today = timezone.localdate(timezone=ZoneInfo(member.tenant.time_zone))
    typed = DaysForm(request.GET if {"from", "to"} & set(request.GET) else None)
    asked = _asked(request.GET, typed, today)
    found = report(
        member.tenant_id,
        asked.days,
        asked.by,
        compared=asked.range.compared(asked.days),
        moments_speed=asked.metric is Metric.LATENCY,
    )
    shown = chart(found, asked.metric)
    page = {
        "member": member,
        "form": typed if typed.errors else DaysForm(initial={"from": asked.days.start, "to": asked.last}),
        "asked": asked,
        "ranges": _choices(asked, "range", [replace(asked, range=each, days=each.days(today)) for each in _RANGES]),
        "metrics": _choices(asked, "metric", [replace(asked, metric=each) for each in Metric]),
        "groups": _choices(asked, "by", [replace(asked, by=each) for each in By]),
        "tiles": _tiles(found, asked),
        "quota": _quota(member),
        "chart": shown,
        "parts": [(part_name(found.by, part), part) for part in found.parts],
        "report": found,
        "month": asked.last.replace(day=1),
    }
    return render(request, "console/usage.html", page, status=400 if typed.errors else 200)


_RANGES = [each for each in Range if each is not Range.CHOSEN]


def _asked(query: QueryDict, form: DaysForm, today: date) -> Asked:
    """404 for what no link of the page asks for; days that cannot be shown are the form's to tell."""
    try:
        chosen = Range(query.get("range", Range.MONTH_LONG))
        by, metric = By(query.get("by", By.KEY)), Metric(query.get("metric", Metric.CHARACTERS))
    except ValueError as error:
        raise Http404(str(error)) from error
    if form.is_bound and form.is_valid():
        return Asked(Range.CHOSEN, form.days, by, metric)
    chosen = Range.MONTH_LONG if chosen is Range.CHOSEN else chosen
    return Asked(chosen, chosen.days(today), by, metric)


def _choices(asked: Asked, what: str, others: Sequence[Asked]) -> list[Choice]:
    values = [(getattr(other, what), other) for other in others]
    return [
        Choice(f"{what}-{value}", TITLES[value], other.address, value == getattr(asked, what))
        for value, other in values
    ]


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    figure: str
    note: str


def _tiles(found: Report, asked: Asked) -> list[Tile]:
    """What is seen first, each beside the same of the days before."""
    now, before = found.total.facts, found.before.facts
    speed = found.total.speed.first_audio
    return [
        Tile(
            _("Characters billed"),
            units.number(now.billed_characters),
            _compared(asked, now.billed_characters, before.billed_characters),
        ),
        Tile(_("Requests"), units.number(now.requests), _compared(asked, now.requests, before.requests)),
        Tile(_("Speech"), units.duration(now.audio_ms), _compared(asked, now.audio_ms, before.audio_ms)),
        Tile(
            _("From the cache"),
            units.percent(now.cached, now.requests),
            _("{part} before").format(part=units.percent(before.cached, before.requests)),
        ),
        Tile(
            _("First audio, median"),
            units.wait(speed.median),
            _("95th percentile: {wait}").format(wait=units.wait(speed.most)),
        ),
    ]


def _compared(asked: Asked, now: int, before: int) -> str:
    """`compared` of the report in words."""
    days = {
        Range.TODAY: _("yesterday by this time"),
        Range.MONTH: _("last month by this day"),
    }.get(asked.range, _("{count} days before").format(count=(asked.days.end - asked.days.start).days))
    if not before:
        return _("{days}: none").format(days=days)
    return _("{change} against {days}").format(change=units.change(now, before), days=days)


@dataclass(frozen=True, slots=True)
class Quota:
    """This period's, with what is to be expected of it; `bar` are the ends of its parts, of 1000."""

    usage: Usage
    forecast: Forecast
    monthly: bool  # else of rolling days

    @property
    def bar(self) -> dict[str, float]:
        limit = self.usage.limit or 1
        used, reserved = self.usage.used, self.usage.used + self.usage.reserved
        expected = max(reserved, self.forecast.characters_at_month_end if self.monthly else 0)
        ends = {"used": used, "reserved": reserved, "expected": expected}
        return {name: min(1000.0, round(1000 * end / limit, 1)) for name, end in ends.items()}


def _quota(member: Member) -> Quota:
    usage, limits = billing.usage(member.tenant_id), billing.limits(member.tenant_id)
    days, today = selectors.period(member.tenant_id)
    return Quota(usage, selectors.forecast(member.tenant_id, usage, days, today), limits.rolling_days is None)
