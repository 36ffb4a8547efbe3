"""What an answer tells of the tenant's limits: draft-ietf-httpapi-ratelimit-headers-11 and OpenAI's names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Tenant
from api.throttles import Quota, characters_quota, rate_headers
from billing.selectors import usage
from billing.services import plan_set
from tests.factories import make_plan, make_queued
from tts_engine import tasks

MakeKey = Callable[..., dict[str, str]]
Speak = Callable[..., Any]


@pytest.fixture
def speak(key: MakeKey, monkeypatch: pytest.MonkeyPatch) -> Speak:
    """speak(text, path): the answer of a speaking door, which nobody but a refusal gives here."""
    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
    authorization = key("speech")

    def speak(text: str, path: str = "/v1/audio/speech") -> Any:
        body = {"input": text, "model": "tts-1", "voice": "alloy"} if path.startswith("/v1") else {"text": text}
        return Client().post(path, body, "application/json", headers=authorization)

    return speak


def test_the_headers_of_two_limits() -> None:
    """Both in one structured field each, and one by one under OpenAI's names; times are rounded up to seconds."""
    quotas = [Quota("requests", 60, 59, 11.2, 60), Quota("characters", 1000, 990, 0.0)]
    assert rate_headers(quotas) == {
        "RateLimit-Policy": '"requests";q=60;w=60, "characters";q=1000',
        "RateLimit": '"requests";r=59;t=12, "characters";r=990;t=0',
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "12s",
        "x-ratelimit-limit-characters": "1000",
        "x-ratelimit-remaining-characters": "990",
        "x-ratelimit-reset-characters": "0s",
    }
    assert rate_headers([]) == {}


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/tts"])
def test_a_used_up_quota_tells_both_limits(speak: Speak, tenant: Tenant, path: str) -> None:
    """429 insufficient_quota says how many characters are left, and when there are more."""
    plan_set(tenant=tenant, plan_name=make_plan(characters=10).name)
    make_queued(tenant, text="七个字在等呢")
    refused = speak("五个字的话", path)
    assert refused.status_code == 429
    assert refused.headers["x-ratelimit-remaining-characters"] == "4"
    assert refused.headers["x-ratelimit-limit-characters"] == "10"
    left = (usage(tenant.id).resets_at - timezone.now()).total_seconds()
    assert int(refused.headers["x-ratelimit-reset-characters"][:-1]) == pytest.approx(left, abs=5)
    assert refused.headers["RateLimit-Policy"] == '"requests";q=10000;w=60, "characters";q=10'
    assert refused.headers["RateLimit"].startswith('"requests";r=9999;t=')


def test_too_many_requests_tell_the_window(key: MakeKey, tenant: Tenant) -> None:
    """429 rate_limit_exceeded says that none is left, and never sends anybody back before the window's end."""
    plan_set(tenant=tenant, plan_name=make_plan(requests_per_minute=1).name)
    authorization = key("speech")
    answers = [Client().get("/v1/models", headers=authorization) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    refused = answers[-1].headers
    assert refused["x-ratelimit-remaining-requests"] == "0"
    assert refused["RateLimit"].startswith('"requests";r=0;t=')
    assert int(refused["retry-after"]) >= int(refused["x-ratelimit-reset-requests"][:-1])


def test_no_limit_no_quota(tenant: Tenant) -> None:
    """A plan without one tells of requests alone."""
    assert characters_quota(usage(tenant.id)) is None
