"""`/v1/usage/report`: what the console's usage page shows, for programs and spreadsheets."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts.models import Tenant
from accounts.services import api_key_create, member_add, user_create
from tests.factories import make_done, make_tenant

MakeKey = Callable[..., dict[str, str]]
Get = Callable[..., Any]  # Django's test client adds json() to its responses

SILENCE = np.zeros(2400, np.float32)  # 100 ms
MIDNIGHT = datetime(2024, 10, 31, 16, tzinfo=UTC)  # 1 November, 0:00 in Shanghai
THREE_DAYS = "/v1/usage/report?from=2024-11-01&to=2024-11-03"


@pytest.fixture
def get(key: MakeKey) -> Get:
    """get(path, header=value, ...): the answer to a key that may see usage."""
    authorization = key("usage")

    def get(path: str, **headers: str) -> Any:
        return Client().get(path, headers={**authorization, **headers})

    return get


@pytest.fixture
def spoken(tenant: Tenant) -> None:
    """Two requests of a key with a sly name, one of a member, one of a neighbour."""
    sly, _ = api_key_create(tenant=tenant, name='=HYPERLINK("x")')
    mei = member_add(tenant=tenant, user=user_create(username="mei", password="a long word to guess"), role="member")
    make_done(tenant, SILENCE, text="四字文本", api_key=sly, at=MIDNIGHT)
    make_done(tenant, SILENCE, text="两字", api_key=sly, at=MIDNIGHT + timedelta(days=2))
    make_done(tenant, SILENCE, text="三个字", member=mei, voice="yunxi", at=MIDNIGHT + timedelta(days=2))
    make_done(make_tenant(), SILENCE, at=MIDNIGHT)


@pytest.mark.usefixtures("spoken")
def test_days_groups_and_the_days_before(get: Get) -> None:
    """Every day with what its groups used, the groups with how fast they were answered, all beside the days before."""
    told = get(f"{THREE_DAYS}&group_by=member").json()
    assert (told["bucket_width"], told["group_by"], told["previous"]["from"]) == ("1d", "member", "2024-10-29")
    assert [(day["start"], day["billed_characters"]) for day in told["data"]] == [
        ("2024-11-01", 4),
        ("2024-11-02", 0),
        ("2024-11-03", 5),
    ]
    assert [(group["name"], group["billed_characters"]) for group in told["groups"]] == [(None, 6), ("mei", 3)]
    assert {group["id"]: group["requests"] for group in told["data"][2]["groups"]} == {
        None: 1,
        told["groups"][1]["id"]: 1,
    }
    assert told["total"]["first_audio_ms"]["p50"] >= 100_000  # made years ago and spoken now
    assert "concurrent_requests" in told["total"]
    assert "concurrent_requests" not in told["groups"][0]


@pytest.mark.usefixtures("spoken")
def test_one_day_is_told_by_hours(get: Get) -> None:
    """With the distance of the team's zone from UTC."""
    told = get("/v1/usage/report?from=2024-11-01&to=2024-11-01&group_by=voice").json()
    assert (told["bucket_width"], len(told["data"]), told["data"][0]["start"]) == (
        "1h",
        24,
        "2024-11-01T00:00:00+08:00",
    )
    assert told["data"][0]["groups"][0]["id"] == "xiaoxiao"


@pytest.mark.usefixtures("spoken")
@pytest.mark.parametrize(("query", "accept"), [("&format=csv", "*/*"), ("", "text/csv")])
def test_for_a_spreadsheet(get: Get, query: str, accept: str) -> None:
    """A line for each day and group, then the total; a name is no formula."""
    answer = get(f"{THREE_DAYS}{query}", Accept=accept)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="voxhouse-usage-2024-11-01-2024-11-03-key.csv"'
    )
    *lines, total = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [(line["day"], line["key"][:3], line["billed_characters"]) for line in lines] == [
        ("2024-11-01", "'=H", "4"),
        ("2024-11-03", "'=H", "2"),
        ("2024-11-03", "", "3"),
    ]
    assert (total["day"], total["billed_characters"]) == ("total", "9")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("group_by=tenant", "group_by"),
        ("from=2024-11-02&to=2024-11-01", "to"),
        ("from=2023-01-01&to=2024-11-01", "to"),
        ("from=yesterday", "from"),
        ("form=2024-11-01", "form"),
    ],
)
def test_what_is_no_report(get: Get, query: str, param: str) -> None:
    """400 that names the member."""
    answer = get(f"/v1/usage/report?{query}")
    assert (answer.status_code, answer.json()["param"]) == (400, param)
