"""Usage over time in buckets of one width, grouped as the caller likes: what OpenAI's usage API tells.

Hours that lie within one bucket come from `HourlyUsage`; those that a bucket's edge cuts, from the
requests themselves. So buckets may begin at any second and be days of any zone, and of a year of
requests no more is read than an hour at each edge.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

# What usage may be grouped and narrowed by: columns that requests and hours share.
KEY, MODEL, MEMBER = "api_key_id", "model", "member_id"


@dataclass(frozen=True, slots=True)
class Span:
    """`start` inclusive to `end` exclusive, in buckets that are `width` wide; `end` may cut the last one."""

    start: datetime
    end: datetime
    width: timedelta

    def cut_hours(self) -> list[datetime]:
        """The full hours of UTC that do not lie within one bucket."""
        edges = [self.start + number * self.width for number in range((self.end - self.start) // self.width + 1)]
        hours = {edge: _hour(edge) for edge in (*edges, self.end)}
        return sorted({hour for edge, hour in hours.items() if hour != edge})


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


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


BUCKETS = """
    SELECT date_bin(%(width)s, at, %(start)s) AS begins, {by} sum(billed_characters)::bigint, sum(requests)::bigint
    FROM (
        SELECT hour AS at, api_key_id, member_id, model, billed_characters, requests
        FROM billing_hourlyusage
        WHERE tenant_id = %(tenant)s AND hour >= %(start)s AND hour < %(end)s AND hour <> ALL(%(cut_hours)s)
        UNION ALL
        SELECT created_at, api_key_id, member_id, model, billed_characters, 1
        FROM unnest(%(cut_hours)s::timestamptz[]) cut (hour)
        JOIN tts_engine_synthesis ON tenant_id = %(tenant)s AND status = 'done'
            AND created_at >= GREATEST(hour, %(start)s) AND created_at < LEAST(hour + interval '1 hour', %(end)s)
    ) used
    WHERE {wanted}
    GROUP BY {groups}
    ORDER BY {groups}
"""


def usage_buckets(tenant_id: UUID, span: Span, cut: Cut) -> dict[int, list[Group]]:
    """The groups of each bucket that is not empty, by its number from `span.start` on."""
    if span.start == span.end:
        return {}
    statement = BUCKETS.format(
        by="".join(f"{column}, " for column in cut.by),
        groups=", ".join(("begins", *cut.by)),
        wanted=" AND ".join(("true", *(f"{column} = ANY(%({column})s)" for column in cut.only))),
    )
    asked: dict[str, Any] = {
        "tenant": tenant_id,
        "start": span.start,
        "end": span.end,
        "width": span.width,
        "cut_hours": span.cut_hours(),
        **{column: list(values) for column, values in cut.only.items()},
    }
    buckets: dict[int, list[Group]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        for begins, *values, characters, requests in cursor.fetchall():
            buckets[(begins - span.start) // span.width].append(Group(tuple(values), characters, requests))
    return buckets
