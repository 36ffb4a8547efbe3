"""Endpoints, and who is told what."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from kombu.exceptions import OperationalError
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, Tenant
from accounts.services import tenant_create
from tests.system.instance import until
from tests.webhooks.receiver import Receiver
from webhooks import selectors, services, tasks
from webhooks.errors import (
    AddressNotFound,
    AddressRefused,
    EndpointDisabled,
    EndpointNotFound,
    TooManyEndpoints,
    UnacceptableUrl,
    UnknownEvent,
)
from webhooks.events import Event
from webhooks.models import Delivery, Endpoint, Message

pytestmark = pytest.mark.usefixtures("this_machine_is_allowed")

URL = "https://127.0.0.1/hook"


@pytest.fixture
def create(tenant: Tenant) -> Callable[..., Endpoint]:
    """create(url, events): an endpoint of the tenant's."""

    def create(url: str = URL, events: tuple[str, ...] = ()) -> Endpoint:
        return services.endpoint_create(tenant_id=tenant.id, url=url, events=events, actor="key:7")

    return create


def emit(tenant: Tenant, data: dict[str, Any] | None = None) -> Message | None:
    with transaction.atomic():
        return services.emit(tenant.id, Event.QUOTA_ALERT, data or {})


def actions(tenant: Tenant) -> list[str]:
    return list(AuditEvent.objects.filter(tenant=tenant, actor="key:7").order_by("id").values_list("action", flat=True))


def test_who_changes_an_endpoint_is_audited(create: Callable[..., Endpoint], tenant: Tenant) -> None:
    """Each change with its actor, none with a secret: neither ours nor one in the address."""
    endpoint = create("https://127.0.0.1/robot/send?access_token=7f3a")
    services.endpoint_change(endpoint=endpoint, events=["quota.alert"], actor="key:7")
    secret = services.secret_rotate(endpoint=endpoint, actor="key:7").secret
    services.endpoint_delete(endpoint=endpoint, actor="key:7")
    assert actions(tenant) == ["webhook.create", "webhook.change", "webhook.rotate", "webhook.delete"]
    told = str(list(AuditEvent.objects.values_list("details", flat=True)))
    assert secret not in told
    assert endpoint.secret not in told
    assert "7f3a" not in told


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://10.0.0.1/", AddressRefused),
        ("https://169.254.169.254/latest/meta-data/", AddressRefused),
        ("https://no-such-host.invalid/", AddressNotFound),
        ("ftp://127.0.0.1/", UnacceptableUrl),
    ],
)
def test_an_address_is_looked_at_when_it_is_saved(
    create: Callable[..., Endpoint], url: str, refused: type[Exception]
) -> None:
    """Made or changed: nothing is written."""
    with pytest.raises(refused):
        create(url)
    assert not Endpoint.objects.exists()
    endpoint = create()
    with pytest.raises(refused):
        services.endpoint_change(endpoint=endpoint, url=url, actor="key:7")
    assert Endpoint.objects.get().url == URL


@pytest.mark.parametrize("events", [("quota.alarm",), ("quota.alert", ""), ("webhook.test",)])
def test_an_event_that_there_is_not(create: Callable[..., Endpoint], events: tuple[str, ...]) -> None:
    """A misspelt one would never be told. The test comes to whoever asks for it, and nobody else."""
    with pytest.raises(UnknownEvent, match=r"quota\.alert"):
        create(events=events)


def test_a_team_has_so_many_and_no_more(create: Callable[..., Endpoint], tenant: Tenant, settings: Settings) -> None:
    """Also when all are made at once; another team's do not count."""
    settings.WEBHOOK_ENDPOINTS = 3
    services.endpoint_create(tenant_id=tenant_create(name="bob-team").id, url=URL, actor="operator")
    ready = threading.Barrier(8)

    def try_one(_: int) -> bool:
        ready.wait()
        try:
            create()
        except TooManyEndpoints:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(try_one, range(8))) == 3
    assert selectors.endpoints(tenant.id).count() == 3


def test_who_is_told(create: Callable[..., Endpoint], tenant: Tenant) -> None:
    """Endpoints that want all or this event, of this team, that are enabled."""
    everything, this = create(), create(events=("quota.alert",))
    other = create()
    Endpoint.objects.filter(id=other.id).update(events=["job.completed"])
    services.endpoint_change(endpoint=create(), enabled=False, actor="key:7")
    services.endpoint_create(tenant_id=tenant_create(name="bob-team").id, url=URL, actor="operator")
    message = emit(tenant)
    assert message is not None
    assert set(Delivery.objects.values_list("endpoint", "message")) == {(e.id, message.id) for e in (everything, this)}


def test_where_nobody_listens_nothing_is_kept(tenant: Tenant, woken: list[str]) -> None:
    """No message, no wake-up."""
    assert emit(tenant) is None
    assert (Message.objects.count(), woken) == (0, [])


def test_a_message_is_written_with_what_it_tells(
    create: Callable[..., Endpoint], tenant: Tenant, woken: list[str]
) -> None:
    """Rolled back, nobody was told; outside of a transaction it refuses."""
    create()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.emit(tenant.id, Event.QUOTA_ALERT, {})
        raise ZeroDivisionError
    assert (Message.objects.count(), woken) == (0, [])
    with pytest.raises(transaction.TransactionManagementError):
        services.emit(tenant.id, Event.QUOTA_ALERT, {})


def test_what_a_message_can_hold(create: Callable[..., Endpoint], tenant: Tenant) -> None:
    """Moments, ids and amounts as JSON writes them; what is larger than 20,000 bytes is a mistake of ours."""
    create()
    at = datetime(2026, 11, 26, 14, 25, tzinfo=UTC)
    message = emit(tenant, {"at": at, "id": UUID(int=7), "yuan": Decimal("0.15"), "字": "甲"})
    assert message is not None
    data = '{"at":"2026-11-26T14:25:00Z","id":"00000000-0000-0000-0000-000000000007","yuan":"0.15","字":"甲"}'
    assert message.body.endswith(f'"data":{data}}}')
    with pytest.raises(ValueError, match="20000 bytes"):
        emit(tenant, {"text": "字" * 7000})


def test_a_broker_that_is_away_loses_no_message(
    create: Callable[..., Endpoint], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told is committed; the next beat has it sent."""

    def refuse() -> None:
        raise OperationalError("away")

    create()
    monkeypatch.setattr(tasks.deliver, "delay", refuse)
    emit(tenant)
    assert Delivery.objects.get().status == "pending"


def test_an_endpoint_deleted_meanwhile_fails_nobody(create: Callable[..., Endpoint], tenant: Tenant) -> None:
    """Who settles a bill and tells of it goes first; the deletion waits and takes the message's delivery with it."""
    endpoint = create()

    def delete() -> None:
        try:
            services.endpoint_delete(endpoint=endpoint, actor="key:7")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            services.emit(tenant.id, Event.QUOTA_ALERT, {})
            deleting = thread.submit(delete)
            until(somebody_waits)
        deleting.result()
    assert (Endpoint.objects.count(), Delivery.objects.count(), Message.objects.count()) == (0, 0, 1)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone() == (1,))


def test_what_a_deleted_endpoint_is_asked(create: Callable[..., Endpoint], tenant: Tenant) -> None:
    """Whoever still holds it is told that it is gone."""
    endpoint = create()
    emit(tenant)
    delivery = selectors.deliveries(endpoint).get()
    services.endpoint_delete(endpoint=Endpoint.objects.get(), actor="key:7")
    for ask in (
        lambda: services.endpoint_test(endpoint=endpoint),
        lambda: services.delivery_replay(delivery=delivery),
        lambda: services.secret_rotate(endpoint=endpoint, actor="key:7"),
        lambda: services.endpoint_change(endpoint=endpoint, enabled=False, actor="key:7"),
        lambda: services.endpoint_delete(endpoint=endpoint, actor="key:7"),
    ):
        with pytest.raises(EndpointNotFound):
            ask()


def test_nothing_is_asked_of_a_disabled_endpoint(create: Callable[..., Endpoint], tenant: Tenant) -> None:
    """Neither a test nor a replay: it would not be sent."""
    endpoint = create()
    emit(tenant)
    services.endpoint_change(endpoint=endpoint, enabled=False, actor="key:7")
    with pytest.raises(EndpointDisabled):
        services.endpoint_test(endpoint=endpoint)
    with pytest.raises(EndpointDisabled):
        services.delivery_replay(delivery=selectors.deliveries(endpoint).get())


def test_to_enable_is_to_begin_anew(create: Callable[..., Endpoint]) -> None:
    """The days that it was failing are forgotten, as they are where the address is another."""
    endpoint = create()
    since = datetime(2026, 1, 1, tzinfo=UTC)
    for change in ({"enabled": True}, {"url": URL}):
        Endpoint.objects.update(failing_since=since)
        services.endpoint_change(endpoint=endpoint, actor="key:7", **change)
        assert Endpoint.objects.get().failing_since is None
    Endpoint.objects.update(failing_since=since)
    services.endpoint_change(endpoint=endpoint, events=[], actor="key:7")
    assert Endpoint.objects.get().failing_since == since


def test_to_disable_twice_keeps_the_first_reason(create: Callable[..., Endpoint]) -> None:
    """It is gone, whatever its team says afterwards."""
    endpoint = create()
    Endpoint.objects.update(disabled_at=datetime(2026, 1, 1, tzinfo=UTC), disabled_reason="gone")
    changed = services.endpoint_change(endpoint=endpoint, enabled=False, actor="key:7")
    assert changed.disabled_reason == "gone"


def test_a_test_comes_to_who_asked(create: Callable[..., Endpoint], receiver: Receiver) -> None:
    """Whatever it is told otherwise."""
    endpoint = create(receiver.url, events=("quota.alert",))
    create()
    delivery = services.endpoint_test(endpoint=endpoint)
    assert (delivery.endpoint, delivery.message.type) == (endpoint, "webhook.test")
    assert Delivery.objects.count() == 1
