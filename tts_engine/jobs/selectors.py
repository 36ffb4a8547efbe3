"""Reading jobs. Every selector takes the tenant, or a job that was found by one that does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from tts_engine import presence
from tts_engine.errors import JobNotFound
from tts_engine.jobs.models import Job, JobItem, JobStatus
from tts_engine.models import OPEN, Status

PACE_OF_LAST = timedelta(minutes=1)


def jobs(*, tenant_id: UUID) -> QuerySet[Job]:
    """The tenant's jobs, newest first, without the deleted ones."""
    return Job.objects.filter(tenant_id=tenant_id, deleted_at=None).order_by("-created_at", "-id")


def job_get(*, tenant_id: UUID, job_id: UUID, lock: bool = False) -> Job:
    """One of the tenant's jobs, whose row is locked if so asked; raises JobNotFound for anybody else's too."""
    own = jobs(tenant_id=tenant_id).filter(id=job_id)
    found = (own.select_for_update() if lock else own).first()
    if found is None:
        raise JobNotFound(f"There is no job {job_id} of your team; GET /v1/jobs lists them.")
    return found


def items(job: Job, *, status: str | None = None) -> QuerySet[JobItem]:
    """In their order, each with its Synthesis, which is None while the job is a draft; or those of one status."""
    found = JobItem.objects.filter(job=job).select_related("synthesis").order_by("number")
    return found if status is None else found.filter(synthesis__status=status)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come. Characters are billable ones."""

    rows: dict[str, int]  # by the status of their Synthesis; all of a draft's are none
    spoken_characters: int
    billed_characters: int
    left_characters: int
    seconds_left: float | None  # None where nobody can tell: it is no running job, or no worker has told its pace

    @property
    def expected_at(self) -> datetime | None:
        return None if self.seconds_left is None else timezone.now() + timedelta(seconds=self.seconds_left)


COUNTS = """
    SELECT s.status, count(*), sum(s.characters), COALESCE(sum(s.billed_characters), 0),
           COALESCE(sum(s.characters) FILTER (WHERE s.status = 'done' AND s.finished_at > %(since)s), 0)
    FROM tts_engine_jobitem i JOIN tts_engine_synthesis s ON s.id = i.synthesis_id
    WHERE i.job_id = %(job)s
    GROUP BY s.status
"""


def progress(job: Job) -> Progress:
    """Of each item's latest Synthesis; those that failed before a retry are in the history alone."""
    now = timezone.now()
    since = max(job.started_at or now, now - PACE_OF_LAST)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"job": job.id, "since": since})
        found = cursor.fetchall()
    left = sum(characters for status, _, characters, _, _ in found if status in OPEN)
    lately = sum(row[4] for row in found)
    return Progress(
        rows=dict.fromkeys(Status.values, 0) | {status: count for status, count, *_ in found},
        spoken_characters=sum(characters for status, _, characters, _, _ in found if status == Status.DONE),
        billed_characters=sum(row[3] for row in found),
        left_characters=left,
        seconds_left=_seconds(left, lately, now - since) if job.status == JobStatus.RUNNING else None,
    )


def _seconds(left: int, lately: int, during: timedelta) -> float | None:
    """At the pace of the last minute; at that of all workers before the first row is spoken."""
    pace = lately / during.total_seconds() if lately else presence.pace()
    return left / pace if pace else None
