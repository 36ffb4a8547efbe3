"""Usage over time, by key, voice and member: the same figures as days, statement and ledger have."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Member, Tenant
from accounts.services import api_key_create, member_add, user_create
from billing.models import LedgerEntry
from billing.usage.selectors import Days
from tests.factories import make_done, make_queued, make_tenant
from tts_engine import queue
from tts_engine.report import By, days_between, report
from tts_engine.services import synthesis_delete

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = np.zeros(2400, np.float32)  # 100 ms
SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2024, 10, 31, 16, tzinfo=UTC)  # 1 November, 0:00 in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOVEMBER = date(2024, 11, 1)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def mei(tenant: Tenant) -> Member:
    user = user_create(username=f"mei-{tenant.name}", password="a long word to guess")
    return member_add(tenant=tenant, user=user, role="member")


def test_days_and_whose_they_are(tenant: Tenant, mei: Member) -> None:
    """Each day is there, also the empty one; parts have names, the greatest is first; the days before are summed."""
    key, _ = api_key_create(tenant=tenant, name="app")
    make_done(tenant, SILENCE, text="六个字的文本", api_key=key, at=MIDNIGHT)
    make_done(tenant, SILENCE, text="两字", member=mei, at=MIDNIGHT + 2 * DAY)
    make_done(tenant, SILENCE, text="三个字", member=mei, voice="yunxi", at=MIDNIGHT + 3 * DAY - HOUR)
    make_done(tenant, SILENCE, text="前一天", at=MIDNIGHT - HOUR)
    make_done(make_tenant(), SILENCE, at=MIDNIGHT)
    days = Days(NOVEMBER, NOVEMBER + 3 * DAY)
    found = report(tenant.id, days, By.KEY)
    assert [moment.all.facts.billed_characters for moment in found.moments] == [6, 0, 5]
    assert [moment.begin for moment in found.moments] == [NOVEMBER + n * DAY for n in range(3)]
    assert [(part.name, part.measures.facts.billed_characters) for part in found.parts] == [(str(key), 6), (None, 5)]
    assert (found.before.facts.billed_characters, found.compared) == (3, Days(NOVEMBER - 3 * DAY, NOVEMBER))
    assert [part.name for part in report(tenant.id, days, By.MEMBER).parts] == [None, mei.user.username]
    assert [part.value for part in report(tenant.id, days, By.VOICE).parts] == ["xiaoxiao", "yunxi"]


def test_a_day_by_hours_is_the_day(tenant: Tenant) -> None:
    """Hours of the tenant's zone, from the requests; they add up to what the days say, to each bucket of latency."""
    for minutes in (0, 30, 1439):
        make_done(tenant, SILENCE, at=MIDNIGHT + timedelta(minutes=minutes))
    hours, days = (report(tenant.id, Days(NOVEMBER, NOVEMBER + n * DAY), By.VOICE) for n in (1, 2))
    assert [n for n, moment in enumerate(hours.moments) if moment.all.facts.requests] == [0, 23]
    assert hours.moments[23].begin == datetime(2024, 11, 1, 23, tzinfo=SHANGHAI)
    assert (hours.total.facts, hours.total.speed) == (days.total.facts, days.total.speed)


def test_it_is_what_the_ledger_billed(tenant: Tenant) -> None:
    """Also once a request's text and audio are deleted: its counts stay."""
    rows = [make_done(tenant, SILENCE, text="字" * n, at=MIDNIGHT + n * DAY) for n in (1, 2, 3)]
    synthesis_delete(rows[0])
    settled = LedgerEntry.objects.filter(counter__tenant=tenant, kind="settle").aggregate(sum=Sum("characters"))["sum"]
    found = report(tenant.id, Days(NOVEMBER, NOVEMBER + 30 * DAY), By.KEY)
    assert found.total.facts.billed_characters == settled == 6


def test_today_is_compared_with_yesterday_by_now(tenant: Tenant) -> None:
    """What yesterday's evening brought is not held against this morning; hours to come are not there."""
    now = timezone.now()
    today = timezone.localdate(now, SHANGHAI)
    make_done(tenant, SILENCE, text="之前", at=now - DAY - timedelta(seconds=5))
    make_done(tenant, SILENCE, text="之后的", at=now - DAY + timedelta(minutes=1))
    found = report(tenant.id, Days(today, today + DAY), By.KEY)
    early = (now - DAY - timedelta(seconds=5)).astimezone(SHANGHAI).date() < today - DAY
    assert found.before.facts.billed_characters == (0 if early else 2)
    assert len(found.moments) == timezone.localtime(now, SHANGHAI).hour + 1


def test_the_most_at_once(tenant: Tenant) -> None:
    """Of the hour in which they ended, of its day and of all; a part of the usage has none."""
    today = timezone.localdate(timezone=SHANGHAI)
    for row in [make_queued(tenant) for _ in range(3)]:
        queue.cancel(row)
    make_done(tenant, SILENCE)
    for days in (Days(today, today + DAY), Days(today - DAY, today + DAY)):
        found = report(tenant.id, days, By.KEY)
        assert (found.total.at_once, found.moments[-1].all.at_once, found.parts[0].measures.at_once) == (3, 3, None)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2024, 10, 27), 25),
        ("Europe/Berlin", date(2024, 3, 31), 23),
        ("Asia/Kolkata", NOVEMBER, 24),
    ],
)
def test_hours_where_clocks_are_set(tenant: Tenant, zone: str, day: date, hours: int) -> None:
    """A day has the hours that passed in it, each from the full hour of its zone on."""
    Tenant.objects.filter(id=tenant.id).update(time_zone=zone)
    moments = report(tenant.id, Days(day, day + DAY), By.KEY).moments
    assert len(moments) == hours
    assert {moment.begin.minute for moment in moments if isinstance(moment.begin, datetime)} == {0}


@pytest.mark.parametrize(
    ("first", "last"), [("2024-11-02", "2024-11-01"), ("2023-01-01", "2024-01-02"), ("1999-12-31", "2000-01-01")]
)
def test_days_that_cannot_be_asked_for(first: str, last: str) -> None:
    """In the wrong order, more than a year, before there was anything."""
    assert days_between(date.fromisoformat(first), date.fromisoformat(last)) is None
