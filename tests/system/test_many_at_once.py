"""Many tenants at once: every answer is its own, none is lost, none is swapped."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.system.instance import Launch, Platform
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.speak import plan, speak
from tts_engine.speech.voice import Style

TENANTS, REQUESTS = 20, 200


def key_of(platform: Platform, tenant: str) -> str:
    platform.manage("tenant", "create", tenant)
    made = json.loads(platform.manage("key", "create", tenant, "--json"))
    return str(next(value for value in made.values() if str(value).startswith("vox_")))


def ask(platform: Platform, key: str, text: str) -> httpx.Response:
    return httpx.post(
        f"{platform.url}/v1/audio/speech",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": "tts-1", "voice": "xiaoxiao", "input": text, "response_format": "pcm"},
        timeout=300,
    )


def test_two_hundred_requests_of_twenty_tenants(platform: Platform) -> None:
    """Each answer has the very bytes that its sentence has when it is spoken alone."""
    keys = [key_of(platform, f"crowd-{number}") for number in range(TENANTS)]
    texts = [f"{number}号请进。" for number in range(100, 100 + REQUESTS)]
    with ThreadPoolExecutor(REQUESTS) as threads:
        answers = list(threads.map(lambda job: ask(platform, keys[job[0] % TENANTS], job[1]), enumerate(texts)))
    assert [answer.status_code for answer in answers] == [200] * REQUESTS
    catalog = Catalog(platform.home)
    info, speaker = catalog.resolve("xiaoxiao")
    voice = catalog.load(info.id)
    for text, answer in zip(texts, answers, strict=True):
        alone = (chunk.samples for chunk in speak(voice, plan(text, info, Style(speaker))))
        assert answer.content == b"".join(rendered(alone, info.sample_rate, FORMATS["pcm"])), text
    for key in keys:
        page = httpx.get(f"{platform.url}/v1/history", headers={"Authorization": f"Bearer {key}"}).json()
        assert len(page["data"]) == REQUESTS // TENANTS
        assert all(row["status"] == "done" for row in page["data"])
    platform.manage("reconcile")


@pytest.fixture
def own(launch: Launch, tmp_path: Path) -> Platform:
    return launch(tmp_path, VOXHOUSE_WORKERS="1")


def test_a_killed_worker_loses_nothing_and_bills_once(own: Platform) -> None:
    """kill -9 in the middle of a request: another worker finishes it, and the caller notices nothing."""
    text = "今天我们讲一个很长的故事。从前有一座山，山上有一座庙。庙里有一个老和尚，正在讲故事。" * 4
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(ask, own, own.api_key, text)
        time.sleep(1.5)
        workers = own.children("celery") or own.children("worker")
        assert workers
        for process in workers:
            os.kill(process, signal.SIGKILL)
        whole = answer.result()
    assert whole.status_code == 200
    again = ask(own, own.api_key, text)
    assert again.headers["x-cache"] == "hit"
    assert again.content == whole.content
    own.manage("reconcile")
    own.stop()
