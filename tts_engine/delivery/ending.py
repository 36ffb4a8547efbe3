"""A job is delivered when it has finished and none of its files is on its way any more: once, and told once."""

from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from tts_engine.delivery.models import FileDelivery
from tts_engine.delivery.selectors import STATUS
from tts_engine.jobs.models import Job
from webhooks.events import Event
from webhooks.services import emit

ON_ITS_WAY = FileDelivery.objects.filter(STATUS["pending"], job=OuterRef("id"))


def look(job_id: UUID) -> bool:
    """End the job's delivery if nothing is on its way; False if something is, or if it had ended before.

    Belongs after the commit of what ended a file's delivery or the job: of two last ones the later then sees both.
    """
    with transaction.atomic():
        if not _undelivered().filter(id=job_id).update(delivered_at=Now()):
            return False
        job = Job.objects.get(id=job_id)
        emit(job.tenant_id, Event.JOB_DELIVERED, told(job))
    return True


def told(job: Job) -> dict[str, object]:
    """The `data` of the message. Of a file that was replayed the last delivery counts."""
    files = FileDelivery.objects.filter(job=job, destination=job.destination_id)
    counts = files.aggregate(
        delivered=Count("synthesis", distinct=True, filter=STATUS["delivered"]), files=Count("synthesis", distinct=True)
    )
    return {
        "job_id": job.id,
        "name": job.name,
        "destination_id": job.destination_id,
        "delivered": counts["delivered"],
        "failed": counts["files"] - counts["delivered"],
        "delivered_at": job.delivered_at,
    }


def sweep() -> int:
    """Make up for looks that a worker took with it when it was killed; how many jobs were delivered."""
    return sum(look(job_id) for job_id in _undelivered().values_list("id", flat=True))


def _undelivered() -> QuerySet[Job]:
    """Jobs that have ended, and of which nothing is on its way; a draft that was cancelled never began."""
    begun = Job.objects.filter(destination__isnull=False, started_at__isnull=False)
    return begun.filter(~Exists(ON_ITS_WAY), finished_at__isnull=False, delivered_at=None)
