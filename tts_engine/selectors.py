"""Reading the history. Every selector takes the tenant: nobody can ask across tenants."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from billing.price_book.facts import BLOCK_BYTES, CALL_CHARACTERS, DailyFacts
from tts_engine.errors import SynthesisNotFound
from tts_engine.models import Synthesis


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """What to look for; None does not narrow."""

    voice: str | None = None
    key: UUID | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


def history(*, tenant_id: UUID, narrow: HistoryFilter = HistoryFilter()) -> QuerySet[Synthesis]:
    """The tenant's syntheses, newest first, without the deleted ones."""
    wanted = {
        "voice": narrow.voice,
        "api_key_id": narrow.key,
        "status": narrow.status,
        "created_at__gte": narrow.since,
        "created_at__lt": narrow.until,
        "text__icontains": narrow.text,
    }
    given = {lookup: value for lookup, value in wanted.items() if value is not None}
    return Synthesis.objects.filter(tenant_id=tenant_id, deleted_at=None, **given).order_by("-created_at", "-id")


def synthesis_get(*, tenant_id: UUID, synthesis_id: UUID) -> Synthesis:
    """One of the tenant's syntheses; raises SynthesisNotFound for anybody else's too."""
    found = Synthesis.objects.filter(tenant_id=tenant_id, id=synthesis_id, deleted_at=None).first()
    if found is None:
        raise SynthesisNotFound(f"There is no synthesis {synthesis_id} in your history; GET /v1/history lists them.")
    return found


# What is counted of a request is what `facts_of_request` counts; a test holds the two together.
NORMALISED_OTHERS = "GREATEST(0, LEAST(other_characters, normalised_characters - hanzi))"
DAILY_FACTS = f"""
    SELECT (finished_at AT TIME ZONE %(zone)s)::date AS day,
           COUNT(*) AS requests,
           SUM(hanzi) AS hanzi,
           SUM(other_characters) AS other_characters,
           SUM(normalised_characters - {NORMALISED_OTHERS}) AS normalised_hanzi,
           SUM({NORMALISED_OTHERS}) AS normalised_other_characters,
           SUM(gbk_bytes) AS gbk_bytes,
           SUM(utf8_bytes) AS utf8_bytes,
           SUM((gbk_bytes + {BLOCK_BYTES - 1}) / {BLOCK_BYTES}) AS gbk_blocks_120,
           SUM((hanzi + other_characters + {CALL_CHARACTERS - 1}) / {CALL_CHARACTERS}) AS calls_300,
           COALESCE(SUM(audio_ms), 0) AS audio_ms,
           COALESCE(SUM(synthesis_ms), 0) AS busy_ms
    FROM tts_engine_synthesis
    WHERE tenant_id = %(tenant)s AND status = 'done'
      AND finished_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
      AND finished_at < %(end)s::timestamp AT TIME ZONE %(zone)s
    GROUP BY day
    ORDER BY day
"""  # noqa: S608 - only constants are put in


def daily_facts(*, tenant_id: UUID, time_zone: str, first: date, last: date) -> list[DailyFacts]:
    """The answered requests of each day of the zone, both ends included; days without any are left out."""
    end = last + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(DAILY_FACTS, {"tenant": tenant_id, "zone": time_zone, "first": first, "end": end})
        names = [column.name for column in cursor.description]
        return [DailyFacts(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
