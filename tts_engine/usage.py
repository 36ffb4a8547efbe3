"""What each request adds to its tenant's day, and the same from all rows at once, to check or to rebuild."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing import reconciliation as billing
from billing.price_book.facts import BLOCK_BYTES, CALL_CHARACTERS, FACTS, facts_of_request
from billing.reconciliation import Drift
from billing.usage.facts import NAMES, UsageFacts
from billing.usage.models import DailyUsage
from billing.usage.services import usage_add, usage_values
from tts_engine.models import Synthesis


def add_answered(synthesis: Synthesis, *, billed: int, audio_ms: int | None, synthesis_ms: int) -> None:
    """Called once a request, by the transaction that marks it done."""
    usage_add(**_answered(synthesis, billed=billed, audio_ms=audio_ms, synthesis_ms=synthesis_ms))


def answered_values(synthesis: Synthesis) -> dict[str, Any]:
    """What a row that is done adds to its day, for a statement that holds billing's own ADD."""
    billed, audio_ms, synthesis_ms = synthesis.billable(), synthesis.audio_ms, synthesis.synthesis_ms or 0
    return usage_values(**_answered(synthesis, billed=billed, audio_ms=audio_ms, synthesis_ms=synthesis_ms))


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
    cached = int(synthesis.cache_hit)
    return _of_day(synthesis) | {"facts": UsageFacts(cached=cached, billed_characters=billed, **summed)}


def add_failed(synthesis: Synthesis) -> None:
    """Called once a request, by the transaction that marks it failed."""
    usage_add(**_of_day(synthesis), facts=UsageFacts(failed=1))


def _of_day(synthesis: Synthesis) -> dict[str, Any]:
    return {
        "tenant_id": synthesis.tenant_id,
        "api_key_id": synthesis.api_key_id,
        "voice": synthesis.voice,
        "model": synthesis.model,
        "at": synthesis.created_at,
    }


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
SUMS = {name: f"COALESCE(sum({value}) FILTER (WHERE answered), 0)" for name, value in OF_A_ROW.items()}
SUMS["failed"] = "count(*) FILTER (WHERE NOT answered)"
KEY = ("tenant_id", "day", "api_key_id", "voice", "model")

FROM_ROWS = f"""
    SELECT {", ".join(KEY)}, {", ".join(f"({SUMS[name]})::bigint AS {name}" for name in NAMES)}
    FROM (
        SELECT s.*, (s.created_at AT TIME ZONE t.time_zone)::date AS day, s.status = 'done' AS answered
        FROM tts_engine_synthesis s JOIN accounts_tenant t ON t.id = s.tenant_id
        WHERE s.status IN ('done', 'failed') AND (%(tenant)s::uuid IS NULL OR s.tenant_id = %(tenant)s)
    ) ended
    GROUP BY {", ".join(KEY)}
"""  # noqa: S608 - only names of this package are put in

DIFFERENT_DAYS = f"""
    WITH expected AS ({FROM_ROWS})
    SELECT t.name, COALESCE(e.day, f.day), COALESCE(e.api_key_id, f.api_key_id), COALESCE(e.voice, f.voice),
           COALESCE(e.model, f.model),
           {", ".join(f"COALESCE(e.{name}, 0)" for name in NAMES)},
           {", ".join(f"COALESCE(f.{name}, 0)" for name in NAMES)}
    FROM expected e
    FULL JOIN billing_dailyusage f
        ON (f.tenant_id, f.day, f.voice, f.model) = (e.tenant_id, e.day, e.voice, e.model)
       AND COALESCE(f.api_key_id, f.tenant_id) = COALESCE(e.api_key_id, e.tenant_id) -- no key: its tenant stands for it
    JOIN accounts_tenant t ON t.id = COALESCE(e.tenant_id, f.tenant_id)
    WHERE ({", ".join(f"COALESCE(e.{name}, 0)" for name in NAMES)})
       <> ({", ".join(f"COALESCE(f.{name}, 0)" for name in NAMES)})
    ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608 - see FROM_ROWS


@billing.check
def every_day_is_the_sum_of_its_requests() -> Iterator[Drift]:
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENT_DAYS, {"tenant": None})
        for tenant, day, key, voice, model, *sums in cursor.fetchall():
            where = f"tenant {tenant}, usage of {day}, key {key}, voice {voice}, model {model}"
            for name, expected, found in zip(NAMES, sums[: len(NAMES)], sums[len(NAMES) :], strict=True):
                if expected != found:
                    yield Drift(where, name, expected, found)


REBUILD = f"""
    INSERT INTO billing_dailyusage ({", ".join(KEY)}, {", ".join(NAMES)})
    {FROM_ROWS}
"""


@transaction.atomic
def rebuild(tenant_id: UUID) -> None:
    """Make the tenant's days anew from its rows; requests that end meanwhile wait until it is done."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE billing_dailyusage IN EXCLUSIVE MODE")  # readers go on
        DailyUsage.objects.filter(tenant_id=tenant_id).delete()
        cursor.execute(REBUILD, {"tenant": tenant_id})
