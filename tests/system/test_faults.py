"""Faults of the machine on a running platform, the short form of `make chaos`: what callers see of them."""

import os
import resource
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.system.instance import Platform

IDLE = 1100  # connections, of one process; a shell's limit of open files is 1,024
TEXT = "今天天气很好"
ADDED = "zhitian_emo"


def ask(platform: Platform) -> httpx.Response:
    """As a careful client does: with the same Idempotency-Key while it is told to come again."""
    headers = {"Authorization": f"Bearer {platform.api_key}", "Idempotency-Key": str(uuid.uuid4())}
    body = {"model": "tts-1", "voice": ADDED, "input": TEXT, "response_format": "pcm", "cache": False}
    for _ in range(60):
        answer = httpx.post(f"{platform.url}/v1/audio/speech", headers=headers, json=body, timeout=120)
        if code_of(answer) not in ("temporarily_unavailable", "idempotency_key_in_use"):
            return answer
        time.sleep(float(answer.headers["retry-after"]) / 10)
    raise AssertionError("the platform did not come back")


def code_of(answer: httpx.Response) -> str:
    return "" if answer.is_success else str(answer.json()["error"]["code"])


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may have as many files open as the platform gives itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_database_restarts_under_callers(battered: Platform) -> None:
    """Nobody sees anything but a documented: come again; then everybody is answered, and the books agree."""
    before = ask(battered).content
    os.kill(min(battered.children("bin/postgres\0")), signal.SIGINT)
    assert [ask(battered).content == before for _ in range(4)] == [True] * 4
    battered.manage("reconcile")


@pytest.mark.usefixtures("many_files")
def test_silent_connections_keep_nobody_out(battered: Platform) -> None:
    """More of them than a process of a shell may have files open; another caller is answered all the same."""
    with ExitStack() as stack:
        for _ in range(IDLE * 2):  # the kernel shares them out among two web processes
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", battered.port), timeout=30)))
        assert ask(battered).status_code == 200
