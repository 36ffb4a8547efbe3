"""A team hears once a period that its quota is nearly, and that it is wholly, used up."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import Tenant
from accounts.services import member_add, user_create
from billing import selectors, services, tasks
from billing.alerts import services as alerts
from billing.alerts.models import Alert
from billing.errors import QuotaExceeded
from billing.limits.services import quota_raise
from billing.services import Reservation
from webhooks.models import Endpoint, Message
from webhooks.signing import new_secret
from webhooks.tasks import deliver

pytestmark = pytest.mark.django_db(transaction=True)

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]
Speak = Callable[..., None]

TURN = datetime(2026, 11, 30, 16, tzinfo=UTC)  # of the month in Shanghai


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that would have been sent to a worker."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.mail_alerts, "delay", lambda: sent.append("mail_alerts"))
    return sent


@pytest.fixture
def speak(reserve: Reserve) -> Speak:
    """speak(tenant, characters): reserved and settled."""

    def speak(tenant: Tenant, characters: int, at: datetime | None = None) -> None:
        synthesis = uuid.uuid4()
        reserve(tenant, characters, synthesis_id=synthesis, at=at)
        with transaction.atomic():
            services.settle(synthesis_id=synthesis, characters=characters, at=at)

    return speak


def people(tenant: Tenant) -> None:
    for role in ("owner", "admin", "member", "viewer"):
        user = user_create(username=role, password="a long word to guess", email=f"{role}@example.org")
        member_add(tenant=tenant, user=user, role=role)
    silent = user_create(username="silent", password="a long word to guess")
    member_add(tenant=tenant, user=silent, role="owner")


def levels() -> list[tuple[int, int]]:
    return list(Alert.objects.order_by("percent").values_list("percent", "used"))


def test_each_level_once(tenant: Tenant, speak: Speak, woken: list[str]) -> None:
    """At 79 nothing, at 80 and at 100 one alert each, however many requests cross and follow."""
    speak(tenant, 79)
    assert levels() == []
    speak(tenant, 1)
    speak(tenant, 5)
    assert levels() == [(80, 80)]
    speak(tenant, 15)
    assert levels() == [(80, 80), (100, 100)]
    assert woken == ["mail_alerts"] * 2


def test_both_levels_at_once(tenant: Tenant, speak: Speak) -> None:
    """One long text may cross both."""
    speak(tenant, 100)
    assert levels() == [(80, 100), (100, 100)]


def test_what_is_only_promised_alarms_nobody(tenant: Tenant, reserve: Reserve) -> None:
    """A reservation may be given back."""
    reserve(tenant, 100)
    assert levels() == []


def test_a_new_month_begins_anew(tenant: Tenant, speak: Speak) -> None:
    """The next period has alerts of its own, and the banner of the old one is gone."""
    before = TURN.replace(hour=15)
    speak(tenant, 90, before)
    alert = selectors.quota_alert(tenant.id, at=before)
    assert alert is not None
    assert alert.percent == 80
    assert selectors.quota_alert(tenant.id, at=TURN) is None
    speak(tenant, 80, TURN)
    assert Alert.objects.count() == 2


def test_a_raise_counts(tenant: Tenant, speak: Speak) -> None:
    """The levels are shares of the quota as it is now, raises included."""
    quota_raise(tenant=tenant, characters=100, until=timezone.now() + timedelta(days=1))
    speak(tenant, 159)
    assert levels() == []
    speak(tenant, 1)
    assert levels() == [(80, 160)]


def test_without_a_quota_there_are_no_levels(make_tenant: MakeTenant, speak: Speak) -> None:
    """A plan without limit cannot be used up."""
    speak(make_tenant("free", characters_per_period=None), 1000)
    assert levels() == []


@pytest.fixture
def told(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, object]]]:
    """told(): the messages on their way to a program of the team's."""
    monkeypatch.setattr(deliver, "delay", lambda: None)
    Endpoint.objects.create(tenant=tenant, url="https://example.org/hook", secret=new_secret())
    return lambda: [json.loads(body) for body in Message.objects.order_by("created_at").values_list("body", flat=True)]


def test_programs_are_told_too(
    tenant: Tenant, speak: Speak, reserve: Reserve, told: Callable[[], list[dict[str, object]]]
) -> None:
    """Once a level, in order, with the numbers of the alert and the period; by a refusal as well."""
    speak(tenant, 85, TURN)
    with pytest.raises(QuotaExceeded) as refused:
        reserve(tenant, 16, at=TURN)
    for _ in range(2):
        alerts.quota_refused(tenant.id, refused.value)
    nearly, full = told()
    assert nearly["type"] == full["type"] == "quota.alert"
    assert nearly["data"] == {
        "percent": 80,
        "used": 85,
        "quota": 100,
        "at": "2026-11-30T16:00:00Z",
        "period_start": "2026-11-30T16:00:00Z",
        "period_end": "2026-12-31T16:00:00Z",
    }
    assert isinstance(full["data"], dict)
    assert full["data"]["percent"] == 100


def test_a_rolled_back_settlement_tells_no_program(
    tenant: Tenant, reserve: Reserve, told: Callable[[], list[dict[str, object]]]
) -> None:
    """The message is queued in the settling transaction or not at all."""
    synthesis = uuid.uuid4()
    reserve(tenant, 100, synthesis_id=synthesis)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.settle(synthesis_id=synthesis, characters=100)
        assert len(told()) == 2
        raise ZeroDivisionError
    assert told() == []


def test_a_rolled_back_settlement_alarms_nobody(tenant: Tenant, reserve: Reserve, woken: list[str]) -> None:
    """The alert is written in the settling transaction or not at all."""
    synthesis = uuid.uuid4()
    reserve(tenant, 100, synthesis_id=synthesis)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.settle(synthesis_id=synthesis, characters=100)
        raise ZeroDivisionError
    assert (levels(), woken) == ([], [])


def test_a_refusal_is_a_full_quota(tenant: Tenant, speak: Speak, reserve: Reserve, woken: list[str]) -> None:
    """The last characters may never be used, for no text is so short: the first refusal tells, once."""
    speak(tenant, 97)
    for _ in range(2):
        with pytest.raises(QuotaExceeded) as refused:
            reserve(tenant, 10)
        alerts.quota_refused(tenant.id, refused.value)
    assert levels() == [(80, 97), (100, 97)]
    assert len(woken) == 2


def test_one_text_too_long_for_an_empty_quota_is_no_alarm(tenant: Tenant, reserve: Reserve) -> None:
    """The quota is hardly touched."""
    reserve(tenant, 10)
    with pytest.raises(QuotaExceeded) as refused:
        reserve(tenant, 91)
    alerts.quota_refused(tenant.id, refused.value)
    assert levels() == []


def test_owners_and_admins_are_mailed(tenant: Tenant, speak: Speak) -> None:
    """In the installation's language, once, whoever is woken how often."""
    people(tenant)
    speak(tenant, 85)
    tasks.mail_alerts()
    tasks.mail_alerts()
    (sent,) = mail.outbox
    assert sent.to == ["admin@example.org", "owner@example.org"]
    assert sent.subject == "声坊：团队 alice-team 已使用 80% 的字符额度"
    assert "100 个字符已使用 85 个" in sent.body


def test_a_team_without_addresses_is_told_by_the_banner_alone(tenant: Tenant, speak: Speak) -> None:
    """Nothing is sent, and it is not tried for ever."""
    speak(tenant, 85)
    assert alerts.mail_waiting() == 1
    assert mail.outbox == []
    assert alerts.mail_waiting() == 0


def test_a_mail_server_that_is_away_is_tried_again(
    tenant: Tenant, speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert stays unsent until the next beat."""
    people(tenant)
    speak(tenant, 85)

    def refuse(*args: object) -> None:
        raise SMTPServerDisconnected("away")

    with monkeypatch.context() as away:
        away.setattr(alerts, "send_mail", refuse)
        with pytest.raises(SMTPServerDisconnected):
            tasks.mail_alerts()
    assert alerts.mail_waiting() == 1
    assert len(mail.outbox) == 1


def test_a_broker_that_is_away_loses_no_alert(tenant: Tenant, speak: Speak, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settlement holds, and the next beat mails."""

    def refuse() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(tasks.mail_alerts, "delay", refuse)
    speak(tenant, 85)
    assert Alert.objects.filter(mailed_at=None).count() == 1


def test_two_mailers_send_one_mail(tenant: Tenant, speak: Speak) -> None:
    """An alert that another worker is mailing is passed over."""
    people(tenant)
    speak(tenant, 85)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM billing_alert FOR UPDATE")

        def other() -> int:
            try:
                return alerts.mail_waiting()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(other).result() == 0
    assert mail.outbox == []
