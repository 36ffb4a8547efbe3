"""A tenant's endpoints and what was sent to them; there is no way in but through the tenant."""

from uuid import UUID

from django.db.models import QuerySet

from webhooks.errors import DeliveryNotFound, EndpointNotFound
from webhooks.models import Delivery, Endpoint


def endpoints(tenant_id: UUID) -> QuerySet[Endpoint]:
    """Oldest first, disabled ones too."""
    return Endpoint.objects.filter(tenant_id=tenant_id).order_by("created_at", "id")


def endpoint(tenant_id: UUID, endpoint_id: UUID) -> Endpoint:
    found = endpoints(tenant_id).filter(id=endpoint_id).first()
    if found is None:
        raise EndpointNotFound(f"There is no webhook {endpoint_id}.")
    return found


def deliveries(endpoint: Endpoint) -> QuerySet[Delivery]:
    """Newest first, each with its message and attempts."""
    found = Delivery.objects.filter(endpoint=endpoint).select_related("message").prefetch_related("attempts")
    return found.order_by("-id")


def delivery(endpoint: Endpoint, delivery_id: int) -> Delivery:
    found = deliveries(endpoint).filter(id=delivery_id).first()
    if found is None:
        raise DeliveryNotFound(f"There is no delivery {delivery_id} at this webhook.")
    return found
