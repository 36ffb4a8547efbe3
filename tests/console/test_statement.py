"""The month's statement as a page to print."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Tenant
from accounts.services import api_key_create, member_add, user_create
from tests.factories import make_done, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = np.zeros(24_000, np.float32)  # one second
APRIL = datetime(2026, 3, 31, 16, tzinfo=UTC)  # 1 April, 0:00 in Shanghai


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def mei(tenant: Tenant) -> Client:
    """A viewer of the team, who reads English."""
    user = user_create(username="mei", password="a long word to guess")
    member_add(tenant=tenant, user=user, role="viewer")
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_month_by_day_key_and_voice(mei: Client, tenant: Tenant) -> None:
    """Each line and the total; a neighbour's requests are nowhere."""
    key, _ = api_key_create(tenant=tenant, name="shop <b>")
    make_done(tenant, SILENCE, text="字" * 1234, api_key=key, at=APRIL)
    make_done(tenant, SILENCE, text="控制台。", voice="yunxi", at=APRIL + timedelta(days=29))
    make_done(make_tenant(), SILENCE, text="邻居。", voice="yunjian", at=APRIL)
    page = mei.get("/statement/2026-04").content.decode()
    for told in ("2026-04-01", "shop &lt;b&gt;", "1,234", "2026-04-30", "Console", "yunxi", "1,238"):
        assert told in page
    assert "yunjian" not in page


def test_months_lead_to_each_other_and_to_the_spreadsheet(mei: Client) -> None:
    """Back without end, forth until this month, and the same as CSV with the member's session."""
    now = timezone.now()
    page = mei.get("/statement/2026-01").content.decode()
    assert 'href="/statement/2025-12" rel="prev"' in page
    assert 'href="/statement/2026-02" rel="next"' in page
    assert 'rel="next"' not in mei.get("/statement").content.decode()
    assert f"/statement/{now.year - 1}-" in mei.get(f"/statement/{now.year}-01").content.decode()
    link = "/v1/usage/statement?month=2026-01&format=csv"
    assert link.replace("&", "&amp;") in page
    assert mei.get(link).content.decode("utf-8-sig").startswith("day,api_key_id,")


def test_in_chinese(mei: Client) -> None:
    """The same page in the member's language."""
    page = mei.get("/statement/2026-01", headers={"accept-language": "zh-hans"}).content.decode()
    assert '<h1 id="title">对账单 ' in page
    assert "这个月没有朗读记录" in page


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "november", "1999-12", "2026-1"])
def test_what_is_no_month(mei: Client, month: str) -> None:
    """404, not an error."""
    assert mei.get(f"/statement/{month}").status_code == 404


def test_without_a_team_there_is_no_statement() -> None:
    """403 with the page that says what to do."""
    user = user_create(username="dora", password="a long word to guess")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/statement").status_code == 403
