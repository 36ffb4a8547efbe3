"""A message goes out signed, at least once, until it is accepted or given up."""

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.conf import settings as running
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from accounts.models import AuditEvent, Tenant
from tests.system.instance import until
from tests.webhooks.conftest import Later, send_due
from tests.webhooks.receiver import Receiver, listening
from webhooks import courier, queue, services, tasks
from webhooks.events import Event
from webhooks.models import Attempt, Delivery, Endpoint, Message
from webhooks.outbound import Answer
from webhooks.signing import new_secret

NOW = timedelta(0)
# The specification's own, word for word: the waits before each attempt.
SCHEDULE = [
    NOW,
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
]
MOMENT = timedelta(seconds=1)


def tell(tenant: Tenant, **data: Any) -> Message:
    with transaction.atomic():
        message = services.emit(tenant.id, Event.QUOTA_ALERT, data)
    assert message is not None
    return message


def attempts() -> list[tuple[int, int | None]]:
    return list(Attempt.objects.order_by("delivery", "number").values_list("number", "status_code"))


def test_a_message_as_it_arrives(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """Headers and body as Standard Webhooks says; the specification's own package finds it genuine."""
    message = tell(tenant, percent=80, 团队="甲")
    assert send_due() == 1
    (request,) = receiver.received
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "Voxhouse-Webhooks/1"
    assert request.headers["webhook-id"] == message.id
    assert message.id.startswith("msg_")
    told = request.verified(endpoint.secret)
    assert list(told) == ["type", "timestamp", "data"]
    assert (told["type"], told["data"]) == ("quota.alert", {"percent": 80, "团队": "甲"})
    assert datetime.fromisoformat(told["timestamp"]) == message.created_at
    delivery = Delivery.objects.get()
    assert (delivery.status, attempts()) == ("delivered", [(1, 204)])
    assert send_due() == 0


def test_a_forged_message_is_found_out(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """One byte, another secret: the package refuses both."""
    tell(tenant, percent=80)
    send_due()
    (request,) = receiver.received
    with pytest.raises(WebhookVerificationError):
        type(request)(request.method, request.path, request.headers, request.body + b" ").verified(endpoint.secret)
    with pytest.raises(WebhookVerificationError):
        request.verified(new_secret())


def test_a_secret_is_long_enough(endpoint: Endpoint) -> None:
    """whsec_ and base64 of 24 to 64 random bytes."""
    prefix, encoded = endpoint.secret[:6], endpoint.secret[6:]
    assert prefix == "whsec_"
    assert 24 <= len(base64.b64decode(encoded, validate=True)) <= 64
    assert endpoint.secret != new_secret()


def test_while_a_secret_is_replaced_both_sign(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later
) -> None:
    """Whoever still verifies with the old one is told; after the overlap the new one alone signs."""
    rotated = services.secret_rotate(endpoint=endpoint, actor="operator")
    assert rotated.secret != endpoint.secret
    tell(tenant, percent=80)
    later(NOW)
    tell(tenant, percent=100)
    later(running.WEBHOOK_ROTATION)
    during, after = receiver.received
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    for secret in (endpoint.secret, rotated.secret):
        assert during.verified(secret)["data"] == {"percent": 80}
    assert after.verified(rotated.secret)["data"] == {"percent": 100}
    assert len(after.headers["webhook-signature"].split(" ")) == 1


def test_a_second_rotation_ends_the_oldest_secret(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """At most two sign: who rotates twice in haste has lost both."""
    services.secret_rotate(endpoint=endpoint, actor="operator")
    services.secret_rotate(endpoint=endpoint, actor="operator")
    tell(tenant)
    send_due()
    with pytest.raises(WebhookVerificationError):
        receiver.received[0].verified(endpoint.secret)


def test_the_schedule_of_attempts(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later) -> None:
    """Ten attempts, each at its time and not before, with one id and one body; then it is given up."""
    assert running.WEBHOOK_SCHEDULE == SCHEDULE
    for _ in SCHEDULE:
        receiver.will_answer(500, body=b"out of order")
    tell(tenant)
    made = send_due()
    for number, wait in enumerate(SCHEDULE[1:], start=1):
        assert (made, attempts()[-1]) == (number, (number, 500))
        assert later(wait - MOMENT) == 0
        made += later(MOMENT)
    assert made == len(SCHEDULE)
    assert Delivery.objects.get().status == "failed"
    assert later(timedelta(days=1)) == 0
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert len({request.body for request in receiver.received}) == 1


def test_each_attempt_is_signed_at_its_time(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver refuses timestamps of more than five minutes ago, retries must not be."""
    receiver.will_answer(500)
    tell(tenant)
    send_due()
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    Delivery.objects.update(next_at=timezone.now() - timedelta(days=2))
    send_due()
    first, second = receiver.received
    assert second.headers["webhook-timestamp"] == str(int(tomorrow.timestamp()))
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("status", [200, 202, 299])
def test_accepted(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, status: int) -> None:
    """Any 2xx."""
    receiver.will_answer(status)
    tell(tenant)
    send_due()
    assert Delivery.objects.get().status == "delivered"


@pytest.mark.parametrize("status", [302, 304, 400, 404, 500])
def test_not_accepted(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later, status: int) -> None:
    """Anything else, a redirect too, and it is sent again."""
    receiver.will_answer(status, {"Location": receiver.url})
    tell(tenant)
    send_due()
    assert Delivery.objects.get().status == "pending"
    assert later(timedelta(seconds=5)) == 1
    assert attempts() == [(1, status), (2, 204)]


def test_the_log_keeps_what_was_answered(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """The beginning of any bytes, as text."""
    receiver.will_answer(500, body=b"\xff\x00" + b"x" * 10_000)
    tell(tenant)
    send_due()
    attempt = Attempt.objects.get()
    assert attempt.answer == "\ufffd\ufffd" + "x" * 4094
    assert attempt.error == ""


def test_nobody_there(tenant: Tenant, this_machine_is_allowed: None, later: Later) -> None:
    """Is logged as the reason, and tried again."""
    services.endpoint_create(tenant_id=tenant.id, url="http://127.0.0.1:1/", actor="operator")
    tell(tenant)
    send_due()
    attempt = Attempt.objects.get()
    assert attempt.status_code is None
    assert "refused" in attempt.error
    assert later(timedelta(seconds=5)) == 1


def test_an_address_that_is_no_longer_allowed(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, settings: Settings
) -> None:
    """The rule of now counts, not that of the day on which the endpoint was saved."""
    settings.WEBHOOK_ALLOW_NETWORKS = [ip_network("10.0.0.0/8")]
    tell(tenant)
    send_due()
    assert "not on the public network" in Attempt.objects.get().error
    assert receiver.received == []


def test_retry_after_is_honoured(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later) -> None:
    """It puts an attempt off, but brings none forward, and for a day at most."""
    receiver.will_answer(429, {"Retry-After": "60"})
    receiver.will_answer(503, {"Retry-After": "60"})
    receiver.will_answer(503, {"Retry-After": "999999999"})
    tell(tenant)
    send_due()
    assert later(timedelta(seconds=59)) == 0
    assert later(MOMENT) == 1
    assert later(timedelta(minutes=4, seconds=59)) == 0
    assert later(MOMENT) == 1
    assert later(timedelta(hours=23)) == 0
    assert later(timedelta(hours=1)) == 1


def test_gone_disables(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later) -> None:
    """410: this endpoint wants nothing more, neither this message nor another."""
    receiver.will_answer(410)
    tell(tenant)
    with capture_logs() as events:
        send_due()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
    assert Delivery.objects.get().status == "failed"
    with transaction.atomic():
        assert services.emit(tenant.id, Event.QUOTA_ALERT, {}) is None
    assert "webhook_disabled" in [event["event"] for event in events]
    assert AuditEvent.objects.filter(action="webhook.disable", details__reason="gone").exists()


def test_who_accepts_nothing_for_days_is_disabled(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later
) -> None:
    """Five days after the first failure in a row, not before."""
    for _ in range(3):
        receiver.will_answer(500)
    tell(tenant)
    send_due()
    later(running.WEBHOOK_FAILING - timedelta(minutes=1))
    endpoint.refresh_from_db()
    assert endpoint.enabled
    later(timedelta(minutes=5))
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "failing")
    assert Delivery.objects.get().status == "failed"


def test_one_acceptance_begins_anew(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later) -> None:
    """What has failed before is forgotten."""
    receiver.will_answer(500)
    tell(tenant)
    send_due()
    later(timedelta(days=4))
    receiver.will_answer(500)
    tell(tenant)
    send_due()
    later(timedelta(days=4))
    endpoint.refresh_from_db()
    assert endpoint.enabled
    assert endpoint.failing_since is None


def test_what_waits_for_a_disabled_endpoint_is_not_sent(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """Its time comes and passes; the log says so, and it can be replayed."""
    tell(tenant)
    services.endpoint_change(endpoint=endpoint, enabled=False, actor="operator")
    send_due()
    assert receiver.received == []
    assert Delivery.objects.get().status == "failed"
    assert Attempt.objects.get().error == courier.DISABLED
    services.endpoint_change(endpoint=endpoint, enabled=True, actor="operator")
    services.delivery_replay(delivery=Delivery.objects.get())
    send_due()
    assert len(receiver.received) == 1


def test_a_replay_is_the_same_message(tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later) -> None:
    """The id by which its receiver knows it, the same body; attempts of its own, beside the log of before."""
    receiver.will_answer(200)
    receiver.will_answer(500)
    tell(tenant)
    send_due()
    again = services.delivery_replay(delivery=Delivery.objects.get())
    send_due()
    later(timedelta(seconds=5))
    first, second, third = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == third.headers["webhook-id"]
    assert first.body == second.body == third.body
    assert attempts() == [(1, 200), (1, 500), (2, 204)]
    assert again.message_id == first.headers["webhook-id"]


# --- The queue --------------------------------------------------------------------------------


def test_a_sender_that_went_away_is_made_up_for(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, later: Later
) -> None:
    """Killed after its claim: nobody else takes the row until the lease ends, then another sends it."""
    message = tell(tenant)
    assert queue.claim() is not None
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
    slow = queue.claim()
    Delivery.objects.update(next_at=F("next_at") - running.WEBHOOK_LEASE, leased_until=timezone.now())
    other = queue.claim()
    assert slow is not None
    assert other is not None
    failed = queue.Outcome(timezone.now(), 1, Answer(500, b"", None))
    assert not queue.finish(slow, failed)
    assert queue.finish(other, queue.Outcome(timezone.now(), 1, Answer(204, b"", None)))
    assert not queue.finish(slow, failed)
    assert (Delivery.objects.get().status, attempts()) == ("delivered", [(2, 204)])


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """What each of so many threads got, all begun at once."""
    ready = threading.Barrier(count)

    def run(_: int) -> Any:
        ready.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def test_many_senders_send_each_message_once(
    tenant: Tenant, endpoint: Endpoint, receiver: Receiver, settings: Settings
) -> None:
    """No row is claimed twice."""
    settings.WEBHOOK_AT_ONCE = 100
    told = {tell(tenant, number=number).id for number in range(40)}
    assert sum(in_threads(8, send_due)) == 40
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
    own = courier.Courier()
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
        sending = thread.submit(in_threads, 1, send_due)
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
    own = courier.Courier()

    def fail() -> bool:
        raise ConnectionError("away")

    with monkeypatch.context() as away, capture_logs() as events:
        away.setattr(courier, "deliver_next", fail)
        own.wake()
        until(lambda: not own._running)
    assert [event["event"] for event in events] == ["courier_failed"]
    own.wake()
    until(lambda: receiver.received)
    until(lambda: not own._running)


def test_old_messages_are_forgotten(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """With their deliveries and attempts, after the time they are kept."""
    for age in (running.WEBHOOK_KEEP + timedelta(minutes=1), running.WEBHOOK_KEEP - timedelta(minutes=1)):
        message = tell(tenant)
        Message.objects.filter(id=message.id).update(created_at=timezone.now() - age)
    send_due()
    tasks.tidy()
    assert (Message.objects.get(), Delivery.objects.count(), Attempt.objects.count()) == (message, 1, 1)
