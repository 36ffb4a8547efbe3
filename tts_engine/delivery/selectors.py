"""A tenant's destinations and what was put to them; there is no way in but through the tenant."""

from uuid import UUID

from django.db.models import Q, QuerySet

from tts_engine.delivery.models import Destination, FileDelivery
from tts_engine.errors import DestinationNotFound, FileDeliveryNotFound

STATUS = {
    "pending": Q(next_at__isnull=False),
    "delivered": Q(delivered_at__isnull=False),
    "failed": Q(next_at__isnull=True, delivered_at__isnull=True),
}


def destinations(tenant_id: UUID) -> QuerySet[Destination]:
    """Oldest first, disabled ones too."""
    return Destination.objects.filter(tenant_id=tenant_id).order_by("created_at", "id")


def destination(tenant_id: UUID, destination_id: UUID) -> Destination:
    found = destinations(tenant_id).filter(id=destination_id).first()
    if found is None:
        raise DestinationNotFound(f"There is no destination {destination_id}; GET /v1/destinations lists yours.")
    return found


def default_destination(tenant_id: UUID) -> Destination | None:
    """That of the jobs that say nothing of theirs."""
    return destinations(tenant_id).filter(is_default=True).first()


def deliveries(
    destination: Destination, *, status: str | None = None, job: UUID | None = None
) -> QuerySet[FileDelivery]:
    """Newest first, each with its attempts; only those of a job, or of a status in STATUS, if so asked."""
    narrow = {} if job is None else {"job_id": job}
    found = FileDelivery.objects.filter(STATUS[status] if status else Q(), destination=destination, **narrow)
    return found.select_related("synthesis").prefetch_related("attempts").order_by("-id")


def delivery(destination: Destination, delivery_id: int) -> FileDelivery:
    found = deliveries(destination).filter(id=delivery_id).first()
    if found is None:
        raise FileDeliveryNotFound(f"There is no delivery {delivery_id} at this destination.")
    return found
