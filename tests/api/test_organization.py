"""OpenAI's usage contract: buckets, pages, groups and narrowing; from hours and from requests alike."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, Member, Tenant
from accounts.services import api_key_create, member_add, user_create
from billing.reconciliation import reconcile
from billing.usage.models import HourlyUsage
from tests.factories import make_done, make_queued, make_tenant
from tts_engine.buckets import Cut, Span, usage_buckets
from tts_engine.models import Synthesis

MakeKey = Callable[..., dict[str, str]]
Ask = Callable[..., Any]

SILENCE = np.zeros(240, np.float32)
START = datetime(2026, 3, 31, 16, tzinfo=UTC)  # 1 April, 0:00 in Shanghai
SECONDS = int(START.timestamp())
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def ask(key: MakeKey) -> Ask:
    """ask(member=value, ...): the page, or with status=400 the error."""
    authorization = key("usage")

    def ask(*, status: int = 200, **members: Any) -> Any:
        answer = Client().get("/v1/organization/usage/audio_speeches", members, headers=authorization)
        assert answer.status_code == status, answer.content
        return answer.json() if status == 200 else answer.json()["error"]

    return ask


@pytest.fixture
def app_key(tenant: Tenant) -> ApiKey:
    made, _ = api_key_create(tenant=tenant, name="app")
    return made


def speak(tenant: Tenant, seconds: float, text: str = "你好。", **made: Any) -> Synthesis:
    return make_done(tenant, SILENCE, text=text, at=START + timedelta(seconds=seconds), **made)


def totals(page: Any) -> list[tuple[int, int] | None]:
    """(characters, requests) of each bucket without groups; None of an empty one."""
    return [
        next(((result["characters"], result["num_model_requests"]) for result in bucket["results"]), None)
        for bucket in page["data"]
    ]


@pytest.mark.parametrize(("name", "width"), [("1m", MINUTE), ("1h", HOUR), ("1d", DAY)])
def test_buckets_of_each_width(ask: Ask, tenant: Tenant, name: str, width: int) -> None:
    """From start_time on; the start belongs to a bucket and its end to the next; empty ones are there too."""
    for at in (-0.001, 0, width - 0.001, width, 3 * width):
        speak(tenant, at)
    page = ask(start_time=SECONDS, end_time=SECONDS + 3 * width, bucket_width=name)
    assert [(bucket["start_time"] - SECONDS, bucket["end_time"] - SECONDS) for bucket in page["data"]] == [
        (0, width),
        (width, 2 * width),
        (2 * width, 3 * width),
    ]
    assert totals(page) == [(6, 2), (3, 1), None]
    assert (page["object"], page["has_more"], page["next_page"]) == ("page", False, None)


def test_the_shape_of_a_result(ask: Ask, tenant: Tenant) -> None:
    """Every member of OpenAI's is there; what was not grouped by is null."""
    speak(tenant, 0)
    (bucket,) = ask(start_time=SECONDS, end_time=SECONDS + 1)["data"]
    assert bucket["object"] == "bucket"
    assert bucket["results"] == [
        {
            "object": "organization.usage.audio_speeches.result",
            "characters": 3,
            "num_model_requests": 1,
            "project_id": None,
            "user_id": None,
            "api_key_id": None,
            "model": None,
        }
    ]


def test_pages(ask: Ask, tenant: Tenant) -> None:
    """`limit` buckets a page; `next_page` leads on; all pages together are all buckets."""
    for day in range(5):
        speak(tenant, day * DAY, text="字" * (day + 1))
    asked = {"start_time": SECONDS, "end_time": SECONDS + 5 * DAY, "limit": 2}
    pages = [ask(**asked)]
    while pages[-1]["has_more"]:
        pages.append(ask(**asked, page=pages[-1]["next_page"]))
    assert [totals(page) for page in pages] == [[(1, 1), (2, 1)], [(3, 1), (4, 1)], [(5, 1)]]
    assert ask(**asked, page=99)["data"] == []


@pytest.mark.parametrize(("name", "usual"), [("1m", 60), ("1h", 24), ("1d", 7)])
def test_how_many_buckets_a_page_has_unasked(ask: Ask, name: str, usual: int) -> None:
    """As OpenAI's: an hour, a day, a week."""
    assert len(ask(start_time=0, end_time=SECONDS, bucket_width=name)["data"]) == usual


def test_until_now_without_an_end(ask: Ask, tenant: Tenant) -> None:
    """The last bucket is the one that still goes on."""
    make_done(tenant, SILENCE)
    now = int(datetime.now(UTC).timestamp())
    page = ask(start_time=now - MINUTE, bucket_width="1m")
    assert (3, 1) in totals(page)
    assert len(page["data"]) == 2


def grouped(page: Any, *names: str) -> list[tuple[Any, ...]]:
    return [(*(result[name] for name in names), result["characters"]) for b in page["data"] for result in b["results"]]


@pytest.fixture
def member(tenant: Tenant) -> Member:
    return member_add(tenant=tenant, user=user_create(username="mei", password="a long word to guess"), role="member")


@pytest.fixture(params=[0, 1], ids=["hours", "requests"])
def shift(request: pytest.FixtureRequest) -> int:
    """Seconds after the full hour: its sums answer, or the requests do, for the hour is cut."""
    return int(request.param)


def test_groups(ask: Ask, tenant: Tenant, app_key: ApiKey, shift: int) -> None:
    """By any columns together, from days and requests alike; a request without a key is in a group of its own."""
    speak(tenant, 5, api_key=app_key)
    speak(tenant, 6, text="四个字。", api_key=app_key)
    speak(tenant, 7, text="没有钥匙。")
    asked = {"start_time": SECONDS + shift, "end_time": SECONDS + shift + DAY}
    found = grouped(ask(**asked, **{"group_by[]": ["api_key_id", "model"]}), "api_key_id", "model")
    assert sorted(found, key=str) == sorted([(str(app_key.id), "kokoro", 7), (None, "kokoro", 5)], key=str)
    by_project = ask(**asked, group_by="project_id")
    assert grouped(by_project, "project_id", "model") == [(str(tenant.id), None, 12)]


def test_narrowing(ask: Ask, tenant: Tenant, app_key: ApiKey, shift: int) -> None:
    """To keys, models and projects; a foreign one has nothing."""
    speak(tenant, 5, api_key=app_key)
    speak(tenant, 7, text="没有钥匙。")
    asked = {"start_time": SECONDS + shift, "end_time": SECONDS + shift + DAY}
    assert totals(ask(**asked, **{"api_key_ids[]": str(app_key.id)})) == [(3, 1)]
    assert totals(ask(**asked, models=["kokoro", "tts-1"])) == [(8, 2)]
    assert totals(ask(**asked, models="tts-1")) == [None]
    assert totals(ask(**asked, project_ids=str(tenant.id))) == [(8, 2)]
    assert totals(ask(**asked, project_ids=str(uuid4()))) == [None]


def test_users_are_members(ask: Ask, tenant: Tenant, member: Member, shift: int) -> None:
    """What a member spoke at the console is theirs; what came with a key is nobody's."""
    speak(tenant, 5, member=member)
    speak(tenant, 6, text="没有人。")
    asked = {"start_time": SECONDS + shift, "end_time": SECONDS + shift + DAY}
    assert grouped(ask(**asked, group_by="user_id"), "user_id") == [(str(member.id), 3), (None, 4)]
    assert totals(ask(**asked, user_ids=[member.id])) == [(3, 1)]
    assert totals(ask(**asked, user_ids=[10**30])) == [None]


def test_who_left_is_still_told(ask: Ask, tenant: Tenant, member: Member) -> None:
    """The number of a member stays in what was spoken, so that no sum changes when somebody goes."""
    speak(tenant, 0, member=member)
    left, _ = member.id, member.user.delete()
    for start in (SECONDS, SECONDS - 1):
        assert grouped(ask(start_time=start, end_time=SECONDS + DAY, group_by="user_id"), "user_id") == [(str(left), 3)]
    assert reconcile() == []


@pytest.fixture
def spoken(tenant: Tenant) -> list[Synthesis]:
    """Requests on both sides of four full hours."""
    return [speak(tenant, hour * HOUR + at) for hour in range(4) for at in (-0.001, 0, 1, 1800)]


@given(
    start=st.integers(0, 2 * HOUR),
    length=st.integers(1, 8 * HOUR),
    width=st.sampled_from([MINUTE, HOUR, DAY]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_buckets_are_the_sums_of_their_requests(
    spoken: list[Synthesis], start: int, length: int, width: int
) -> None:
    """Wherever they begin and end, and whatever hours they cut: nothing is lost, doubled or in the wrong bucket."""
    begins = START + timedelta(seconds=start)
    span = Span(begins, begins + timedelta(seconds=length), timedelta(seconds=width))
    expected: Counter[int] = Counter()
    for synthesis in spoken:
        if span.start <= synthesis.created_at < span.end:
            expected[(synthesis.created_at - span.start) // span.width] += synthesis.characters
    found = usage_buckets(spoken[0].tenant_id, span, Cut())
    assert {bucket: group.characters for bucket, (group,) in found.items()} == expected


def test_whole_hours_come_from_the_sums_alone(ask: Ask, tenant: Tenant) -> None:
    """However many requests there were; only an hour that an edge cuts is read from its requests."""
    speak(tenant, 30)
    asked = {"end_time": SECONDS + DAY, "limit": 1}
    assert totals(ask(start_time=SECONDS, **asked)) == totals(ask(start_time=SECONDS + 1, **asked)) == [(3, 1)]
    HourlyUsage.objects.all().delete()
    assert totals(ask(start_time=SECONDS, **asked)) == [None]
    assert totals(ask(start_time=SECONDS + 1, **asked)) == [(3, 1)]


@pytest.mark.parametrize(
    ("start", "hours", "width", "cut"),
    [
        ("00:00", 24, DAY, []),
        ("16:00", 24 * 31, DAY, []),  # midnight in Shanghai
        ("18:30", 48, DAY, ["18:00", "18:00", "18:00"]),  # midnight in Kolkata
        ("00:00", 2, HOUR, []),
        ("00:10", 2, HOUR, ["00:00", "01:00", "02:00"]),
        ("00:00", 2, MINUTE, ["00:00", "01:00"]),
    ],
)
def test_which_hours_are_cut(start: str, hours: int, width: int, cut: list[str]) -> None:
    """Those into which an edge of a bucket falls; of whole hours in any zone, none."""
    begins = datetime.fromisoformat(f"2026-04-01T{start}+00:00")
    span = Span(begins, begins + timedelta(hours=hours), timedelta(seconds=width))
    assert [f"{hour:%H:%M}" for hour in span.cut_hours()] == cut


def test_only_what_was_answered_counts(ask: Ask, tenant: Tenant) -> None:
    """What waits, and what another tenant spoke, is in no bucket."""
    make_done(make_tenant(), SILENCE, at=START)
    make_queued(tenant, at=START)
    for start in (SECONDS, SECONDS - 1):
        assert totals(ask(start_time=start, end_time=SECONDS + 10, limit=1)) == [None]


@pytest.mark.parametrize(
    ("members", "param", "code"),
    [
        ({}, "start_time", "missing_required_parameter"),
        ({"start_time": "yesterday"}, "start_time", "invalid_type"),
        ({"start_time": -1}, "start_time", "decimal_below_min_value"),
        ({"start_time": 10**15}, "start_time", "decimal_above_max_value"),
        ({"start_time": 10, "end_time": 10}, "end_time", "invalid_value"),
        ({"start_time": 10, "bucket_width": "1w"}, "bucket_width", "invalid_value"),
        ({"start_time": 10, "limit": 32}, "limit", "decimal_above_max_value"),
        ({"start_time": 10, "limit": 0}, "limit", "decimal_below_min_value"),
        ({"start_time": 10, "page": "x"}, "page", "invalid_type"),
        ({"start_time": 10, "group_by": "voice"}, "group_by.0", "invalid_value"),
        ({"start_time": 10, "api_key_ids": "x"}, "api_key_ids.0", "invalid_type"),
        ({"start_time": 10, "colour": "red"}, "colour", "unknown_parameter"),
    ],
)
def test_what_is_refused(ask: Ask, members: dict[str, Any], param: str, code: str) -> None:
    """In OpenAI's envelope, with the member's name."""
    error = ask(status=400, **members)
    assert (error["param"], error["code"]) == (param, code)
