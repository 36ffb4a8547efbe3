"""`/v1/usage` and the month's statement: who used what, adding up to the ledger."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Tenant
from accounts.services import api_key_create
from billing.models import Counter, LedgerEntry
from billing.services import plan_set
from billing.usage.selectors import statement
from tests.factories import make_done, make_plan, make_queued, make_tenant
from tts_engine import queue
from tts_engine.errors import SynthesisFailed

MakeKey = Callable[..., dict[str, str]]
Get = Callable[..., Any]  # Django's test client adds json() to its responses

SILENCE = np.zeros(2400, np.float32)  # 100 ms
MIDNIGHT = datetime(2026, 11, 30, 16, tzinfo=UTC)  # 1 December, 0:00 in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def get(key: MakeKey) -> Get:
    """get(path, header=value, ...): the answer to a key that may see usage."""
    authorization = key("usage")

    def get(path: str, **headers: str) -> Any:
        return Client().get(path, headers={**authorization, **headers})

    return get


@pytest.fixture
def app_key(tenant: Tenant) -> ApiKey:
    made, _ = api_key_create(tenant=tenant, name="app")
    return made


def test_usage_of_a_quiet_tenant(get: Get) -> None:
    """Nothing used, nothing to foretell."""
    told = get("/v1/usage").json()
    assert (told["used"], told["reserved"], told["by_key"], told["by_voice"]) == (0, 0, [], [])
    assert told["forecast"] == {
        "characters_a_day": 0.0,
        "quota_ends_on": None,
        "characters_at_month_end": 0,
    }


def test_usage_by_key_and_voice(get: Get, tenant: Tenant, app_key: ApiKey) -> None:
    """The quota as the ledger has it; shares greatest first; what waits is reserved and in no share."""
    plan_set(tenant=tenant, plan_name=make_plan(characters=100).name)
    make_done(tenant, SILENCE, text="你好。", api_key=app_key)
    make_done(tenant, SILENCE, text="今天天气很好。", api_key=app_key, voice="yunxi")
    make_done(tenant, SILENCE, text="早。")
    make_queued(tenant, text="还在等。")
    told = get("/v1/usage").json()
    assert (told["limit"], told["used"], told["reserved"], told["remaining"]) == (100, 12, 4, 84)
    assert [(share["name"], share["last4"], share["billed_characters"]) for share in told["by_key"]] == [
        ("app", app_key.last4, 10),
        (None, None, 2),
    ]
    assert [(share["voice"], share["requests"], share["billed_characters"]) for share in told["by_voice"]] == [
        ("yunxi", 1, 7),
        ("xiaoxiao", 2, 5),
    ]
    assert told["by_voice"][0]["audio_ms"] == 100


def test_the_forecast_is_the_mean_of_seven_full_days(get: Get, tenant: Tenant) -> None:
    """21 characters in the last seven days are 3 a day; with 6 left the quota ends in two days, today not counted."""
    now = timezone.now()
    for days_ago in (1, 7):
        make_done(tenant, SILENCE, text="十个半字的一句话。。", at=now - timedelta(days=days_ago))
    make_done(tenant, SILENCE, text="。", at=now - timedelta(days=3))
    make_done(tenant, SILENCE, text="太久以前了。", at=now - timedelta(days=8))
    used = get("/v1/usage").json()["used"]
    plan_set(tenant=tenant, plan_name=make_plan(characters=used + 6).name)
    told = get("/v1/usage").json()
    assert told["forecast"]["characters_a_day"] == 3.0
    ends = timezone.localdate(timezone=SHANGHAI) + timedelta(days=2)
    in_time = ends < datetime.fromisoformat(told["resets_at"]).astimezone(SHANGHAI).date()
    assert told["forecast"]["quota_ends_on"] == (ends.isoformat() if in_time else None)


def test_a_quota_without_end_or_already_ended(get: Get, tenant: Tenant) -> None:
    """No limit, no day; nothing left, today."""
    make_done(tenant, SILENCE)
    assert get("/v1/usage").json()["forecast"]["quota_ends_on"] is None
    plan_set(tenant=tenant, plan_name=make_plan(characters=3).name)
    today = timezone.localdate(timezone=SHANGHAI).isoformat()
    assert get("/v1/usage").json()["forecast"]["quota_ends_on"] == today


@pytest.fixture
def december(tenant: Tenant, app_key: ApiKey) -> None:
    """Two keys, two voices, two days; a failure; a neighbour; one request on each side of the month."""
    second = timedelta(seconds=1)
    make_done(tenant, SILENCE, text="前一个月的。", at=MIDNIGHT - second)
    make_done(tenant, SILENCE, text="第一秒。", at=MIDNIGHT, api_key=app_key)
    make_done(tenant, SILENCE, text="同一天。", at=MIDNIGHT + second, api_key=app_key)
    make_done(tenant, SILENCE, text="另一个声音。", at=MIDNIGHT + second, voice="yunxi")
    make_done(tenant, SILENCE, text="最后一秒。", at=MIDNIGHT + timedelta(days=31) - second)
    make_done(tenant, SILENCE, text="后一个月的一句。", at=MIDNIGHT + timedelta(days=31))
    make_queued(tenant, text="失败。", at=MIDNIGHT)
    failed = queue.claim()
    assert failed is not None
    queue.fail(failed, SynthesisFailed("no", code="synthesis_failed"))
    make_done(make_tenant(), SILENCE, at=MIDNIGHT)


@pytest.mark.usefixtures("december")
def test_a_statement_by_day_key_and_voice(get: Get, app_key: ApiKey) -> None:
    """As JSON; whoever asks without a month gets this one."""
    told = get("/v1/usage/statement?month=2026-12").json()
    lines = [
        (line["day"], line["api_key"], line["voice"], line["requests"], line["failed"], line["billed_characters"])
        for line in told["data"]
    ]
    assert lines == [
        ("2026-12-01", "app", "xiaoxiao", 2, 0, 8),
        ("2026-12-01", "", "xiaoxiao", 0, 1, 0),
        ("2026-12-01", "", "yunxi", 1, 0, 6),
        ("2026-12-31", "", "xiaoxiao", 1, 0, 5),
    ]
    assert told["total"]["billed_characters"] == 19
    assert get("/v1/usage/statement").json()["month"] == f"{timezone.localdate(timezone=SHANGHAI):%Y-%m}"


@pytest.mark.usefixtures("december")
def test_a_statement_adds_up_to_the_ledger(tenant: Tenant) -> None:
    """To the last character, month by month: what the ledger settled, and what the period's counter used."""
    for counter in Counter.objects.filter(tenant=tenant):
        month = counter.period_start.astimezone(SHANGHAI).date()
        total = statement(tenant.id, month).total.billed_characters
        settled = LedgerEntry.objects.filter(counter=counter, kind="settle").aggregate(sum=Sum("characters"))["sum"]
        assert total == settled == counter.used > 0
    assert Counter.objects.filter(tenant=tenant).count() == 3


@pytest.mark.usefixtures("december")
@pytest.mark.parametrize(("query", "accept"), [("&format=csv", "*/*"), ("", "text/csv")])
def test_a_statement_for_a_spreadsheet(get: Get, app_key: ApiKey, query: str, accept: str) -> None:
    """CSV that Excel reads as UTF-8, by `format` or `Accept`; the last line is the sum of those above it."""
    answer = get(f"/v1/usage/statement?month=2026-12{query}", Accept=accept)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="voxhouse-2026-12.csv"'
    *lines, total = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert lines[0] == {
        "day": "2026-12-01",
        "api_key_id": str(app_key.id),
        "api_key": "app",
        "voice": "xiaoxiao",
        "requests": "2",
        "cached": "0",
        "failed": "0",
        "billed_characters": "8",
        "audio_ms": "200",
    }
    assert total["day"] == "total"
    for name in ("requests", "failed", "billed_characters", "audio_ms"):
        assert int(total[name]) == sum(int(line[name]) for line in lines)


def test_a_name_is_no_formula(get: Get, tenant: Tenant) -> None:
    """What a spreadsheet would run is marked as text."""
    sly, _ = api_key_create(tenant=tenant, name='=HYPERLINK("x")')
    make_done(tenant, SILENCE, api_key=sly)
    (line, _) = csv.DictReader(io.StringIO(get("/v1/usage/statement?format=csv").content.decode("utf-8-sig")))
    assert line["api_key"] == '\'=HYPERLINK("x")'


def test_a_month_without_requests(get: Get) -> None:
    """An empty statement is one, with a total of nothing."""
    told = get("/v1/usage/statement?month=2020-02").json()
    assert (told["data"], told["total"]["billed_characters"]) == ([], 0)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("month=2026-13", "month"),
        ("month=november", "month"),
        ("month=9999-12", "month"),
        ("month=0001-01", "month"),
        ("format=pdf", "format"),
        ("moth=2026-11", "moth"),
    ],
)
def test_what_is_no_statement(get: Get, query: str, param: str) -> None:
    """400 that names the member."""
    answer = get(f"/v1/usage/statement?{query}")
    assert (answer.status_code, answer.json()["param"]) == (400, param)


def test_a_tenant_sees_its_own_days_only(tenant: Tenant, get: Get) -> None:
    """A neighbour's requests are nowhere."""
    make_done(make_tenant(), SILENCE)
    assert get("/v1/usage").json()["by_voice"] == []
    assert statement(tenant.id, timezone.localdate(timezone=SHANGHAI).replace(day=1)).lines == []
