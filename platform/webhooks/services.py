"""What changes endpoints, and what tells them something."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.waking import wake
from webhooks import selectors
from webhooks.addresses import acceptable_url, require_reachable
from webhooks.errors import EndpointDisabled, EndpointNotFound, TooManyEndpoints, UnknownEvent
from webhooks.events import SUBSCRIBABLE, Event
from webhooks.models import Delivery, Endpoint, Message
from webhooks.outbox import Reason
from webhooks.signing import new_secret

LARGEST_BODY = 20_000  # bytes, as the specification advises: a message links to what is larger


def endpoint_create(*, tenant_id: UUID, url: str, events: Collection[str] = (), actor: str) -> Endpoint:
    """An enabled endpoint with a secret; no events are all of them.

    Raises:
        AddressError, UnknownEvent, TooManyEndpoints
    """
    _require_known(events)
    address = acceptable_url(url)
    require_reachable(address)
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)  # one after the other, to count
        if selectors.endpoints(tenant_id).count() >= settings.WEBHOOK_ENDPOINTS:
            raise TooManyEndpoints(f"A team has at most {settings.WEBHOOK_ENDPOINTS} webhooks; delete one first.")
        endpoint = Endpoint.objects.create(tenant=tenant, url=address, events=sorted(set(events)), secret=new_secret())
        _record("webhook.create", endpoint, actor, host=urlsplit(address).netloc)
    return endpoint


def endpoint_change(
    *,
    endpoint: Endpoint,
    url: str | None = None,
    events: Collection[str] | None = None,
    enabled: bool | None = None,
    actor: str,
) -> Endpoint:
    """Change what is given; None leaves it. Enabling forgets that it was failing.

    Raises:
        AddressError, UnknownEvent
    """
    if url is not None:
        url = acceptable_url(url)
        require_reachable(url)  # asks the resolver, which no lock should wait for
    if events is not None:
        _require_known(events)
    with transaction.atomic():
        endpoint = _locked(endpoint.id)
        if url is not None:
            endpoint.url, endpoint.failing_since = url, None
        if events is not None:
            endpoint.events = sorted(set(events))
        if enabled:
            endpoint.enable()
        elif enabled is False and endpoint.enabled:
            endpoint.disable(Reason.ASKED)
        endpoint.save()
        host = urlsplit(endpoint.url).netloc
        _record("webhook.change", endpoint, actor, host=host, events=endpoint.events, enabled=endpoint.enabled)
    return endpoint


@transaction.atomic
def endpoint_delete(*, endpoint: Endpoint, actor: str) -> None:
    """With its deliveries; what is being sent to it just now may still arrive."""
    endpoint = _locked(endpoint.id, no_key=False)  # whoever tells it something just now goes first
    _record("webhook.delete", endpoint, actor, host=urlsplit(endpoint.url).netloc)
    endpoint.delete()


@transaction.atomic
def secret_rotate(*, endpoint: Endpoint, actor: str) -> Endpoint:
    """A new secret; the one it replaces signs beside it for `WEBHOOK_ROTATION`, an older one no more."""
    endpoint = _locked(endpoint.id)
    endpoint.previous_secret = endpoint.secret
    endpoint.previous_secret_until = timezone.now() + settings.WEBHOOK_ROTATION
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    _record("webhook.rotate", endpoint, actor)
    return endpoint


def emit(tenant_id: UUID, event: Event, data: dict[str, Any]) -> Message | None:
    """Tell the tenant's endpoints that want this event; None where none does.

    Belongs into the transaction of what it tells: then neither is ever there without the other.
    `data` is what JSON can hold, and dates, UUIDs and Decimals.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A message belongs into the transaction of what it tells.")
    # The lock lasts until the commit: an endpoint deleted meanwhile must not make this transaction fail.
    wanting = Endpoint.objects.raw(
        """
        SELECT * FROM webhooks_endpoint
        WHERE tenant_id = %s AND disabled_at IS NULL AND (events = '{}' OR %s = ANY(events))
        FOR KEY SHARE
        """,
        [tenant_id, event.value],
    )
    endpoints = list(wanting)
    return _send(tenant_id, event, data, endpoints) if endpoints else None


@transaction.atomic
def endpoint_test(*, endpoint: Endpoint) -> Delivery:
    """A `webhook.test` on its way to this endpoint, whatever events it wants.

    Raises:
        EndpointDisabled
    """
    endpoint = _locked_enabled(endpoint.id)
    message = _send(endpoint.tenant_id, Event.TEST, {"webhook_id": endpoint.id}, [endpoint])
    return message.deliveries.get()


@transaction.atomic
def delivery_replay(*, delivery: Delivery) -> Delivery:
    """The same message once more, with all its attempts, as a new delivery.

    Raises:
        EndpointDisabled
    """
    endpoint = _locked_enabled(delivery.endpoint_id)
    again = Delivery.objects.create(endpoint=endpoint, message=delivery.message)
    transaction.on_commit(wake_courier)
    return again


def wake_courier() -> None:
    """Have a worker send what is to be sent; if the broker is away, the next beat does."""
    from webhooks.tasks import deliver  # the web process need not load the task before it sends

    wake(deliver)


def _send(tenant_id: UUID, event: Event, data: dict[str, Any], endpoints: list[Endpoint]) -> Message:
    at = datetime.now(UTC)
    told = {"type": event.value, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}
    body = json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > LARGEST_BODY:
        raise ValueError(f"A message of {event.value} has more than {LARGEST_BODY} bytes: link to what is large.")
    message = Message.objects.create(id=f"msg_{uuid4().hex}", tenant_id=tenant_id, type=event, body=body, created_at=at)
    Delivery.objects.bulk_create(Delivery(endpoint=endpoint, message=message) for endpoint in endpoints)
    transaction.on_commit(wake_courier)
    return message


def _require_known(events: Collection[str]) -> None:
    unknown = sorted(set(events) - set(SUBSCRIBABLE))
    if unknown:
        raise UnknownEvent(f"There is no event {unknown[0]!r}; there are {', '.join(SUBSCRIBABLE)}.")


def _locked(endpoint_id: UUID, *, no_key: bool = True) -> Endpoint:
    """As it is now, and stays until the commit. Who only changes it lets others point to it (`no_key`)."""
    found = Endpoint.objects.select_for_update(no_key=no_key).filter(id=endpoint_id).first()
    if found is None:
        raise EndpointNotFound(f"There is no webhook {endpoint_id}.")
    return found


def _locked_enabled(endpoint_id: UUID) -> Endpoint:
    endpoint = _locked(endpoint_id)
    if not endpoint.enabled:
        raise EndpointDisabled(f"This webhook is disabled ({endpoint.disabled_reason}); enable it first.")
    return endpoint


def _record(action: str, endpoint: Endpoint, actor: str, **details: Any) -> None:
    """In the audit trail, which nobody can erase: of a URL the host alone, for paths and queries may hold secrets."""
    audit.record(
        action=action, actor=actor, tenant=endpoint.tenant, details={"webhook_id": str(endpoint.id), **details}
    )
