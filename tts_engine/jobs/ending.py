"""A job ends with its last row: once, and whoever asked to be told is."""

from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from tts_engine.delivery import ending as delivery
from tts_engine.jobs.models import Job, JobItem, JobStatus
from tts_engine.jobs.selectors import progress
from tts_engine.models import OPEN, Synthesis
from tts_engine.retention.selectors import keeps_texts
from webhooks.events import Event
from webhooks.services import emit

log = structlog.get_logger()


def look(job_id: UUID) -> bool:
    """End the job if all its rows have; False if some have not, or if it had ended before.

    Belongs after the commit of what ended a row: of two last rows the later one then sees both.
    """
    return not _is_open(job_id) and _end(job_id)


@transaction.atomic
def _end(job_id: UUID) -> bool:
    # Rows are added under this lock, so the look after it sees them all.
    job = Job.objects.select_for_update().exclude(status=JobStatus.DRAFT).filter(id=job_id, finished_at=None).first()
    if job is None or _is_open(job_id):
        return False
    job.status = JobStatus.CANCELLED if job.status == JobStatus.CANCELLED else JobStatus.DONE
    job.finished_at = timezone.now()
    job.save(update_fields=["status", "finished_at"])
    forget_texts(job)
    counted = progress(job)
    data = {
        "job_id": job.id,
        "name": job.name,
        "status": job.status,
        "rows": counted.rows,
        "characters": job.characters,
        "billed_characters": counted.billed_characters,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
    emit(job.tenant_id, Event.JOB_COMPLETED, data)
    transaction.on_commit(partial(delivery.look, job.id))  # its files may be there already
    log.info("job_ended", job=str(job.id), status=job.status, **counted.rows)
    return True


def forget_texts(job: Job) -> None:
    """Of a job that has ended, where its tenant keeps none: until then a row that failed can be retried."""
    if not keeps_texts(job.tenant_id):
        JobItem.objects.filter(job=job).update(text="")


def _is_open(job_id: UUID) -> bool:
    return Synthesis.objects.filter(job_id=job_id, status__in=OPEN).exists()
