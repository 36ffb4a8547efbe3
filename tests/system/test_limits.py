"""What ends a tenant's calls: a used-up quota, too many a minute, a key that was revoked or has expired."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import openai
import pytest

from tests.system.instance import Platform

AT_ONCE = 1.0  # seconds within which a key that ended must end everywhere
MakeClient = Callable[[str], openai.OpenAI]


@pytest.fixture
def client(platform: Platform) -> Iterator[MakeClient]:
    """client(key): the unmodified package as it comes, which repeats what it thinks worth repeating."""
    clients: list[openai.OpenAI] = []

    def make(key: str) -> openai.OpenAI:
        clients.append(openai.OpenAI(base_url=f"{platform.url}/v1", api_key=key, timeout=60))
        return clients[-1]

    yield make
    for made in clients:
        made.close()


# One process for all of it: what `manage.py plan create`, `tenant create` and `key create` do.
TEAM = """
from accounts.services import api_key_create, tenant_create
from billing.models import Plan
from billing.services import account_open
plan = Plan.objects.create(name={name!r}, max_text_characters=4096, **{plan})
tenant = tenant_create(name=plan.name)
account_open(tenant=tenant, plan_name=plan.name)
print(api_key_create(tenant=tenant, name="limited")[1])
"""


def team(platform: Platform, name: str, **limits: int) -> str:
    """A key of a new tenant, on a plan of its own with these limits."""
    plan = {"characters_per_period": 1000, "requests_per_minute": 600, "concurrent_requests": 9} | limits
    return platform.python(TEAM.format(name=name, plan=plan)).strip()


def new_key(platform: Platform, tenant: str, *options: str) -> dict[str, str]:
    made: dict[str, str] = json.loads(platform.manage("key", "create", tenant, "--json", *options))
    return made


def watched(client: openai.OpenAI) -> tuple[openai.OpenAI, list[object]]:
    """The client, and every request it sends from now on."""
    sent: list[object] = []
    return client.copy(http_client=openai.DefaultHttpxClient(event_hooks={"request": [sent.append]})), sent


def speak(client: openai.OpenAI, text: str) -> Any:
    return client.audio.speech.create(model="tts-1", voice="alloy", input=text, response_format="pcm")


def test_a_used_up_quota_is_refused_once(platform: Platform, client: MakeClient) -> None:
    """RateLimitError insufficient_quota, x-should-retry false; the package asks once and what fits is still spoken."""
    counting, sent = watched(client(team(platform, "ten-characters", characters_per_period=10)))
    with counting:
        speak(counting, "八个字的一句话。")
        sent.clear()
        with pytest.raises(openai.RateLimitError) as refused:
            speak(counting, "三个字")
        assert len(sent) == 1
        assert (refused.value.code, refused.value.type) == ("insufficient_quota", "insufficient_quota")
        assert refused.value.response.headers["x-should-retry"] == "false"
        assert refused.value.request_id
        assert speak(counting, "两字").content
        history: Any = counting.get("/history", cast_to=object)
    assert [row["billed_characters"] for row in history["data"]] == [2, 8]


def test_too_many_a_minute_are_told_when_to_come_back(platform: Platform, client: MakeClient) -> None:
    """RateLimitError rate_limit_exceeded with retry-after within the minute, and the window in headers."""
    patient = client(team(platform, "three-a-minute", requests_per_minute=3)).with_options(max_retries=0)
    left = [patient.models.with_raw_response.list().headers["x-ratelimit-remaining-requests"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    with pytest.raises(openai.RateLimitError) as refused:
        patient.models.list()
    assert refused.value.code == "rate_limit_exceeded"
    headers = refused.value.response.headers
    assert 1 <= int(headers["retry-after"]) <= 60
    assert "x-should-retry" not in headers
    assert headers["RateLimit-Policy"] == '"requests";q=3;w=60'


def test_a_changed_plan_holds_at_once(platform: Platform, client: MakeClient) -> None:
    """The text that was allowed is too long for the request after the change: 400 with its member."""
    speaker = client(team(platform, "changing"))
    assert speak(speaker, "五个字的话")
    platform.manage("plan", "change", "changing", "--max-text", "4")
    with pytest.raises(openai.BadRequestError) as refused:
        speak(speaker, "五个字的话。")
    assert (refused.value.code, refused.value.param) == ("string_above_max_length", "input")
    platform.manage("plan", "change", "changing", "--max-text", "4096")
    assert speak(speaker, "五个字的话。")


def test_a_key_has_a_rate_of_its_own(platform: Platform, client: MakeClient) -> None:
    """Two a minute of one key; the team's other key goes on within the plan."""
    key = team(platform, "two-keys")
    slow = new_key(platform, "two-keys")
    platform.manage("key", "limit", slow["id"], "--requests-per-minute", "2")
    limited = client(slow["key"]).with_options(max_retries=0)
    left = [limited.models.with_raw_response.list().headers["x-ratelimit-remaining-requests"] for _ in range(2)]
    assert left == ["1", "0"]
    with pytest.raises(openai.RateLimitError) as refused:
        limited.models.list()
    assert refused.value.code == "rate_limit_exceeded"
    assert client(key).models.list().data


def test_a_crowd_of_one_team_is_told_to_wait(platform: Platform, client: MakeClient) -> None:
    """With one place for concurrent requests the second is 429 with retry-after, which the package obeys."""
    key = team(platform, "one-place", concurrent_requests=1)
    long_text = "很久以前，有一座山，山上有一座庙，庙里有一个老和尚，正在给小和尚讲故事。" * 3
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(speak, client(key), long_text)
        time.sleep(0.5)
        assert not first.done()
        with pytest.raises(openai.RateLimitError) as refused:
            speak(client(key).with_options(max_retries=0), "你好。")
        assert refused.value.code == "concurrency_limit_exceeded"
        assert refused.value.response.headers["retry-after"] == "1"
        assert first.result().content
    assert speak(client(key), "你好。").content


def test_a_revoked_key_ends_at_once(platform: Platform, client: MakeClient) -> None:
    """The request after the revocation is refused; the team's other key goes on."""
    made = new_key(platform, "demo", "--name", "revoked")
    leaving = client(made["key"])
    assert leaving.models.list().data
    platform.manage("key", "revoke", made["id"])
    with pytest.raises(openai.AuthenticationError, match="revoked") as refused:
        leaving.models.list()
    assert refused.value.code == "invalid_api_key"
    assert client(platform.api_key).models.list().data


def test_an_expired_key_ends_within_a_second(platform: Platform, client: MakeClient) -> None:
    """It works up to its moment and not a second beyond, though nobody does anything."""
    end = datetime.now(UTC) + timedelta(seconds=5)
    leaving = client(new_key(platform, "demo", "--expires", end.isoformat())["key"])
    assert leaving.models.list().data
    assert datetime.now(UTC) < end
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + AT_ONCE)
    with pytest.raises(openai.AuthenticationError, match="expired"):
        leaving.models.list()
