"""Every night the platform looks whether its accounts agree, and tells the operators if they do not."""

from collections.abc import Callable

import pytest
from celery.schedules import crontab
from django.conf import settings
from django.core import mail
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from accounts.models import Tenant
from billing.models import Counter
from billing.tasks import reconcile_nightly
from config.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def operators(settings: Settings) -> None:
    settings.ADMINS = [("operator", "ops@example.org")]


@pytest.fixture
def drift(tenant: Tenant, reserve: Callable[..., object]) -> None:
    reserve(tenant, 10)
    Counter.objects.update(used=42)


def test_beat_asks_every_night() -> None:
    """The schedule names a task that a worker knows, once a day."""
    entry = settings.CELERY_BEAT_SCHEDULE["reconcile"]
    app.autodiscover_tasks(force=True)
    assert entry["task"] in app.tasks
    assert entry["schedule"] == crontab(hour=18, minute=30)


def test_a_quiet_night(tenant: Tenant, reserve: Callable[..., object]) -> None:
    """Nothing is wrong: no event, no mail."""
    reserve(tenant, 10)
    with capture_logs() as events:
        assert reconcile_nightly() == 0
    assert (events, mail.outbox) == ([], [])


@pytest.mark.usefixtures("drift")
def test_a_night_with_a_drift() -> None:
    """One error event and one letter name the number, what it is and what it should be; nothing is touched."""
    with capture_logs() as events:
        assert reconcile_nightly() == 1
    (event,) = events
    assert (event["event"], event["log_level"]) == ("ledger_drift", "error")
    assert (event["what"], event["found"], event["expected"]) == ("used", 42, 0)
    (letter,) = mail.outbox
    assert letter.to == ["ops@example.org"]
    assert letter.subject == "[Voxhouse] The accounts do not agree: 1 differences"
    assert "tenant alice-team" in letter.body
    assert "used is 42 and should be 0" in letter.body
    assert Counter.objects.get().used == 42


@pytest.mark.usefixtures("drift")
def test_without_operators_the_log_tells(settings: Settings) -> None:
    """Nobody to write to is no reason to stay silent."""
    settings.ADMINS = []
    with capture_logs() as events:
        reconcile_nightly()
    assert len(events) == 1
    assert mail.outbox == []
