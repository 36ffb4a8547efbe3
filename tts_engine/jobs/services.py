"""What may be done with a job. Doors and pages call these; each is one transaction.

A change of a job holds the lock of its row, so two at once happen one after the other, and the second
finds the state that the first has left.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing import services as billing
from billing.alerts import services as alerts
from tts_engine import store
from tts_engine.errors import JobStateConflict
from tts_engine.jobs import ending
from tts_engine.jobs.models import Job, JobItem, JobStatus
from tts_engine.jobs.queueing import queue_items
from tts_engine.jobs.selectors import job_get
from tts_engine.models import Status, Synthesis
from tts_engine.services import NO_WORDS, forget_sentences, wake_worker

AT_ONCE = 2000  # rows that are released, or forgotten, in one transaction


def job_start(job: Job) -> Job:
    """Reserve the whole and queue every item, or nothing of it.

    Raises JobStateConflict, and what `billing.reserve_job` refuses; UnknownVoice or StyleError where a
    voice is no longer there.
    """
    with alerts.refusal_told(job.tenant_id), _changing(job, JobStatus.DRAFT) as held:
        queue_items(held)
        held.status = JobStatus.RUNNING
        held.started_at = timezone.now()
    return held


# A failed item gets another Synthesis, under a new id; one that was deleted has no text any more.
NAME_ANEW = """
    UPDATE tts_engine_jobitem i SET synthesis_id = gen_random_uuid()
    FROM tts_engine_synthesis s
    WHERE s.id = i.synthesis_id AND i.job_id = %s AND s.status = 'failed' AND s.deleted_at IS NULL AND i.text <> ''
"""


def job_retry(job: Job) -> Job:
    """Reserve and queue the failed items anew; those that failed stay in the history.

    Raises as `job_start`, and JobStateConflict where none has failed.
    """
    with alerts.refusal_told(job.tenant_id), _changing(job, JobStatus.RUNNING, JobStatus.DONE) as held:
        with connection.cursor() as cursor:
            cursor.execute(NAME_ANEW, [held.id])
            if not cursor.rowcount:
                raise JobStateConflict(
                    "No row of this job has failed and still has its text: there is nothing to retry."
                )
        queue_items(held)
        held.status = JobStatus.RUNNING
        held.finished_at = held.delivered_at = None
    return held


def job_pause(job: Job) -> Job:
    """Begin nothing new of it; what is being spoken is spoken to its end. Raises JobStateConflict."""
    with _changing(job, JobStatus.RUNNING) as held:
        hold(held.id)
        held.status = JobStatus.PAUSED
    return held


def job_resume(job: Job) -> Job:
    """Go on. Raises JobStateConflict."""
    with _changing(job, JobStatus.PAUSED) as held:
        Synthesis.objects.filter(job=held, status=Status.HELD).update(status=Status.QUEUED)
        held.status = JobStatus.RUNNING
        transaction.on_commit(wake_worker)
    transaction.on_commit(partial(ending.look, job.id))  # all of it may have been spoken meanwhile
    return held


def job_cancel(job: Job) -> Job:
    """Release what has not begun; what is being spoken is spoken to its end, and billed. Raises JobStateConflict."""
    with _changing(job, JobStatus.DRAFT, JobStatus.RUNNING, JobStatus.PAUSED) as held:
        _cancel(held)
    release(held)
    ending.look(job.id)
    held.refresh_from_db()
    return held


def _cancel(held: Job) -> None:
    if held.status == JobStatus.DRAFT:
        held.finished_at = timezone.now()
        ending.forget_texts(held)
    held.status = JobStatus.CANCELLED


def job_delete(job: Job) -> None:
    """Nobody finds it any more, nor its Syntheses; texts and audio are gone within the next minutes.

    What was counted and billed stays.
    """
    with _changing(job, *JobStatus) as held:
        if held.status not in (JobStatus.DONE, JobStatus.CANCELLED):
            _cancel(held)
        held.deleted_at = timezone.now()
        Synthesis.objects.filter(job=held, deleted_at=None).update(deleted_at=held.deleted_at)
    release(held)
    ending.look(job.id)


def hold(job_id: UUID) -> int:
    """Hold the rows that wait; how many."""
    return Synthesis.objects.filter(job_id=job_id, status=Status.QUEUED).update(status=Status.HELD)


# Those that would be spoken next go first.
CANCEL_SOME = """
    UPDATE tts_engine_synthesis SET status = 'cancelled', finished_at = now(), billed_characters = 0
    WHERE id IN (
        SELECT id FROM tts_engine_synthesis WHERE job_id = %s AND status IN ('queued', 'held')
        ORDER BY start_tag LIMIT %s FOR NO KEY UPDATE
    )
    RETURNING id
"""


def release(job: Job) -> None:
    """Cancel the rows of a cancelled job that wait, and give their characters back.

    Some at a time, for the team's requests wait meanwhile; what is left undone, the sweeper does.
    """
    while _release_some(job) == AT_ONCE:
        pass


@transaction.atomic
def _release_some(job: Job) -> int:
    with connection.cursor() as cursor:
        cursor.execute(CANCEL_SOME, [job.id, AT_ONCE])
        cancelled = [row[0] for row in cursor.fetchall()]
    billing.release_rows(tenant_id=job.tenant_id, syntheses=cancelled)
    return len(cancelled)


def sweep() -> None:
    """Rows that came back to the queue from a lost worker follow their job; and jobs whose last row ended, end."""
    for job in Job.objects.filter(finished_at=None).exclude(status=JobStatus.DRAFT):
        if job.status == JobStatus.PAUSED:
            _hold_again(job)
        elif job.status == JobStatus.CANCELLED:
            release(job)
        ending.look(job.id)


@transaction.atomic
def _hold_again(job: Job) -> None:
    if Job.objects.select_for_update().filter(id=job.id, status=JobStatus.PAUSED).exists():  # not resumed just now
        hold(job.id)


def forget_deleted() -> int:
    """Remove texts and audio of deleted jobs; how many rows."""
    forgotten = 0
    items = JobItem.objects.filter(job=OuterRef("id"))
    for job in Job.objects.filter(Exists(items), deleted_at__isnull=False):
        # All its Syntheses, for those that failed before a retry are no item's any more. The items go last:
        # by them it is known what is left to do.
        last = UUID(int=0)
        while rows := list(Synthesis.objects.filter(job=job, id__gt=last).order_by("id")[:AT_ONCE]):
            _forget(rows)
            last = rows[-1].id
        Job.objects.filter(id=job.id).update(name="", order=job.order | {"voice_aliases": None})
        forgotten += JobItem.objects.filter(job=job).delete()[0]
    return forgotten


def _forget(rows: Sequence[Synthesis]) -> None:
    for row in rows:
        if row.attempt:  # else nothing of it was ever spoken
            forget_sentences(row)
            store.delete(row)
    Synthesis.objects.filter(id__in=[row.id for row in rows]).update(**NO_WORDS)


@contextmanager
def _changing(job: Job, *states: JobStatus) -> Iterator[Job]:
    """The job, locked, in one of these states; what is done to its fields is stored. Raises JobNotFound too."""
    with transaction.atomic():
        held = job_get(tenant_id=job.tenant_id, job_id=job.id, lock=True)
        if held.status not in states:
            raise JobStateConflict(f"This job is {held.status}; it would have to be {' or '.join(states)}.")
        yield held
        held.save(update_fields=["status", "started_at", "finished_at", "delivered_at", "deleted_at"])
