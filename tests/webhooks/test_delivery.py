"""A message goes out signed, at least once, until it is accepted or given up."""

import base64
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from django.conf import settings as running
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from accounts.models import AuditEvent, Tenant
from tests.webhooks.conftest import MOMENT, Later, attempts, send_due, tell
from tests.webhooks.receiver import Receiver
from webhooks import courier, services, tasks
from webhooks.events import Event
from webhooks.models import Attempt, Delivery, Endpoint, Message
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


def test_old_messages_are_forgotten(tenant: Tenant, endpoint: Endpoint, receiver: Receiver) -> None:
    """With their deliveries and attempts, after the time they are kept."""
    for age in (running.WEBHOOK_KEEP + timedelta(minutes=1), running.WEBHOOK_KEEP - timedelta(minutes=1)):
        message = tell(tenant)
        Message.objects.filter(id=message.id).update(created_at=timezone.now() - age)
    send_due()
    tasks.tidy()
    assert (Message.objects.get(), Delivery.objects.count(), Attempt.objects.count()) == (message, 1, 1)
