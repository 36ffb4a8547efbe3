"""What each request adds to its tenant's day and hour, and the same from all rows at once, to check or to rebuild."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing import reconciliation as billing
from billing.price_book.facts import BLOCK_BYTES, CALL_CHARACTERS, FACTS, facts_of_request
from billing.reconciliation import Drift
from billing.usage.facts import NAMES, UsageFacts
from billing.usage.services import usage_add, usage_values
from tts_engine.models import Synthesis


def add_answered(synthesis: Synthesis, *, billed: int, audio_ms: int | None, synthesis_ms: int) -> None:
    """Called once a request, by the transaction that marks it done."""
    usage_add(_answered(synthesis, billed=billed, audio_ms=audio_ms, synthesis_ms=synthesis_ms))


def answered_values(synthesis: Synthesis) -> dict[str, Any]:
    """What a row that is done adds to its day and hour, for a statement that holds billing's SUMS."""
    billed, audio_ms, synthesis_ms = synthesis.billable(), synthesis.audio_ms, synthesis.synthesis_ms or 0
    return _answered(synthesis, billed=billed, audio_ms=audio_ms, synthesis_ms=synthesis_ms)


def _answered(synthesis: Synthesis, *, billed: int, audio_ms: int | None, synthesis_ms: int) -> dict[str, Any]:
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
    return _values(synthesis, UsageFacts(cached=int(synthesis.cache_hit), billed_characters=billed, **summed))


def add_failed(synthesis: Synthesis) -> None:
    """Called once a request, by the transaction that marks it failed."""
    usage_add(_values(synthesis, UsageFacts(failed=1)))


def _values(synthesis: Synthesis, facts: UsageFacts) -> dict[str, Any]:
    return usage_values(
        tenant_id=synthesis.tenant_id,
        api_key_id=synthesis.api_key_id,
        member_id=synthesis.member_id,
        voice=synthesis.voice,
        model=synthesis.model,
        at=synthesis.created_at,
        facts=facts,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """A table of sums of requests, and the SQL that makes it from the requests `s` and their tenants `t`."""

    table: str
    ended: str  # with which status a request is in it
    parts: Mapping[str, str]  # what a row is of, beside its tenant: each column and its SQL
    sums: tuple[str, ...]  # columns, names of SUMS

    @property
    def columns(self) -> str:
        return ", ".join(("tenant_id", *self.parts, *self.sums))

    @property
    def from_rows(self) -> str:
        """The rows as they should be, of one tenant or where that is NULL of all."""
        parts = ", ".join(f"{value} AS {name}" for name, value in self.parts.items())
        sums = ", ".join(f"COALESCE({SUMS[name]}, 0)::bigint AS {name}" for name in self.sums)
        return f"""
            SELECT s.tenant_id, {parts}, {sums}
            FROM tts_engine_synthesis s JOIN accounts_tenant t ON t.id = s.tenant_id
            WHERE s.status IN ({self.ended}) AND (%(tenant)s::uuid IS NULL OR s.tenant_id = %(tenant)s)
            GROUP BY s.tenant_id, {", ".join(self.parts.values())}
        """  # noqa: S608 - only names of this package are put in

    @property
    def differing(self) -> str:
        """Rows that are not as they should be: tenant, parts, then the sums that should be and those that are."""
        parts = ", ".join(self.parts)
        should, are = (
            ", ".join(f"COALESCE(sum({name}) FILTER (WHERE {side}), 0)::bigint" for name in self.sums)
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
            HAVING ({should}) <> ({are})
            ORDER BY t.name, {parts}
        """  # noqa: S608 - only names of this package are put in


DAYS = Rollup(
    table="billing_dailyusage",
    ended="'done', 'failed'",
    parts={
        "day": "(s.created_at AT TIME ZONE t.time_zone)::date",
        "api_key_id": "s.api_key_id",
        "voice": "s.voice",
        "model": "s.model",
    },
    sums=NAMES,
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
    sums=("requests", "billed_characters"),
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
    for name, expected, found in zip(rollup.sums, sums[:number], sums[number:], strict=True):
        if expected != found:
            yield Drift(f"tenant {tenant}, usage of {of}", name, expected, found)


@transaction.atomic
def rebuild(tenant_id: UUID | None = None) -> None:
    """Make the tenant's days and hours anew from its requests, or all tenants'; requests that end meanwhile wait."""
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
