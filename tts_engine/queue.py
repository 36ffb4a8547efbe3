"""The table is the queue: who is next, who holds a row and for how long.

Fairness is the start tag given at the door (see `fair`); here rows are only taken in its order.
Celery messages are wake-ups and carry nothing, so lost, doubled or late ones do no harm.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now

from billing import services as billing
from tts_engine import fair, presence, quarantine, relay, usage
from tts_engine.delivery.services import hand_over
from tts_engine.errors import DeadlinePassed, SynthesisFailed
from tts_engine.fair import LAST, Rank
from tts_engine.jobs import ending
from tts_engine.models import NOBODY_WAITS, Status, Synthesis
from tts_engine.store import Copy, Draft, Sums

# What the column holds, 24 days: a clock that is set back or forth must not keep a request from its end.
MOST_MS = 2**31 - 1


class Clock(NamedTuple):
    """Sorted sets in Valkey: by worker the tag it serves, and the greatest that any ever served."""

    serving: str
    latest: str


# Tags of the two queues are not comparable: each has the finish of its tenants' last work in it alone.
REQUESTS = Clock("queue:serving", "queue:latest")  # somebody waits for them
JOBS = Clock("queue:serving-jobs", "queue:latest-jobs")


def virtual_time(*, interactive: bool = True) -> int:
    """The queue's clock (see `fair.virtual_time`), as the workers tell it in Valkey.

    Where that has forgotten, the greatest start tag ever claimed stands in: later than the truth, so
    that whoever comes meanwhile gets no advantage.
    """
    clock = REQUESTS if interactive else JOBS
    with relay.writer().pipeline(transaction=False) as pipe:
        pipe.zrange(clock.serving, 0, 0, withscores=True)
        pipe.zscore(clock.latest, clock.latest)
        serving, latest = pipe.execute()
    if latest is None:
        of_queue = {"priority__lt": NOBODY_WAITS} if interactive else {"priority__gte": NOBODY_WAITS}
        served = Synthesis.objects.filter(attempt__gt=0, **of_queue)
        latest = served.aggregate(tag=Max("start_tag"))["tag"] or 0
    return fair.virtual_time([int(tag) for _, tag in serving], int(latest))


def tell_clock(worker: str, rank: Rank) -> None:
    """This worker serves a sentence of this rank, until it tells another or rests."""
    priority, tag = rank
    own, other = (REQUESTS, JOBS) if priority < NOBODY_WAITS else (JOBS, REQUESTS)
    with relay.writer().pipeline(transaction=False) as pipe:
        pipe.zadd(own.serving, {worker: tag})
        pipe.zrem(other.serving, worker)
        pipe.zadd(own.latest, {own.latest: tag}, gt=True)
        pipe.execute()


def rest(worker: str) -> None:
    """This worker has nothing to do."""
    with relay.writer().pipeline(transaction=False) as pipe:
        pipe.zrem(REQUESTS.serving, worker)
        pipe.zrem(JOBS.serving, worker)
        pipe.execute()


def forget_dead() -> None:
    """A worker that was killed tells no more that it rests; the clock must not stand still for it."""
    with relay.writer().pipeline(transaction=False) as pipe:
        for clock in (REQUESTS, JOBS):
            pipe.zrange(clock.serving, 0, -1)
        told: list[list[bytes]] = pipe.execute()
    for worker in {name.decode() for name in chain.from_iterable(told)}.difference(presence.workers()):
        rest(worker)


def claim(*, before: Rank = LAST, alone: bool = True) -> Synthesis | None:
    """Take the row with the lowest (priority, start tag), with a lease; None if none waits that goes `before`.

    None too where that row is a suspect (see `is_suspect`) and the caller is not `alone`, but has other
    rows in hand: these end first. A row whose caller waits no longer is left to `expire`.
    """
    rows = Synthesis.objects.raw(
        """
        UPDATE tts_engine_synthesis SET
            status = 'running',
            attempt = attempt + 1,
            lease_expires_at = clock_timestamp() + %s,
            started_at = clock_timestamp()
        WHERE id = (
            SELECT id FROM tts_engine_synthesis
            WHERE status = 'queued' AND (priority, start_tag) < (%s, %s)
              AND (deadline IS NULL OR deadline > clock_timestamp())
            ORDER BY priority, start_tag
            FOR UPDATE SKIP LOCKED
            LIMIT 1
        ) AND (%s OR attempt < %s)
        RETURNING *
        """,
        [settings.LEASE, *before, alone, settings.MAX_ATTEMPTS - 1],
    )
    return next(iter(rows), None)


def waits() -> bool:
    """Whether a row waits: a quarter of what it costs to find that there is none to `claim`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM tts_engine_synthesis WHERE status = 'queued')")
        (found,) = cursor.fetchone()
    return bool(found)


def is_suspect(synthesis: Synthesis) -> bool:
    """Whether a claimed row is on its last attempt: its worker may die of it, and has nothing else in hand."""
    return synthesis.attempt >= settings.MAX_ATTEMPTS


def renew(held: Collection[tuple[UUID, int]]) -> None:
    """Put off the end of the leases on these (id, attempt) pairs; those lost meanwhile stay lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE tts_engine_synthesis SET lease_expires_at = clock_timestamp() + make_interval(secs => %s)
            WHERE (id, attempt) IN (SELECT * FROM unnest(%s::uuid[], %s::smallint[])) AND status = 'running'
            """,
            [
                settings.LEASE.total_seconds(),
                [synthesis_id for synthesis_id, _ in held],
                [attempt for _, attempt in held],
            ],
        )


def hand_back(held: Collection[tuple[UUID, int]]) -> int:
    """Give rows in hand back to the queue, for another worker to go on with; how many.

    They had begun in time, so their callers' deadlines are met, and do not hold for the second start.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE tts_engine_synthesis SET status = 'queued', lease_expires_at = NULL, deadline = NULL
            WHERE (id, attempt) IN (SELECT * FROM unnest(%s::uuid[], %s::smallint[])) AND status = 'running'
            """,
            [[synthesis_id for synthesis_id, _ in held], [attempt for _, attempt in held]],
        )
        given: int = cursor.rowcount
    return given


def requeue_expired() -> int:
    """Give rows whose worker went away back to the queue; the number given back.

    A row that has worn out all its attempts fails instead, and its text is quarantined: one that kills
    its worker must not go round for ever.
    """
    # One that ends later than any given now was given before the clock was set back. Who renews it has it on.
    latest = Now() + settings.LEASE
    Synthesis.objects.filter(status=Status.RUNNING, lease_expires_at__gt=latest).update(lease_expires_at=latest)
    expired = Synthesis.objects.filter(status=Status.RUNNING, lease_expires_at__lt=Now())
    for synthesis in expired.filter(attempt__gte=settings.MAX_ATTEMPTS):
        if fail(synthesis, quarantine.REFUSAL):
            quarantine.take_in(synthesis)
    return expired.filter(attempt__lt=settings.MAX_ATTEMPTS).update(status=Status.QUEUED, lease_expires_at=None)


def expire() -> int:
    """Cancel the rows whose callers wait no longer; how many."""
    passed = Synthesis.objects.filter(status=Status.QUEUED, deadline__lt=Now())
    return sum(cancel(synthesis, code=DeadlinePassed.code) for synthesis in passed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the worker measured while it spoke a row."""

    audio_ms: int
    first_byte_ms: int
    synthesis_ms: int
    sentences: int = 0  # none where all of it was another request's result
    sentences_cached: int = 0


def waited_ms(synthesis: Synthesis) -> int:
    """From when it was taken in until this worker claimed it."""
    waited = (synthesis.started_at or synthesis.created_at) - synthesis.created_at
    return min(max(0, round(waited.total_seconds() * 1000)), MOST_MS)


def finish(synthesis: Synthesis, outcome: Outcome, draft: Draft | Copy) -> bool:
    """Mark it done, keep its audio, settle its reservation; False if another worker holds it by now."""
    made = draft.prepare()  # before the transaction, which keeps rows locked
    with transaction.atomic():
        return _finish(synthesis, outcome, draft, made)


def _finish(synthesis: Synthesis, outcome: Outcome, draft: Draft | Copy, made: Sums) -> bool:
    waited = waited_ms(synthesis)
    ended = _held(synthesis).update(
        status=Status.DONE,
        finished_at=Now(),
        lease_expires_at=None,
        billed_characters=F("characters"),
        audio_ms=outcome.audio_ms,
        queue_ms=waited,
        first_byte_ms=outcome.first_byte_ms,
        synthesis_ms=outcome.synthesis_ms,
        sentences=outcome.sentences,
        sentences_cached=outcome.sentences_cached,
        master_sha256=made.master,
        answer_sha256=made.answer,
        cache_key=synthesis.cache_key,  # a job's row is read by its worker, not at the door
        normalised_characters=synthesis.normalised_characters,
    )
    if ended:
        size = draft.keep()
        billing.settle(synthesis_id=synthesis.id, characters=synthesis.characters)
        usage.add_spoken(
            synthesis,
            audio_ms=outcome.audio_ms,
            synthesis_ms=outcome.synthesis_ms,
            waited_ms=waited,
            first_byte_ms=outcome.first_byte_ms,
        )
        if synthesis.job_id:
            hand_over(synthesis, size=size)
        _tell(synthesis, partial(relay.end, synthesis.id, attempt=synthesis.attempt, size=size))
    return bool(ended)


@transaction.atomic
def fail(synthesis: Synthesis, error: SynthesisFailed) -> bool:
    """Mark it failed and release its reservation; False if another worker holds it by now."""
    ended = _held(synthesis).update(
        status=Status.FAILED,
        finished_at=Now(),
        lease_expires_at=None,
        billed_characters=0,
        error_code=error.code,
        error_message=str(error),
    )
    if ended:
        billing.release(synthesis_id=synthesis.id)
        usage.add_failed(synthesis)
        _tell(synthesis, partial(relay.fail, synthesis.id, error))
    return bool(ended)


@transaction.atomic
def cancel(synthesis: Synthesis, *, code: str = "") -> bool:
    """Cancel it if it has not started, and release its reservation; `code` tells why, if not on request."""
    ended = Synthesis.objects.filter(id=synthesis.id, status__in=(Status.QUEUED, Status.HELD)).update(
        status=Status.CANCELLED, finished_at=Now(), billed_characters=0, error_code=code
    )
    if ended:
        billing.release(synthesis_id=synthesis.id)
        _tell(synthesis, partial(relay.cancel, synthesis.id, code))
    return bool(ended)


def _tell(synthesis: Synthesis, listener: Callable[[], None]) -> None:
    """Once it is committed: whoever listens, or the job, to which nobody does."""
    transaction.on_commit(partial(ending.look, synthesis.job_id) if synthesis.job_id else listener)


def give_back(synthesis: Synthesis) -> bool:
    """Let it be tried again, if it has attempts left; False if not, or if another worker holds it by now."""
    left = _held(synthesis).filter(attempt__lt=settings.MAX_ATTEMPTS)
    return bool(left.update(status=Status.QUEUED, lease_expires_at=None))


def _held(synthesis: Synthesis) -> QuerySet[Synthesis]:
    """The row as this worker claimed it; empty once the lease ran out and another one took it."""
    return Synthesis.objects.filter(id=synthesis.id, attempt=synthesis.attempt, status=Status.RUNNING)
