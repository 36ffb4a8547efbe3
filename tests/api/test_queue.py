"""What a caller is told of the queue: refused before it would wait too long, and where it stands while it waits."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.models import Tenant
from api.patience import patience_of
from billing.selectors import usage
from tests.factories import make_queued
from tts_engine import presence, queue, relay, tasks
from tts_engine.models import Synthesis
from tts_engine.services import warm_up

MakeKey = Callable[..., dict[str, str]]
TEN = "一二三四五六七八九十"
DOORS = {"/v1/audio/speech": {"model": "tts-1", "voice": "alloy", "input": TEN}, "/tts": {"text": TEN}}


@pytest.fixture(autouse=True)
def slow_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One worker that speaks two characters a second, and in truth nothing; a web process that has warmed up."""
    warm_up()
    monkeypatch.setattr(presence, "PACE_KEPT_SECONDS", 0)
    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
    relay.writer().delete(*queue.REQUESTS)
    relay.writer().set("worker:test", 2)
    yield
    relay.writer().delete("worker:test")


@pytest.fixture
def waiting(tenant: Tenant) -> list[Synthesis]:
    """Three requests of the tenant's, which keep the worker busy for fifteen seconds."""
    return [make_queued(tenant, text=TEN) for _ in range(3)]


def post(path: str, headers: dict[str, str]) -> Any:
    return Client().post(path, DOORS[path], "application/json", headers=headers)


@pytest.mark.parametrize("path", DOORS)
def test_an_overload_says_when_to_come_again(
    path: str, tenant: Tenant, waiting: list[Synthesis], key: MakeKey, settings: Settings
) -> None:
    """503 with Retry-After, in the door's own words; nothing is queued and nothing reserved."""
    settings.QUEUE_LONGEST = timedelta(seconds=12)
    refused = post(path, key())
    body = refused.json()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "3")
    assert body.get("error", body)["code"] == "server_is_overloaded"
    assert (Synthesis.objects.count(), usage(tenant.id).reserved) == (3, 30)


@pytest.mark.parametrize(
    "header", [{"x-timeout-ms": "13500"}, {"x-stainless-read-timeout": "13.5"}, {"x-stainless-timeout": "13.5"}]
)
def test_who_cannot_wait_so_long_is_told_at_once(
    header: dict[str, str], waiting: list[Synthesis], key: MakeKey
) -> None:
    """The caller's own header, or what OpenAI's packages send by themselves."""
    refused = post("/v1/audio/speech", key() | header)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-timeout-ms": "1500"}, timedelta(seconds=1.5)),
        ({"x-stainless-read-timeout": "600.0"}, timedelta(minutes=10)),
        ({"x-stainless-timeout": "60"}, timedelta(minutes=1)),
        ({"x-stainless-read-timeout": "600", "x-timeout-ms": "1"}, timedelta(milliseconds=1)),
        ({"x-timeout-ms": "9" * 40}, timedelta(days=1)),
        ({"x-stainless-read-timeout": "NOT_GIVEN"}, None),
        ({"x-stainless-read-timeout": "inf"}, None),
    ],
)
def test_patience(headers: dict[str, str], expected: timedelta | None) -> None:
    """Milliseconds of ours before an SDK's seconds; a day at most."""
    assert patience_of(Request(RequestFactory().get("/", headers=headers))) == expected


@pytest.mark.parametrize("sent", ["", "0", "-1", "1.5", "soon", "１２"])
def test_a_time_that_is_none_is_refused(sent: str) -> None:
    """Our own header is a promise of the caller's: a mistake in it must not be ignored."""
    with pytest.raises(ValidationError):
        patience_of(Request(RequestFactory().get("/", headers={"x-timeout-ms": sent})))


def test_a_queued_request_tells_where_it_stands(waiting: list[Synthesis], key: MakeKey) -> None:
    """GET of one in the history: how many go first and when its turn comes, in members and in headers."""
    headers = key()
    third = Client().get(f"/v1/history/{waiting[2].id}", headers=headers)
    start = datetime.fromisoformat(third.json()["estimated_start"])
    assert (third.json()["queue_position"], third.headers["x-queue-position"]) == (2, "2")
    assert (start - timezone.now()).total_seconds() == pytest.approx(10, abs=2)
    assert datetime.fromisoformat(third.headers["x-estimated-start"]) == start.replace(
        microsecond=start.microsecond // 1000 * 1000
    )
    queue.claim()
    first = Client().get(f"/v1/history/{waiting[0].id}", headers=headers)
    assert (first.json()["queue_position"], first.json()["estimated_start"]) == (None, None)
    assert "x-queue-position" not in first.headers
