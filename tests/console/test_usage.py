"""The usage page: what it shows, to whom, and what it costs to show."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Tenant
from accounts.services import api_key_create
from billing.services import plan_set
from tests.console.visitors import member_of
from tests.factories import make_done, make_plan, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = np.zeros(24_000, np.float32)  # one second
MIDNIGHT = datetime(2024, 10, 31, 16, tzinfo=UTC)  # 1 November, 0:00 in Shanghai
NOVEMBER = "/usage?from=2024-11-01&to=2024-11-30"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def viewer(tenant: Tenant) -> Client:
    return member_of(tenant, "viewer")


def shown(client: Client, address: str = "/usage", status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_figures_of_chosen_days(viewer: Client, tenant: Tenant) -> None:
    """Tiles, the table of the chart's figures and the shares; a neighbour's usage is nowhere."""
    key, _ = api_key_create(tenant=tenant, name="shop <b>")
    make_done(tenant, SILENCE, text="字" * 1234, api_key=key, at=MIDNIGHT)
    make_done(tenant, SILENCE, text="控制台。", at=MIDNIGHT + timedelta(days=29))
    make_done(make_tenant(), SILENCE, text="邻居。" * 1000, at=MIDNIGHT)
    page = shown(viewer, NOVEMBER)
    for told in ("1,238", "shop &lt;b&gt;", "99.7%", "2024-11-30", "Console", "2.0 s"):
        assert told in page
    assert "3,000" not in page


def test_every_metric_and_group_has_its_chart(viewer: Client, tenant: Tenant) -> None:
    """With its unit, and links that keep all else that was chosen."""
    make_done(tenant, SILENCE, at=MIDNIGHT)
    units = {"characters": "Characters", "speech": "Minutes", "cache": "Percent", "latency": "Seconds"}
    for metric, unit in units.items():
        assert f">{unit}" in shown(viewer, f"{NOVEMBER}&metric={metric}&by=voice")
    page = shown(viewer, f"{NOVEMBER}&metric=concurrency&by=member")
    assert "Most requests at once" in page
    assert "/usage?from=2024-11-01&amp;to=2024-11-30&amp;by=key&amp;metric=concurrency" in page
    assert "/v1/usage/report?from=2024-11-01&amp;to=2024-11-30&amp;group_by=member&amp;format=csv" in page
    assert "/statement/2024-11" in page


def test_the_quota_and_what_is_to_be_expected(viewer: Client, tenant: Tenant) -> None:
    """What is used of it, the day it ends, the end of the month, and how that was reckoned."""
    for days_ago in range(1, 8):
        make_done(tenant, SILENCE, text="字" * 100, at=timezone.now() - timedelta(days=days_ago))
    assert "without a limit" in shown(viewer)
    plan_set(tenant=tenant, plan_name=make_plan(characters=800).name)
    page = shown(viewer)
    assert "of 800 characters used" in page
    assert "mean of the last seven full days, 100 characters" in page
    plan_set(tenant=tenant, plan_name=make_plan(characters=1).name)
    assert "At this pace the quota ends on" in shown(viewer)


def test_a_team_that_spoke_nothing(viewer: Client) -> None:
    """The next step, instead of an empty chart."""
    page = shown(viewer)
    assert "Nothing was spoken in these days" in page
    assert "usage-plot" not in page


def test_addresses_nobody_links_to(viewer: Client) -> None:
    """404; days that cannot be shown are explained beside the form."""
    for query in ("range=year", "by=tenant", "metric=money"):
        assert viewer.get(f"/usage?{query}").status_code == 404
    assert "at most 365 days later" in shown(viewer, "/usage?from=2024-11-30&to=2024-11-01", 400)
    assert "such as 2026-11-26" in shown(viewer, "/usage?from=yesterday&to=today", 400)


def test_in_chinese(tenant: Tenant) -> None:
    """The same page in the member's language."""
    make_done(tenant, SILENCE, at=MIDNIGHT)
    page = shown(member_of(tenant, language="zh-hans"), NOVEMBER)
    for told in ("<h1>用量</h1>", "用量构成", "预计本月底约为"):
        assert told in page


@pytest.mark.parametrize("days", ["range=90", "range=today"])
def test_more_usage_takes_no_more_questions(tenant: Tenant, days: str) -> None:
    """Of the database, however many keys, voices and days there are."""
    viewer, now = member_of(tenant, "viewer"), timezone.now()

    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            shown(viewer, f"/usage?{days}")
        return len(questions)

    make_done(tenant, SILENCE, api_key=api_key_create(tenant=tenant)[0], at=now)
    few = asked()
    for number in range(4):
        key, _ = api_key_create(tenant=tenant)
        make_done(tenant, SILENCE, api_key=key, voice=f"voice-{number}", at=now - timedelta(hours=40 * number))
    assert asked() == few <= 24
