"""Every request adds itself to its tenant's day once, and `reconcile` finds each day that says something else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Tenant
from accounts.services import api_key_create, member_add, user_create
from billing.reconciliation import Drift, reconcile
from billing.usage.facts import UsageFacts
from billing.usage.latency import NOTHING, UNMEASURED, bucket
from billing.usage.models import DailyUsage, HourlyPeak, HourlyUsage
from billing.usage.selectors import daily_facts
from billing.usage.services import usage_add, usage_values
from tests.factories import make_done, make_plan, make_queued, make_tenant, speak_queued
from tts_engine import queue
from tts_engine.errors import SynthesisFailed
from tts_engine.models import Synthesis
from tts_engine.services import Caller, Order, synthesis_request
from tts_engine.usage import rebuild

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = np.zeros(2400, np.float32)  # 100 ms
MIDNIGHT = datetime(2026, 11, 30, 16, tzinfo=UTC)  # 1 December, 0:00 in Shanghai


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant(plan=make_plan(cached_rate=50))


def the_day(**narrow: Any) -> dict[str, Any]:
    """The one row of DailyUsage there is, without its key."""
    (row,) = DailyUsage.objects.filter(**narrow).values()
    return {name: value for name, value in row.items() if value and name not in {"id", "tenant_id"}}


def row_of_one(ms: int | None) -> list[int]:
    """Counts in which one request took so long."""
    counts = list(NOTHING)
    counts[bucket(ms) - 1] = 1
    return counts


def add(tenant: Tenant, facts: UsageFacts) -> None:
    usage_add(
        usage_values(
            tenant_id=tenant.id, api_key_id=None, member_id=None, voice="v", model="m", at=MIDNIGHT, facts=facts
        )
    )


def claimed() -> Synthesis:
    row = queue.claim()
    assert row is not None
    return row


def fail_next() -> None:
    queue.fail(claimed(), SynthesisFailed("no", code="synthesis_failed"))


def test_an_answered_request_adds_every_fact(tenant: Tenant) -> None:
    """Each number of its row, with what rounds rounded up."""
    key, _ = api_key_create(tenant=tenant)
    text = "好" * 300 + "。"  # the factory counts 2 bytes of GBK a character: 602
    row = make_done(tenant, SILENCE, text=text, api_key=key, at=MIDNIGHT)
    assert the_day() == {
        "day": date(2026, 12, 1),
        "api_key_id": key.id,
        "voice": "xiaoxiao",
        "model": "kokoro",
        "requests": 1,
        "billed_characters": 301,
        "hanzi": 300,
        "other_characters": 1,
        "normalised_hanzi": 300,
        "normalised_other_characters": 1,
        "gbk_bytes": 602,
        "utf8_bytes": 903,
        "gbk_blocks_120": 6,
        "calls_300": 2,
        "audio_ms": 100,
        "busy_ms": row.synthesis_ms,
        "waits": row_of_one(row.queue_ms),
        "first_audio": row_of_one((row.queue_ms or 0) + 1),
    }


def test_days_are_sums(tenant: Tenant) -> None:
    """The same key, voice and model on one day are one row; another voice or key is another."""
    key, _ = api_key_create(tenant=tenant)
    for text in ("你好。", "早。"):
        make_done(tenant, SILENCE, text=text, at=MIDNIGHT)
    make_done(tenant, SILENCE, at=MIDNIGHT, voice="yunxi")
    make_done(tenant, SILENCE, at=MIDNIGHT, api_key=key)
    assert the_day(voice="xiaoxiao", api_key=None)["billed_characters"] == 5
    assert DailyUsage.objects.count() == 3
    assert reconcile() == []


def test_days_tell_members_apart(tenant: Tenant) -> None:
    """What two people speak at the console is two rows; the number of one who has left stays."""
    for name in ("mei", "an"):
        user = user_create(username=f"{name}-{tenant.name}", password="a long word to guess")
        make_done(tenant, SILENCE, at=MIDNIGHT, member=member_add(tenant=tenant, user=user, role="member"))
    DailyUsage.objects.get(member__user__username=f"an-{tenant.name}")
    user.delete()
    assert DailyUsage.objects.filter(api_key=None).exclude(member=None).count() == 2
    assert reconcile() == []


def test_latency_is_of_what_somebody_waited_for(tenant: Tenant) -> None:
    """In its buckets is what a worker spoke; repeats, failures and rows of jobs are counted apart."""
    now = timezone.now()
    for seconds in (1.3, 2.2):
        make_done(tenant, SILENCE, at=now - timedelta(seconds=seconds))
    order = Order(text="你好吗。", voice="xiaoxiao", model="kokoro", audio_format="wav")
    synthesis_request(caller=Caller(tenant_id=tenant.id), order=order)
    speak_queued(SILENCE)
    synthesis_request(caller=Caller(tenant_id=tenant.id), order=order)
    make_queued(tenant)
    fail_next()
    counts = [sum(each) for each in zip(*DailyUsage.objects.values_list("waits", flat=True), strict=True)]
    assert (sum(counts), counts[UNMEASURED - 1]) == (5, 2)
    assert counts[bucket(1300) - 1] == counts[bucket(2200) - 1] == 1
    assert reconcile() == []


def test_the_most_at_once_of_an_hour(tenant: Tenant) -> None:
    """Three open and one ended are three at once; fewer later change nothing, and jobs and neighbours count not."""
    make_queued(make_tenant())
    queue.cancel(make_queued(tenant))
    assert HourlyPeak.objects.get(tenant=tenant).requests == 1
    rows = [make_queued(tenant) for _ in range(3)]
    for row in rows:
        queue.cancel(row)
    queue.cancel(make_queued(tenant))
    assert HourlyPeak.objects.get(tenant=tenant).requests == 3
    assert reconcile() == []


def test_a_tampered_peak_is_named_and_repaired(tenant: Tenant) -> None:
    """As any other counter that the ledger knows better."""
    make_done(tenant, SILENCE)
    HourlyPeak.objects.update(requests=7)
    (drift,) = reconcile(repair=True)
    assert (drift.what, drift.expected, drift.found) == ("requests at once", 1, 7)
    assert reconcile() == []


def test_the_facts_of_each_day(tenant: Tenant) -> None:
    """For a price list: one sum a day over all keys and voices, both ends included, days of failures left out."""
    day = timedelta(days=1)
    for voice in ("xiaoxiao", "yunxi"):
        make_done(tenant, SILENCE, at=MIDNIGHT, voice=voice)
    make_done(tenant, SILENCE, text="早。", at=MIDNIGHT + 2 * day)
    make_done(tenant, SILENCE, at=MIDNIGHT + 3 * day)
    make_done(make_tenant(), SILENCE, at=MIDNIGHT)
    make_queued(tenant, at=MIDNIGHT + day)
    fail_next()
    found = daily_facts(tenant.id, first=date(2026, 12, 1), last=date(2026, 12, 3))
    assert [(facts.day.day, facts.requests, facts.hanzi, facts.calls_300) for facts in found] == [
        (1, 2, 4, 2),
        (3, 1, 1, 1),
    ]


def test_the_day_is_the_tenants_and_the_requests_not_the_answers(tenant: Tenant) -> None:
    """Asked for a second before midnight in Shanghai and answered now: it belongs to November's last day."""
    make_done(tenant, SILENCE, at=MIDNIGHT - timedelta(seconds=1))
    assert the_day()["day"] == date(2026, 11, 30)
    assert reconcile() == []


def test_a_repeat_from_the_cache(tenant: Tenant) -> None:
    """Its facts count again, for a vendor would bill it again; it bills by the plan's rate and keeps no worker busy."""
    order = Order(text="你好吗。", voice="xiaoxiao", model="kokoro", audio_format="wav")
    synthesis_request(caller=Caller(tenant_id=tenant.id), order=order)
    speak_queued(SILENCE)
    again = synthesis_request(caller=Caller(tenant_id=tenant.id), order=order)
    day = the_day()
    assert again.cache_hit
    assert (day["requests"], day["cached"], day["billed_characters"], day["hanzi"]) == (2, 1, 4 + 2, 6)
    assert (day["audio_ms"], day["busy_ms"]) == (200, 1)
    assert reconcile() == []


def test_failed_ones_count_as_failed_and_cancelled_ones_not_at_all(tenant: Tenant) -> None:
    """Neither has facts: nothing was made, nothing is billed."""
    queue.cancel(make_queued(tenant))
    assert not DailyUsage.objects.exists()
    make_queued(tenant)
    fail_next()
    day = the_day()
    assert {name: value for name, value in day.items() if isinstance(value, int)} == {"failed": 1}
    assert not HourlyUsage.objects.exists()
    assert reconcile() == []


def test_a_request_that_is_done_twice_adds_once(tenant: Tenant) -> None:
    """A worker that lost its lease finishes nothing, so nothing is added for it."""
    make_queued(tenant)
    row = claimed()
    assert queue.fail(row, SynthesisFailed("no", code="synthesis_failed"))
    assert not queue.fail(row, SynthesisFailed("no", code="synthesis_failed"))
    assert the_day()["failed"] == 1


@pytest.mark.parametrize("name", ["requests", "failed", "billed_characters", "gbk_blocks_120", "busy_ms"])
def test_a_tampered_day_is_named(tenant: Tenant, name: str) -> None:
    """Tenant, day, key, voice, model and number; what it is and what it should be."""
    make_done(tenant, SILENCE, at=MIDNIGHT)
    right = getattr(DailyUsage.objects.get(), name)
    DailyUsage.objects.update(**{name: F(name) + 5})
    where = f"tenant {tenant.name}, usage of day 2026-12-01, api_key None, member None, voice xiaoxiao, model kokoro"
    assert reconcile() == [Drift(where, name, right, right + 5)]


@pytest.mark.parametrize("name", ["requests", "billed_characters"])
def test_a_tampered_hour_is_named(tenant: Tenant, name: str) -> None:
    """As a day is."""
    make_done(tenant, SILENCE, at=MIDNIGHT)
    right = getattr(HourlyUsage.objects.get(), name)
    HourlyUsage.objects.update(**{name: F(name) + 5})
    where = f"tenant {tenant.name}, usage of hour {MIDNIGHT}, api_key None, member None, model kokoro"
    assert reconcile() == [Drift(where, name, right, right + 5)]


def test_a_lost_day_is_named_and_rebuilt(tenant: Tenant) -> None:
    """All its sums are missing; `rebuild` makes the tenant's days from the rows and leaves others' alone."""
    other = make_tenant()
    make_done(other, SILENCE)
    make_done(tenant, SILENCE)
    make_queued(tenant, text="不行")
    fail_next()
    before = list(DailyUsage.objects.filter(tenant=tenant).values_list("day", "requests", "failed", "hanzi"))
    kept = DailyUsage.objects.get(tenant=other)
    DailyUsage.objects.filter(tenant=tenant).delete()
    assert {drift.found for drift in reconcile()} == {0}
    rebuild(tenant.id)
    assert list(DailyUsage.objects.filter(tenant=tenant).values_list("day", "requests", "failed", "hanzi")) == before
    assert DailyUsage.objects.get(tenant=other).id == kept.id
    assert reconcile() == []


def test_an_upgrade_carries_its_requests_over(tenant: Tenant) -> None:
    """The migrations that brought hours, members, latency and peaks sum them from what is there."""
    key, _ = api_key_create(tenant=tenant)
    for hour in range(3):
        make_done(tenant, SILENCE, at=MIDNIGHT + timedelta(minutes=59 * hour), api_key=key if hour else None)
    make_queued(tenant)
    fail_next()
    HourlyUsage.objects.all().delete()
    HourlyPeak.objects.all().delete()
    DailyUsage.objects.update(hanzi=99)
    latency = import_module("tts_engine.migrations.0014_usage_of_members_latency_peaks")
    hours = import_module("tts_engine.migrations.0005_hours_of_usage")
    with connection.cursor() as cursor:
        for statement in (hours.HOURS, *latency.DAYS.split(";\n"), latency.PEAKS):
            if statement.strip():
                cursor.execute(statement)
    assert HourlyUsage.objects.count() == 3
    assert reconcile() == []


def test_a_day_nobody_spoke_on(tenant: Tenant) -> None:
    """Sums without a request are a drift too."""
    with transaction.atomic():
        add(tenant, UsageFacts(hanzi=3))
    assert [(drift.what, drift.expected, drift.found) for drift in reconcile()] == [
        ("hanzi", 0, 3),
        (f"waits[{UNMEASURED}]", 0, 1),
        (f"first_audio[{UNMEASURED}]", 0, 1),
    ]


def test_adding_needs_the_transaction_of_the_end(tenant: Tenant) -> None:
    """Alone it could be kept while the end of the request is lost."""
    with pytest.raises(transaction.TransactionManagementError):
        add(tenant, UsageFacts())


@pytest.mark.parametrize("wrong", [{"hanzi": -1}, {"cached": 1}])
def test_the_database_refuses_a_day(tenant: Tenant, wrong: dict[str, int]) -> None:
    """No sum is negative, and what came from the cache is a part of all."""
    with pytest.raises(IntegrityError), transaction.atomic():
        DailyUsage.objects.create(tenant=tenant, day=MIDNIGHT.date(), voice="v", model="m", **wrong)


def test_sums_of_no_key_are_one_row(tenant: Tenant) -> None:
    """The console's requests have no key, and two of them are not two rows."""
    days = {"tenant": tenant, "day": MIDNIGHT.date(), "voice": "v", "model": "m", "api_key": None}
    DailyUsage.objects.create(**days)
    with pytest.raises(IntegrityError, match="daily_usage_once"), transaction.atomic():
        DailyUsage.objects.create(**days)
    hours = {"tenant": tenant, "hour": MIDNIGHT, "model": "m", "requests": 1, "billed_characters": 1}
    HourlyUsage.objects.create(**hours)
    with pytest.raises(IntegrityError, match="hourly_usage_once"), transaction.atomic():
        HourlyUsage.objects.create(**hours)


def test_many_at_once_lose_nothing(tenant: Tenant) -> None:
    """Eight at a time end requests of one day: the sums are whole."""

    for _ in range(80):
        make_queued(tenant)
    rows = [claimed() for _ in range(80)]

    def fail(row: Synthesis) -> bool:
        try:
            return queue.fail(row, SynthesisFailed("no", code="synthesis_failed"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(fail, rows))
    assert sum(DailyUsage.objects.values_list("failed", flat=True)) == 80
    assert reconcile() == []


@pytest.mark.parametrize(("ahead", "told"), [(timedelta(hours=1), 0), (timedelta(days=-99), 2**31 - 1)])
def test_a_clock_that_steps_keeps_no_request_from_its_end(tenant: Tenant, ahead: timedelta, told: int) -> None:
    """Made in the future of the worker's clock, or ages ago: it is done, billed and counted on the day it was made."""
    at = timezone.now() + ahead
    assert make_done(tenant, SILENCE, at=at).queue_ms == told
    assert the_day()["day"] == timezone.localdate(at, ZoneInfo("Asia/Shanghai"))
    assert reconcile() == []


def test_the_operator_rebuilds(tenant: Tenant) -> None:
    """`manage.py usage rebuild` sets every tenant's days and hours right, or one; a name that is none is refused."""
    make_done(tenant, SILENCE)
    for names in ([], [tenant.name]):
        DailyUsage.objects.update(hanzi=99)
        HourlyUsage.objects.all().delete()
        call_command("usage", "rebuild", *names, stdout=StringIO())
        assert reconcile() == []
    with pytest.raises(CommandError, match="nobody"):
        call_command("usage", "rebuild", "nobody")
