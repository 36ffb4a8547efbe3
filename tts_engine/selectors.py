"""Reading the history. Every selector takes the tenant: nobody can ask across tenants."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from tts_engine.errors import SynthesisNotFound
from tts_engine.models import Status, Synthesis


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """What to look for; None does not narrow."""

    voice: str | None = None
    key: UUID | None = None
    status: str | None = None
    label: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


def history(*, tenant_id: UUID, narrow: HistoryFilter = HistoryFilter()) -> QuerySet[Synthesis]:
    """The tenant's syntheses, newest first, without the deleted ones."""
    wanted = {
        "voice": narrow.voice,
        "api_key_id": narrow.key,
        "status": narrow.status,
        "label": narrow.label,
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


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How much the cache answered: `repeats` of the `requests` wholly, and sentences of the others."""

    requests: int
    repeats: int
    sentences: int
    sentences_cached: int


def cache_use(*, tenant_id: UUID, since: datetime) -> CacheUse:
    """Over the tenant's answered requests that were made since then."""
    answered = Synthesis.objects.filter(tenant_id=tenant_id, status=Status.DONE, created_at__gte=since)
    return CacheUse(
        **answered.aggregate(
            requests=Count("id"),
            repeats=Count("id", filter=Q(cache_hit=True)),
            sentences=Sum("sentences", default=0),
            sentences_cached=Sum("sentences_cached", default=0),
        )
    )
