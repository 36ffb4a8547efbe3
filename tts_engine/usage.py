"""What each request adds to its tenant's day and hour, and the same from all rows at once, to check or to rebuild."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing import reconciliation as billing
from billing.price_book.facts import BLOCK_BYTES, CALL_CHARACTERS, FACTS, facts_of_request
from billing.reconciliation import Drift
from billing.usage import peaks
from billing.usage.facts import NAMES, UsageFacts
from billing.usage.latency import BUCKET, NOTHING, UNMEASURED, Latency, Speed
from billing.usage.services import usage_add, usage_values
from tts_engine.models import Synthesis


def add_spoken(synthesis: Synthesis, *, audio_ms: int, synthesis_ms: int, waited_ms: int, first_byte_ms: int) -> None:
    """Called once a request, by the transaction that marks it done."""
    waits: dict[str, int] = {}
    if not synthesis.job_id:
        waits = {"waited_ms": waited_ms, "first_audio_ms": waited_ms + first_byte_ms}
    usage_add(_answered(synthesis, billed=synthesis.characters, audio_ms=audio_ms, synthesis_ms=synthesis_ms, **waits))


def repeat_values(synthesis: Synthesis, times: int) -> dict[str, Any]:
    """What repeats from the cache, alike, add to their day and hour, for a statement that holds billing's `sums`."""
    billed, audio_ms = synthesis.billable(), synthesis.audio_ms
    return _answered(synthesis, billed=billed, audio_ms=audio_ms, synthesis_ms=0, times=times)


def _answered(
    synthesis: Synthesis, *, billed: int, audio_ms: int | None, synthesis_ms: int, **counted: int
) -> dict[str, Any]:
    facts = facts_of_request(
        hanzi=synthesis.hanzi,
        other_characters=synthesis.other_characters,
        gbk_bytes=synthesis.gbk_bytes,
        utf8_bytes=synthesis.utf8_bytes,
        normalised_characters=synthesis.normalised_characters,
        audio_ms=audio_ms,
        synthesis_ms=synthesis_ms,
    )
    summed = {name: getattr(facts, name) for name in FACTS}
    answered = UsageFacts(cached=int(synthesis.cache_hit), billed_characters=billed, **summed)
    return _values(synthesis, answered, **counted)


def add_failed(synthesis: Synthesis) -> None:
    """Called once a request, by the transaction that marks it failed."""
    usage_add(_values(synthesis, UsageFacts(failed=1)))


def _values(synthesis: Synthesis, facts: UsageFacts, **counted: int) -> dict[str, Any]:
    return usage_values(
        tenant_id=synthesis.tenant_id,
        api_key_id=synthesis.api_key_id,
        member_id=synthesis.member_id,
        voice=synthesis.voice,
        model=synthesis.model,
        at=synthesis.created_at,
        facts=facts,
        **counted,
    )


# The facts in the words of SQL, for rows as they are stored; of those that failed nothing but their number.
OTHERS_READ_OUT = "GREATEST(0, LEAST(other_characters, normalised_characters - hanzi))"
OF_A_ROW = {
    "requests": "1",
    "cached": "cache_hit::int",
    "billed_characters": "billed_characters",
    "hanzi": "hanzi",
    "other_characters": "other_characters",
    "normalised_hanzi": f"normalised_characters - {OTHERS_READ_OUT}",
    "normalised_other_characters": OTHERS_READ_OUT,
    "gbk_bytes": "gbk_bytes",
    "utf8_bytes": "utf8_bytes",
    "gbk_blocks_120": f"(gbk_bytes + {BLOCK_BYTES - 1}) / {BLOCK_BYTES}",
    "calls_300": f"(hanzi + other_characters + {CALL_CHARACTERS - 1}) / {CALL_CHARACTERS}",
    "audio_ms": "audio_ms",
    "busy_ms": "synthesis_ms",
}
SUMS = {name: f"sum({value}) FILTER (WHERE s.status = 'done')" for name, value in OF_A_ROW.items()}
SUMS["failed"] = "count(*) FILTER (WHERE s.status = 'failed')"
SUMS = {name: f"COALESCE({value}, 0)::bigint" for name, value in SUMS.items()}

# The same for the buckets of latency. A number is found once a row: OFFSET keeps the planner from writing its
# formula into each of the counts.
WAITED = "CASE WHEN s.status = 'done' AND NOT s.cache_hit AND s.job_id IS NULL THEN s.queue_ms::bigint END"
ROWS = f"""
    tts_engine_synthesis s JOIN accounts_tenant t ON t.id = s.tenant_id
    CROSS JOIN LATERAL (
        SELECT {BUCKET.format(ms=WAITED)} AS waits, {BUCKET.format(ms=f"({WAITED} + s.first_byte_ms)")} AS first_audio
        OFFSET 0
    ) latency
"""


def _counts(name: str) -> str:
    counts = (f"count(*) FILTER (WHERE latency.{name} = {number})" for number in range(1, UNMEASURED + 1))
    return f"ARRAY[{', '.join(counts)}]::integer[]"


LATENCIES = {name: _counts(name) for name in ("waits", "first_audio")}
EVERYTHING = {name: SUMS[name] for name in NAMES} | LATENCIES


def _read(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{value} AS {name}" for name, value in columns.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """A table of sums of requests, and the SQL that makes it from the requests `s` and their tenants `t`."""

    table: str
    ended: str  # with which status a request is in it
    parts: Mapping[str, str]  # what a row is of, beside its tenant: each column and its SQL
    sums: Mapping[str, str]  # each column and its SQL

    @property
    def columns(self) -> str:
        return ", ".join(("tenant_id", *self.parts, *self.sums))

    @property
    def from_rows(self) -> str:
        """The rows as they should be, of one tenant or where that is NULL of all."""
        return f"""
            SELECT s.tenant_id, {_read(self.parts)}, {_read(self.sums)}
            FROM {ROWS}
            WHERE s.status IN ({self.ended}) AND (%(tenant)s::uuid IS NULL OR s.tenant_id = %(tenant)s)
            GROUP BY s.tenant_id, {", ".join(self.parts.values())}
        """  # noqa: S608 - only names of this package are put in

    @property
    def differing(self) -> str:
        """Rows that are not as they should be: tenant, parts, then the sums that should be and those that are."""
        parts = ", ".join(self.parts)
        should, are = (  # of each side there is one row or none
            ", ".join(f"max({name}) FILTER (WHERE {side})" for name in self.sums)
            for side in ("expected", "NOT expected")
        )
        return f"""
            SELECT t.name, {parts}, {should}, {are}
            FROM (
                SELECT true AS expected, {self.columns} FROM ({self.from_rows}) made_anew
                UNION ALL
                SELECT false, {self.columns} FROM {self.table}
            ) sides JOIN accounts_tenant t ON t.id = tenant_id
            GROUP BY t.name, {parts}
            HAVING ({should}) IS DISTINCT FROM ({are})
            ORDER BY t.name, {parts}
        """  # noqa: S608 - only names of this package are put in


DAYS = Rollup(
    table="billing_dailyusage",
    ended="'done', 'failed'",
    parts={
        "day": "(s.created_at AT TIME ZONE t.time_zone)::date",
        "api_key_id": "s.api_key_id",
        "member_id": "s.member_id",
        "voice": "s.voice",
        "model": "s.model",
    },
    sums=EVERYTHING,
)
HOURS = Rollup(
    table="billing_hourlyusage",
    ended="'done'",
    parts={
        "hour": "date_trunc('hour', s.created_at, 'UTC')",
        "api_key_id": "s.api_key_id",
        "member_id": "s.member_id",
        "model": "s.model",
    },
    sums={name: SUMS[name] for name in ("requests", "billed_characters")},
)
ROLLUPS = (DAYS, HOURS)


@billing.check
def days_and_hours_are_the_sums_of_their_requests() -> Iterator[Drift]:
    for rollup in ROLLUPS:
        with connection.cursor() as cursor:
            cursor.execute(rollup.differing, {"tenant": None})
            for tenant, *row in cursor.fetchall():
                yield from _drifts(rollup, tenant, row)


def _drifts(rollup: Rollup, tenant: str, row: list[Any]) -> Iterator[Drift]:
    parts, sums = row[: len(rollup.parts)], row[len(rollup.parts) :]
    of = ", ".join(f"{name.removesuffix('_id')} {value}" for name, value in zip(rollup.parts, parts, strict=True))
    number = len(rollup.sums)
    where = f"tenant {tenant}, usage of {of}"
    for name, expected, found in zip(rollup.sums, sums[:number], sums[number:], strict=True):
        if name in LATENCIES:
            pairs = zip(expected or NOTHING, found or NOTHING, strict=True)
            yield from (Drift(where, f"{name}[{n}]", *pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
        elif (expected or 0) != (found or 0):
            yield Drift(where, name, expected or 0, found or 0)


@transaction.atomic
def rebuild(tenant_id: UUID | None = None) -> None:
    """Make the tenant's days and hours anew from its requests, or all tenants'; requests that end meanwhile wait."""
    peaks.rebuild(tenant_id)  # first, as whoever ends a request: none waits in a circle
    with connection.cursor() as cursor:
        for rollup in ROLLUPS:
            cursor.execute(f"LOCK TABLE {rollup.table} IN EXCLUSIVE MODE")  # readers go on
        for rollup in ROLLUPS:
            cursor.execute(
                f"DELETE FROM {rollup.table} WHERE %(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s",  # noqa: S608
                {"tenant": tenant_id},
            )
            cursor.execute(
                f"INSERT INTO {rollup.table} ({rollup.columns}) {rollup.from_rows}",
                {"tenant": tenant_id},
            )


@dataclass(frozen=True, slots=True)
class HourOf:
    """What was made within an hour from `start` on, and has this value of the column that was asked for."""

    start: datetime
    value: Any
    facts: UsageFacts
    speed: Speed


def hours(tenant_id: UUID, start: datetime, end: datetime, column: str) -> list[HourOf]:
    """All that days are sums of, hour by hour from `start` on, from the requests themselves: for a day or two.

    `column` is one of DailyUsage. What was made from `end` on is not among it.
    """
    statement = f"""
        SELECT date_bin('1 hour', s.created_at, %(start)s) AS hour, s.{column}, {_read(EVERYTHING)}
        FROM {ROWS}
        WHERE s.tenant_id = %(tenant)s AND s.status IN ({DAYS.ended})
          AND s.created_at >= %(start)s AND s.created_at < %(end)s
        GROUP BY 1, 2
        ORDER BY 1, 2
    """  # noqa: S608 - only names of this project are put in
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tenant": tenant_id, "start": start, "end": end})
        return [
            HourOf(
                hour, value, UsageFacts(**dict(zip(NAMES, sums, strict=True))), Speed(Latency(waits), Latency(first))
            )
            for hour, value, *sums, waits, first in cursor.fetchall()
        ]
