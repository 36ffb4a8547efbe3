"""Reading the history. Every selector takes the tenant: nobody can ask across tenants."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest, Least, TruncDate

from billing.price_book.facts import BLOCK_BYTES, CALL_CHARACTERS, DailyFacts
from tts_engine.errors import SynthesisNotFound
from tts_engine.models import Status, Synthesis


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


def daily_facts(*, tenant_id: UUID, time_zone: str, first: date, last: date) -> list[DailyFacts]:
    """The answered requests of each day of the zone, both ends included; what is counted of a request is
    what `facts_of_request` counts. Days without any are left out."""
    zone = ZoneInfo(time_zone)
    normalised_others = Greatest(0, Least(F("other_characters"), F("normalised_characters") - F("hanzi")))
    rows = (
        Synthesis.objects.filter(
            tenant_id=tenant_id,
            status=Status.DONE,
            finished_at__gte=datetime.combine(first, time.min, zone),
            finished_at__lt=datetime.combine(last + timedelta(days=1), time.min, zone),
        )
        .values(day=TruncDate("finished_at", tzinfo=zone))
        .order_by("day")
        .annotate(
            requests=Count("id"),
            hanzi_sum=Sum("hanzi"),
            others_sum=Sum("other_characters"),
            normalised_hanzi=Sum(F("normalised_characters") - normalised_others),
            normalised_other_characters=Sum(normalised_others),
            gbk_sum=Sum("gbk_bytes"),
            utf8_sum=Sum("utf8_bytes"),
            gbk_blocks_120=Sum((F("gbk_bytes") + BLOCK_BYTES - 1) / BLOCK_BYTES),
            calls_300=Sum((F("hanzi") + F("other_characters") + CALL_CHARACTERS - 1) / CALL_CHARACTERS),
            audio_sum=Coalesce(Sum("audio_ms"), 0),
            busy_ms=Coalesce(Sum("synthesis_ms"), 0),
        )
    )
    return [
        DailyFacts(
            day=row["day"],
            requests=row["requests"],
            hanzi=row["hanzi_sum"],
            other_characters=row["others_sum"],
            normalised_hanzi=row["normalised_hanzi"],
            normalised_other_characters=row["normalised_other_characters"],
            gbk_bytes=row["gbk_sum"],
            utf8_bytes=row["utf8_sum"],
            gbk_blocks_120=row["gbk_blocks_120"],
            calls_300=row["calls_300"],
            audio_ms=row["audio_sum"],
            busy_ms=row["busy_ms"],
        )
        for row in rows
    ]
