"""Many senders, each message once at a time: leases, slow endpoints, the threads of a worker process."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as running
from django.db import connection
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from accounts.models import Tenant
from tests.system.instance import until
from tests.threads import at_once
from tests.webhooks.conftest import MOMENT, Later, attempts, send_due, tell
from tests.webhooks.receiver import Receiver, listening
from webhooks import courier, services, tasks
from webhooks.models import Delivery, Endpoint
from webhooks.outbound import Answer
from webhooks.queue import Outcome, messages


def test_a_sender_that_went_away_is_made_up_for(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later
) -> None:
    """Killed after its claim: nobody else takes the row until the lease ends, then another sends it."""
    message = tell(tenant)
    assert messages.claim() is not None
    assert later(running.WEBHOOK_LEASE - MOMENT) == 0
    assert later(MOMENT) == 1
    assert receiver.received[0].headers["webhook-id"] == message.id
    assert attempts() == [(2, 204)]


def test_a_lease_outlasts_the_timeout() -> None:
    """Or every slow endpoint would be sent everything twice."""
    assert running.WEBHOOK_LEASE > 2 * running.WEBHOOK_TIMEOUT


def test_who_lost_the_lease_has_no_say(tenant: Tenant, endpoint: Endpoint) -> None:
    """The outcome of a sender that was too slow changes nothing, while another sends and after it."""
    tell(tenant)
    slow = messages.claim()
    Delivery.objects.update(next_at=F("next_at") - running.WEBHOOK_LEASE, leased_until=timezone.now())
    other = messages.claim()
    assert slow is not None
    assert other is not None
    failed = Outcome(timezone.now(), 1, Answer(500, b"", None))
    assert not messages.finish(slow, failed)
    assert messages.finish(other, Outcome(timezone.now(), 1, Answer(204, b"", None)))
    assert not messages.finish(slow, failed)
    assert (Delivery.objects.get().status, attempts()) == ("delivered", [(2, 204)])


def test_many_senders_send_each_message_once(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, settings: Settings
) -> None:
    """No row is claimed twice."""
    settings.WEBHOOK_AT_ONCE = 100
    told = {tell(tenant, number=number).id for number in range(40)}
    assert sum(at_once(8, send_due)) == 40
    received = [request.headers["webhook-id"] for request in receiver.received]
    assert (len(received), set(received)) == (40, told)


@pytest.fixture
def slow(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> Receiver:
    """Twenty messages wait for an endpoint that lets its senders wait."""
    receiver.holds.clear()
    for number in range(20):
        tell(tenant, number=number)
    return receiver


def test_a_slow_endpoint_does_not_hold_up_the_others(tenant: Tenant, slow: Receiver) -> None:
    """It keeps some of the courier's threads, and another's message passes it at once."""
    own = courier.Courier(courier.deliver_next, senders=lambda: running.WEBHOOK_SENDERS)
    with listening() as other:
        for _ in range(running.WEBHOOK_SENDERS):
            own.wake()
        until(lambda: len(slow.received) == running.WEBHOOK_AT_ONCE)
        services.endpoint_create(tenant_id=tenant.id, url=other.url, actor="operator")
        message = tell(tenant)
        own.wake()
        until(lambda: other.received)
        assert other.received[0].headers["webhook-id"] == message.id
    assert len(slow.received) == running.WEBHOOK_AT_ONCE < running.WEBHOOK_SENDERS
    slow.holds.set()
    until(lambda: not own._running)
    send_due()
    assert len(slow.received) == 21


def test_nothing_holds_a_connection_while_it_waits(slow: Receiver) -> None:
    """A server that lets us wait must not take the database from those who speak."""
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(at_once, 1, send_due)
        until(lambda: slow.received)
        connection.close()
        counts: dict[str, int] = connection.pool.get_stats()  # type: ignore[attr-defined]  # the stubs lack it
        slow.holds.set()
        sending.result()
    assert counts["pool_available"] == counts["pool_size"]


def test_the_task_wakes_the_courier_and_returns(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, woken: list[str]
) -> None:
    """A worker's own threads are free for speech while something is sent."""
    receiver.holds.clear()
    tell(tenant)
    assert woken == ["deliver"]
    tasks.deliver()
    until(lambda: receiver.received)
    assert Delivery.objects.get().status == "pending"
    receiver.holds.set()
    until(lambda: not courier.courier()._running)
    assert Delivery.objects.get().status == "delivered"


def test_a_courier_that_fails_says_so_and_goes_on(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be away for a moment; the next wake-up finds the courier able."""
    tell(tenant)
    own = courier.courier()

    def fail() -> Delivery | None:
        raise ConnectionError("away")

    with monkeypatch.context() as away, capture_logs() as events:
        away.setattr(messages, "claim", fail)
        own.wake()
        until(lambda: not own._running)
    assert [event["event"] for event in events] == ["courier_failed"]
    own.wake()
    until(lambda: receiver.received)
    until(lambda: not own._running)
