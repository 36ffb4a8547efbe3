"""A job is delivered when it has finished and none of its files is on its way any more: once, and told once."""

from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
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
    unfinished = Job.objects.filter(~Exists(ON_ITS_WAY), id=job_id, destination__isnull=False, delivered_at=None)
    with transaction.atomic():
        if not unfinished.filter(finished_at__isnull=False).update(delivered_at=Now()):
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
    waiting = Job.objects.filter(destination__isnull=False, finished_at__isnull=False, delivered_at=None)
    return sum(look(job_id) for job_id in waiting.filter(~Exists(ON_ITS_WAY)).values_list("id", flat=True))
