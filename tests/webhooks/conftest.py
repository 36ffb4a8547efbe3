"""A team, a program of its own that listens on this machine, and time that passes when it is told to."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from accounts.models import Tenant
from accounts.services import tenant_create
from tests.webhooks.receiver import Receiver
from tests.webhooks.receiver import receiver as receiver
from tests.webhooks.receiver import this_machine_is_allowed as this_machine_is_allowed
from webhooks import services, tasks
from webhooks.courier import deliver_next
from webhooks.events import Event
from webhooks.models import Attempt, Delivery, Endpoint, Message

Later = Callable[[timedelta], int]
MOMENT = timedelta(seconds=1)


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    """Committed, for senders give their connection back while they send."""
    return tenant_create(name="alice-team")


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that would have been sent to a worker."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.deliver, "delay", lambda: sent.append("deliver"))
    return sent


@pytest.fixture
def endpoint(tenant: Tenant, receiver: Receiver) -> Endpoint:
    return services.endpoint_create(tenant_id=tenant.id, url=receiver.url, actor="operator")


@pytest.fixture
def later() -> Later:
    """later(time): that much time goes by, and what is due then is sent; how many attempts."""

    def later(time: timedelta) -> int:
        # What is stored moves back instead of the clock moving on: it is PostgreSQL's.
        Delivery.objects.update(next_at=F("next_at") - time, leased_until=F("leased_until") - time)
        Endpoint.objects.update(
            failing_since=F("failing_since") - time, previous_secret_until=F("previous_secret_until") - time
        )
        return send_due()

    return later


def send_due() -> int:
    count = 0
    while deliver_next():
        count += 1
    return count


def tell(tenant: Tenant, **data: Any) -> Message:
    with transaction.atomic():
        message = services.emit(tenant.id, Event.QUOTA_ALERT, data)
    assert message is not None
    return message


def attempts() -> list[tuple[int, int | None]]:
    return list(Attempt.objects.order_by("delivery", "number").values_list("number", "status_code"))
