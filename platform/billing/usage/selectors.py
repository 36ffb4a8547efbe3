"""Reading the days: by key, by voice, by month. All but the operator's take the tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import floor
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Tenant
from billing import periods
from billing.price_book.facts import FACTS, DailyFacts
from billing.selectors import Usage
from billing.usage.facts import NAMES, UsageFacts, total
from billing.usage.latency import UNMEASURED, Latency, Speed
from billing.usage.models import DailyUsage, HourlyPeak

# A quota's end is told from the mean of this many full days, today not among them.
FORECAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar days of the tenant's time zone, `end` not among them."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Share:
    """What part of the usage has these values, in the order in which they were asked for."""

    values: tuple[Any, ...]
    facts: UsageFacts


def shares(tenant_id: UUID, days: Days, *by: str) -> list[Share]:
    """The usage of some days, parted and ordered by one or more columns of DailyUsage."""
    return _shares(DailyUsage.objects.filter(tenant_id=tenant_id, day__gte=days.start, day__lt=days.end), by)


def shares_of_all(first: date, *by: str) -> list[Share]:
    """The usage of all tenants from a day on, for the operator alone; parted as by `shares`."""
    return _shares(DailyUsage.objects.filter(day__gte=first), by)


def _shares(rows: QuerySet[DailyUsage], by: Sequence[str]) -> list[Share]:
    return [
        Share(values=row[: len(by)], facts=UsageFacts(**dict(zip(NAMES, row[len(by) :], strict=True))))
        for row in _summed(rows, by, NAMES)
    ]


def _added(latency: str) -> str:
    """SQL: the sum of many arrays of counts."""
    return f"ARRAY[{', '.join(f'sum({latency}[{number}])' for number in range(1, UNMEASURED + 1))}]::bigint[]"


def speeds(tenant_id: UUID, days: Days, by: str) -> dict[Any, Speed]:
    """How fast requests of some days were answered, by the values of a column of DailyUsage."""
    statement = f"""
        SELECT {by}, {_added("waits")}, {_added("first_audio")}
        FROM billing_dailyusage WHERE tenant_id = %(tenant)s AND day >= %(start)s AND day < %(end)s
        GROUP BY 1
    """  # noqa: S608 - only names of this package are put in
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tenant": tenant_id, "start": days.start, "end": days.end})
        return {value: Speed(Latency(waits), Latency(first_audio)) for value, waits, first_audio in cursor.fetchall()}


def _hours(tenant_id: UUID, start: datetime, end: datetime) -> QuerySet[HourlyPeak]:
    return HourlyPeak.objects.filter(tenant_id=tenant_id, hour__gte=start, hour__lt=end)


def peak(tenant_id: UUID, start: datetime, end: datetime) -> int:
    """The most requests at once, in the hours of UTC that begin from `start` on and before `end`."""
    most: int | None = _hours(tenant_id, start, end).aggregate(most=Max("requests"))["most"]
    return most or 0


def hourly_peaks(tenant_id: UUID, start: datetime, end: datetime) -> dict[datetime, int]:
    """Of each of these hours in which a request ended."""
    return dict(_hours(tenant_id, start, end).values_list("hour", "requests"))


def daily_peaks(tenant_id: UUID, start: datetime, end: datetime, zone: ZoneInfo) -> dict[date, int]:
    """Of each day of the zone; an hour that it cuts belongs to the day in which it begins."""
    hours = _hours(tenant_id, start, end).annotate(day=TruncDate("hour", tzinfo=zone))
    return dict(hours.values("day").order_by().annotate(most=Max("requests")).values_list("day", "most"))


def daily_facts(tenant_id: UUID | None, *, first: date, last: date) -> list[DailyFacts]:
    """What a price list needs of each day, both ends included; days without an answered request are left out.

    None is all tenants together, for the operator alone: a request counts on the day that it was at its tenant's.
    """
    rows = _answered(tenant_id, first, last)
    return [DailyFacts(day=day, **dict(zip(FACTS, sums, strict=True))) for day, *sums in _summed(rows, ["day"], FACTS)]


def first_day(tenant_id: UUID | None, *, first: date, last: date) -> date | None:
    """The first of these days with an answered request; None is all tenants, as above."""
    tenants = Tenant.objects.all() if tenant_id is None else Tenant.objects.filter(id=tenant_id)
    days = _answered(None, first, last).filter(tenant=OuterRef("id")).order_by("day").values("day")
    # Of each tenant the index has its first day, the earliest of all days would be looked for in every row.
    day: date | None = tenants.annotate(begin=Subquery(days[:1])).aggregate(earliest=Min("begin"))["earliest"]
    return day


def _answered(tenant_id: UUID | None, first: date, last: date) -> QuerySet[DailyUsage]:
    rows = DailyUsage.objects.filter(day__gte=first, day__lte=last, requests__gt=0)
    return rows if tenant_id is None else rows.filter(tenant_id=tenant_id)


class BigSum(Sum):
    """PostgreSQL adds up bigint as numeric, which Python would get as Decimal."""

    template = "(%(function)s(%(expressions)s))::bigint"


def _summed(rows: QuerySet[DailyUsage], by: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """For each combination of `by`, in order: its values, then the sums of `names`."""
    sums = {f"sum_{name}": BigSum(name) for name in names}
    return list(rows.values(*by).order_by(*by).annotate(**sums).values_list(*by, *sums))


PERIOD = f"""
    SELECT ({periods.WINDOW_START} AT TIME ZONE t.time_zone)::date, ({periods.END} AT TIME ZONE t.time_zone)::date,
           (%(at)s::timestamptz AT TIME ZONE t.time_zone)::date
    FROM accounts_tenant t
    JOIN billing_account a ON a.tenant_id = t.id
    JOIN billing_plan p ON p.id = a.plan_id
    WHERE t.id = %(tenant)s
"""  # noqa: S608 - only constants of this package are put in


def period(tenant_id: UUID, at: datetime | None = None) -> tuple[Days, date]:
    """The days of the period that holds `at` (now), and which of them `at` is."""
    with connection.cursor() as cursor:
        cursor.execute(PERIOD, {"tenant": tenant_id, "at": at or timezone.now()})
        start, end, today = cursor.fetchone()
    return Days(start, end), today


@dataclass(frozen=True, slots=True)
class Forecast:
    """`quota_ends_on` is None where the quota outlasts its period, or there is none."""

    characters_a_day: float
    quota_ends_on: date | None
    characters_at_month_end: int  # of the calendar month, whatever the plan's period is


def forecast(tenant_id: UUID, usage: Usage, days: Days, today: date) -> Forecast:
    """If every day from today on is as the mean of the last seven full ones: when is nothing left, what will it be?"""
    month, week = today.replace(day=1), today - timedelta(days=FORECAST_DAYS)
    found = shares(tenant_id, Days(min(month, week), today + timedelta(days=1)), "day")
    billed = {day: share.facts.billed_characters for share in found for day in share.values}
    mean = sum(characters for day, characters in billed.items() if week <= day < today) / FORECAST_DAYS
    so_far = sum(characters for day, characters in billed.items() if day >= month)
    left = (month_after(month) - today).days
    at_month_end = max(so_far, round(so_far - billed.get(today, 0) + mean * left))
    return Forecast(mean, _quota_ends_on(usage, mean, days, today), at_month_end)


def _quota_ends_on(usage: Usage, mean: float, days: Days, today: date) -> date | None:
    if usage.remaining is None or (usage.remaining and not mean):
        return None
    lasts = floor(usage.remaining / mean) if mean else 0
    left = (days.end - today).days
    return today + timedelta(days=lasts) if lasts < left else None


@dataclass(frozen=True, slots=True)
class Line:
    """One day of one key with one voice."""

    day: date
    api_key_id: UUID | None
    api_key: str  # its name; "" for the console
    voice: str
    facts: UsageFacts


@dataclass(frozen=True, slots=True)
class Statement:
    """A calendar month of a tenant. `total.billed_characters` is what the ledger settled of its requests."""

    month: date  # its first day
    lines: Sequence[Line]
    total: UsageFacts

    @property
    def previous(self) -> date:
        return (self.month - timedelta(days=1)).replace(day=1)

    @property
    def following(self) -> date:
        return month_after(self.month)


def month_after(month: date) -> date:
    """The first day of the month after the one that begins on `month`."""
    return (month + timedelta(days=31)).replace(day=1)


def today(tenant_id: UUID) -> date:
    """The day that it is at the tenant's."""
    zone = ZoneInfo(Tenant.objects.values_list("time_zone", flat=True).get(id=tenant_id))
    return timezone.localdate(timezone=zone)


def this_month(tenant_id: UUID) -> date:
    """Its first day."""
    return today(tenant_id).replace(day=1)


def statement(tenant_id: UUID, month: date) -> Statement:
    """`month` is its first day."""
    found = shares(tenant_id, Days(month, month_after(month)), "day", "api_key_id", "api_key__name", "voice")
    lines = [
        Line(day, key_id, name or "", voice, share.facts)
        for share in found
        for day, key_id, name, voice in [share.values]
    ]
    return Statement(month, lines, total([line.facts for line in lines]))
