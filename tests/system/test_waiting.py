"""Callers that wait while every worker is busy: what they hold, and what becomes of those who hang up."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings

from config import embedded
from tests.system.instance import Platform, until

WAITING = 40
# No sentence is like another, or the cache would have it.
LONG = [
    "".join(f"第{n}座{hill}上有一座庙，庙里有一个老和尚，正在给小和尚讲故事。" for n in range(100)) for hill in "山丘"
]


def call(platform: Platform, text: str) -> socket.socket:
    """Ask for a text and do not read the answer; closing the socket hangs up."""
    body = json.dumps({"model": "tts-1", "voice": "alloy", "input": text, "response_format": "mp3"}).encode()
    head = (
        "POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {platform.api_key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    caller = socket.create_connection(("127.0.0.1", platform.port))
    caller.sendall(head.encode() + body)
    return caller


def rows(platform: Platform, **narrow: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    answer = httpx.get(f"{platform.url}/v1/history", params=narrow, headers=headers)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
    return found


@pytest.fixture(scope="module")
def busy(single: Platform) -> Iterator[Platform]:
    """Its worker has a text of many minutes in work, and another one claimed ahead."""
    with ExitStack() as blocker:
        for text in LONG:
            blocker.enter_context(call(single, text))
        # The other is taken where no sentence of the first waits for the voice: an instant, once in a sentence.
        until(lambda: len(rows(single, status="running")) == len(LONG), seconds=120)
        yield single
    single.clear()


@pytest.fixture
def callers(busy: Platform) -> Iterator[list[socket.socket]]:
    """Forty who wait in the queue."""
    with ExitStack() as held:
        waiting = [held.enter_context(call(busy, f"第{number}位请稍等。")) for number in range(WAITING)]
        until(lambda: len(rows(busy, status="queued")) == WAITING)
        yield waiting
    until(lambda: not rows(busy, status="queued"))


def at_work(database: psycopg.Connection[Any]) -> int:
    """The connections that do something or hold a transaction open, but for the one that asks."""
    found = database.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()"
    ).fetchone()
    assert found is not None
    return int(found[0])


def test_forty_who_wait_hold_no_database_connection(busy: Platform, callers: list[socket.socket]) -> None:
    """More of them than the pool has connections, and yet it is free for others, and nearly always still.

    Longer than a silent reader's look at its row; a worker's lease, beat and sweep make short queries of their own.
    """
    assert settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] < WAITING
    host, name = str(embedded.socket_folder(busy.home)), str(embedded.database(busy.home)["NAME"])
    samples: list[int] = []
    with psycopg.connect(host=host, user="postgres", dbname=name, autocommit=True) as database:
        for _ in range(60):
            samples.append(at_work(database))
            time.sleep(0.1)
    assert sorted(samples)[len(samples) // 2] == 0, samples
    began = time.monotonic()
    assert len(rows(busy, status="queued")) == WAITING
    assert time.monotonic() - began < 2


def test_who_hangs_up_is_cancelled(busy: Platform, callers: list[socket.socket]) -> None:
    """One closes the connection: its row is cancelled and bills nothing; all others wait on."""

    def cancelled() -> list[dict[str, Any]]:
        return [row for row in rows(busy, status="cancelled", text="第7位") if row["id"] not in before]

    before = {row["id"] for row in rows(busy, status="cancelled", text="第7位")}  # of another test's callers
    callers[7].close()
    until(cancelled)
    (row,) = cancelled()
    assert (row["billed_characters"], row["audio_ms"]) == (0, None)
    assert len(rows(busy, status="queued")) == WAITING - 1
    busy.manage("reconcile")
