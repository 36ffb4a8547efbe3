"""Reading the history, where every selector takes the tenant: nobody can ask across tenants. And the queue's length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Now

from tts_engine import store
from tts_engine.errors import AudioNotReady, SynthesisNotFound
from tts_engine.models import NOBODY_WAITS, OPEN, Status, Synthesis


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """What to look for; None does not narrow."""

    voice: str | None = None
    key: UUID | None = None
    job: UUID | None = None
    status: str | None = None
    label: str | None = None
    emotion: str | None = None
    member: int | None = None
    cached: bool | None = None  # answered from the cache as a whole
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


def history(*, tenant_id: UUID, narrow: HistoryFilter = HistoryFilter()) -> QuerySet[Synthesis]:
    """The tenant's syntheses, newest first, without the deleted ones."""
    wanted = {
        "voice": narrow.voice,
        "api_key_id": narrow.key,
        "job_id": narrow.job,
        "status": narrow.status,
        "label": narrow.label,
        "emotion": narrow.emotion,
        "member_id": narrow.member,
        "cache_hit": narrow.cached,
        "created_at__gte": narrow.since,
        "created_at__lt": narrow.until,
        "text__icontains": narrow.text,
    }
    given = {lookup: value for lookup, value in wanted.items() if value is not None}
    return Synthesis.objects.filter(tenant_id=tenant_id, deleted_at=None, **given).order_by("-created_at", "-id")


def synthesis_get(*, tenant_id: UUID, synthesis_id: UUID) -> Synthesis:
    """One of the tenant's syntheses; raises SynthesisNotFound for anybody else's too."""
    return syntheses_get(tenant_id=tenant_id, ids=[synthesis_id])[0]


def syntheses_get(*, tenant_id: UUID, ids: Sequence[UUID]) -> list[Synthesis]:
    """Those of the tenant's, in this order; raises SynthesisNotFound where one is not."""
    found = Synthesis.objects.filter(tenant_id=tenant_id, deleted_at=None).in_bulk(ids)
    for id_ in ids:
        if id_ not in found:
            raise SynthesisNotFound(f"There is no synthesis {id_} in your history; GET /v1/history lists them.")
    return [found[id_] for id_ in ids]


def spoken_syntheses(*, tenant_id: UUID, ids: Sequence[UUID]) -> list[Synthesis]:
    """Those of the tenant's, in this order, that all have audio; raises SynthesisNotFound, AudioNotReady."""
    found = syntheses_get(tenant_id=tenant_id, ids=ids)
    for synthesis in found:
        require_spoken(synthesis)
    return found


def require_spoken(synthesis: Synthesis) -> None:
    """Raises AudioNotReady, where its file is gone too."""
    if synthesis.status != Status.DONE:
        raise AudioNotReady(f"The synthesis {synthesis.id} is {synthesis.status}; it has no audio.")
    if not store.is_kept(synthesis):
        raise AudioNotReady(f"The audio of the synthesis {synthesis.id} is no longer kept: have its text spoken again.")


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


IS_JOB = Case(When(priority__gte=NOBODY_WAITS, then=Value("job")), default=Value("interactive"))


@dataclass(frozen=True, slots=True)
class QueueLine:
    """How many requests of all tenants wait or run; `oldest_seconds` is the age of the first of them."""

    name: str  # interactive | job
    status: str
    requests: int
    oldest_seconds: float


def queue_lines() -> list[QueueLine]:
    """One line for each class and status, empty ones too."""
    # Each side has an index of its own, for only rows of jobs are held: of a million rows none is read in vain.
    of_jobs = Q(job__isnull=False, status__in=OPEN)
    unfinished = Synthesis.objects.filter(Q(status__in=(Status.QUEUED, Status.RUNNING)) | of_jobs)
    lines = unfinished.values(name=IS_JOB, state=F("status")).annotate(count=Count("id"), age=Now() - Min("created_at"))
    counted = {(line["name"], line["state"]): (line["count"], line["age"].total_seconds()) for line in lines}
    return [
        QueueLine(name, status, *counted.get((name, status), (0, 0.0)))
        for name in ("interactive", "job")
        for status in OPEN
    ]
