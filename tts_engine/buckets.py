"""Usage over time in buckets of one width, grouped as the caller likes: what OpenAI's usage API tells.

From the requests themselves by their index; from the days where every bucket is one, which is as
quick for ten million requests as for ten.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, Func, Q, Sum, Value
from django.utils import timezone

from accounts.models import Tenant
from billing.usage.models import DailyUsage
from tts_engine.models import Status, Synthesis

DAY = timedelta(days=1)

# What usage may be grouped and narrowed by: columns that requests and days share, and the member, who is
# not in the days: who leaves a team leaves its requests, and sums cannot follow.
KEY, MODEL, MEMBER = "api_key_id", "model", "member_id"


@dataclass(frozen=True, slots=True)
class Span:
    """`start` inclusive to `end` exclusive, in buckets that are `width` wide; `end` may cut the last one."""

    start: datetime
    end: datetime
    width: timedelta


@dataclass(frozen=True, slots=True)
class Group:
    """Of one bucket, the part with these values of the columns that were asked for."""

    values: tuple[Any, ...]
    characters: int  # billed
    requests: int  # answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How to part the usage (`by`) and which of it to take (`only`: column -> values)."""

    by: Sequence[str] = ()
    only: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def columns(self) -> set[str]:
        return {*self.by, *self.only}


def usage_buckets(tenant_id: UUID, span: Span, cut: Cut) -> dict[int, list[Group]]:
    """The groups of each bucket that is not empty, by its number from `span.start` on."""
    zone = ZoneInfo(Tenant.objects.values_list("time_zone", flat=True).get(id=tenant_id))
    by_day = are_days(span, zone) and MEMBER not in cut.columns()
    return _from_days(tenant_id, span, cut, zone) if by_day else _from_requests(tenant_id, span, cut)


def are_days(span: Span, zone: ZoneInfo) -> bool:
    """Is every bucket a whole calendar day of that zone, or still going on?"""
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    whole = span.end > timezone.now() or _midnight(end)
    # Where clocks change meanwhile, days are not all 24 hours long.
    return span.width == DAY and _midnight(start) and whole and start.utcoffset() == end.utcoffset()


def _midnight(moment: datetime) -> bool:
    return moment.time() == datetime.min.time()


def _from_days(tenant_id: UUID, span: Span, cut: Cut, zone: ZoneInfo) -> dict[int, list[Group]]:
    first, beyond = (moment.astimezone(zone) for moment in (span.start, span.end))
    last = (beyond - timedelta(microseconds=1)).date()
    rows = DailyUsage.objects.filter(_wanted(cut), tenant_id=tenant_id, day__gte=first.date(), day__lte=last)
    sums = rows.values("day", *cut.by).order_by("day", *cut.by)
    answered = sums.annotate(billed=Sum("billed_characters"), number=Sum("requests")).filter(number__gt=0)
    return _grouped(cut, (((row["day"] - first.date()).days, row) for row in answered))


def _from_requests(tenant_id: UUID, span: Span, cut: Cut) -> dict[int, list[Group]]:
    rows = Synthesis.objects.filter(
        _wanted(cut), tenant_id=tenant_id, created_at__gte=span.start, created_at__lt=span.end, status=Status.DONE
    )
    begins = Func(Value(span.width), "created_at", Value(span.start), function="date_bin", output_field=DateTimeField())
    sums = rows.annotate(begins=begins).values("begins", *cut.by).order_by("begins", *cut.by)
    answered = sums.annotate(billed=Sum("billed_characters"), number=Count("*"))
    return _grouped(cut, (((row["begins"] - span.start) // span.width, row) for row in answered))


def _wanted(cut: Cut) -> Q:
    return Q(**{f"{column}__in": values for column, values in cut.only.items()})


def _grouped(cut: Cut, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[int, list[Group]]:
    buckets: dict[int, list[Group]] = defaultdict(list)
    for bucket, row in rows:
        values = tuple(row[column] for column in cut.by)
        buckets[bucket].append(Group(values, characters=row["billed"], requests=row["number"]))
    return buckets
