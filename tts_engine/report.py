"""A team's usage over some days: over time, by key, voice or member, beside the days before.

Days come from the sums of days, the hours of a single day from its requests themselves, in the same figures;
`reconcile` holds the two against each other and against the ledger. Nothing here counts in a way of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import ApiKey, Member, Tenant
from billing.usage import selectors
from billing.usage.facts import UsageFacts, total
from billing.usage.latency import Speed, together
from billing.usage.selectors import Days
from tts_engine import usage

# What may be asked for at once, and the days that are looked for at all.
MOST_DAYS = 366
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NO_SPEED = Speed()

Begin = date | datetime  # of a day; of an hour, with the zone


class By(StrEnum):
    """What usage is parted by."""

    KEY = "key"
    VOICE = "voice"
    MEMBER = "member"

    @property
    def column(self) -> str:
        """Of the days and of the requests."""
        return {By.KEY: "api_key_id", By.VOICE: "voice", By.MEMBER: "member_id"}[self]


def days_between(first: date, last: date) -> Days | None:
    """Both included; None where they are too many, or not in this order."""
    if not EARLIEST <= first <= last <= LATEST or (last - first).days >= MOST_DAYS:
        return None
    return Days(first, last + DAY)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was used, how fast it was answered, and how many requests were open at once."""

    facts: UsageFacts
    speed: Speed
    at_once: int | None  # the most, of the whole team; None of a part of it


@dataclass(frozen=True, slots=True)
class Moment:
    """An hour or a day: all that was used, and what of it each value used."""

    begin: Begin
    all: Measures
    parts: dict[Any, UsageFacts]


@dataclass(frozen=True, slots=True)
class Part:
    """What has one value, of all that usage is parted by."""

    value: Any
    name: str | None  # of a key or a member; None for the key of the console, the member of a key, who has left
    measures: Measures


@dataclass(frozen=True, slots=True)
class Report:
    days: Days
    compared: Days
    by: By
    by_hour: bool
    moments: Sequence[Moment]  # all until now, those without usage too
    parts: Sequence[Part]  # most characters first
    total: Measures
    before: Measures  # the total of `compared`


def report(tenant_id: UUID, days: Days, by: By, *, compared: Days | None = None, moments_speed: bool = True) -> Report:
    """Of days of the tenant's zone, beside `compared`: as many just before them, if no others are named.

    A single day is told by hours. If it is today, the other is told up to the same time of day.
    Who does not show how fast each day was (`moments_speed`) spares a third of a year's reading.
    """
    compared = compared or Days(days.start - (days.end - days.start), days.start)
    zone = ZoneInfo(Tenant.objects.values_list("time_zone", flat=True).get(id=tenant_id))
    now = timezone.now()
    shown = Stretch(days, zone, now)
    read = _read_hours(tenant_id, shown, by) if shown.by_hour else _read_days(tenant_id, shown, by, moments_speed)
    earlier = Stretch(compared, zone, now - (shown.start - _midnight(compared.start, zone)) if shown.by_hour else now)
    return Report(
        days=days,
        compared=compared,
        by=by,
        by_hour=shown.by_hour,
        moments=read.moments(),
        parts=read.named(_names(tenant_id, by, read.values)),
        total=read.total(),
        before=_total(tenant_id, earlier),
    )


@dataclass(frozen=True)
class Stretch:
    """Days of a zone until a moment, as hours if it is one day."""

    days: Days
    zone: ZoneInfo
    until: datetime

    @property
    def by_hour(self) -> bool:
        return self.days.end - self.days.start == DAY

    @cached_property
    def start(self) -> datetime:
        return _midnight(self.days.start, self.zone)

    @cached_property
    def end(self) -> datetime:
        return max(self.start, min(_midnight(self.days.end, self.zone), self.until))

    def begin_of(self, moment: datetime) -> Begin:
        """Of the hour or day that holds it."""
        if not self.by_hour:
            return moment.astimezone(self.zone).date()
        return (self.start + (moment - self.start) // HOUR * HOUR).astimezone(self.zone)

    def begins(self) -> list[Begin]:
        """Hours are counted in UTC: a day of summer time's end has 25."""
        if self.by_hour:
            return [self.begin_of(self.start + n * HOUR) for n in range(-((self.start - self.end) // HOUR))]
        last = min(self.days.end, self.until.astimezone(self.zone).date() + DAY)
        return [self.days.start + n * DAY for n in range((last - self.days.start).days)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """In UTC, where hours can be added up."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found for a stretch. Speeds are by both ways alone: nobody asks for those of one key on one day."""

    stretch: Stretch
    facts: Mapping[tuple[Any, Any], UsageFacts]  # by begin and value
    speed_at: Mapping[Any, Speed]  # by begin
    speed_of: Mapping[Any, Speed]  # by value
    at_once: Mapping[Any, int]  # by begin

    @property
    def values(self) -> set[Any]:
        return {value for _, value in self.facts}

    def total(self) -> Measures:
        return _measures(self.facts.values(), self.speed_of.values(), max(self.at_once.values(), default=0))

    def moments(self) -> list[Moment]:
        parts: dict[Begin, dict[Any, UsageFacts]] = defaultdict(dict)
        for (begin, value), facts in self.facts.items():
            parts[begin][value] = facts
        return [
            Moment(
                begin,
                Measures(total(parts[begin].values()), self.speed_at.get(begin, NO_SPEED), self.at_once.get(begin, 0)),
                parts[begin],
            )
            for begin in self.stretch.begins()
        ]

    def named(self, names: dict[Any, str]) -> list[Part]:
        found: dict[Any, list[UsageFacts]] = defaultdict(list)
        for (_, value), facts in self.facts.items():
            found[value].append(facts)
        parts = [
            Part(value, names.get(value), Measures(total(facts), self.speed_of.get(value, NO_SPEED), None))
            for value, facts in found.items()
        ]
        return sorted(parts, key=lambda part: (-part.measures.facts.billed_characters, str(part.name or part.value)))


def _measures(facts: Iterable[UsageFacts], speeds: Iterable[Speed], at_once: int | None) -> Measures:
    return Measures(total(facts), together(speeds), at_once)


def _total(tenant_id: UUID, stretch: Stretch) -> Measures:
    """Of the stretch as a whole, which is one query of each table however long it is."""
    at_once = selectors.peak(tenant_id, stretch.start, stretch.end)
    if stretch.by_hour:
        hours = usage.hours(tenant_id, stretch.start, stretch.end, "tenant_id")
        return _measures((hour.facts for hour in hours), (hour.speed for hour in hours), at_once)
    shares = selectors.shares(tenant_id, stretch.days, "tenant_id")
    speeds = selectors.speeds(tenant_id, stretch.days, "tenant_id")
    return _measures((share.facts for share in shares), speeds.values(), at_once)


def _read_days(tenant_id: UUID, stretch: Stretch, by: By, moments_speed: bool) -> Reading:
    shares = selectors.shares(tenant_id, stretch.days, "day", by.column)
    return Reading(
        stretch,
        {(day, value): share.facts for share in shares for day, value in [share.values]},
        selectors.speeds(tenant_id, stretch.days, "day") if moments_speed else {},
        selectors.speeds(tenant_id, stretch.days, by.column),
        selectors.daily_peaks(tenant_id, stretch.start, stretch.end, stretch.zone),
    )


def _read_hours(tenant_id: UUID, stretch: Stretch, by: By) -> Reading:
    facts: dict[tuple[Begin, Any], UsageFacts] = {}
    at: dict[Begin, list[Speed]] = defaultdict(list)
    of: dict[Any, list[Speed]] = defaultdict(list)
    for hour in usage.hours(tenant_id, stretch.start, stretch.end, by.column):
        begin = stretch.begin_of(hour.start)
        facts[begin, hour.value] = hour.facts
        at[begin].append(hour.speed)
        of[hour.value].append(hour.speed)
    peaks = selectors.hourly_peaks(tenant_id, stretch.start, stretch.end)
    return Reading(
        stretch,
        facts,
        {begin: together(speeds) for begin, speeds in at.items()},
        {value: together(speeds) for value, speeds in of.items()},
        {stretch.begin_of(hour): requests for hour, requests in peaks.items()},
    )


def _names(tenant_id: UUID, by: By, values: Iterable[Any]) -> dict[Any, str]:
    if by is By.VOICE:
        return {voice: voice for voice in values}
    if by is By.KEY:
        return {key.id: str(key) for key in ApiKey.objects.filter(tenant_id=tenant_id, id__in=values)}
    members = Member.objects.filter(tenant_id=tenant_id, id__in=values)
    return dict(members.values_list("id", "user__username"))
