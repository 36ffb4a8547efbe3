"""Many tenants at once: every answer is its own, none is lost, none is swapped.

CROWD_REQUESTS says how many there are, 200 at most, which take three minutes on two cores.
"""

import json
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.system.instance import Launch, Platform
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.speak import plan, speak
from tts_engine.speech.voice import Style, Voice

TENANTS = 20
# Short, so that the test is too, and each sounds different.
TEXTS = [side + place for side in "东西南北上下左右前后" for place in "门山水路城街河村站楼边面方风海江湖房院墙"]
TEXTS = TEXTS[: int(os.environ.get("CROWD_REQUESTS", "40"))]


# One process for all of them: what `manage.py tenant create` and `key create` do.
CROWD = f"""
import json
from accounts.services import api_key_create, tenant_create
from billing.services import account_open
keys = []
for number in range({TENANTS}):
    tenant = tenant_create(name=f"crowd-{{number}}")
    account_open(tenant=tenant)
    keys.append(api_key_create(tenant=tenant, name="crowd")[1])
print(json.dumps(keys))
"""


_voice: Voice


def load(home: Path) -> None:
    """A process of its own for the sentences made alone: one voice, loaded once."""
    global _voice
    _voice = Catalog(home).load("kokoro")


def spoken_alone(text: str) -> bytes:
    utterances = plan(text, _voice.info, Style("xiaoxiao"))
    return b"".join(
        rendered((chunk.samples for chunk in speak(_voice, utterances)), _voice.info.sample_rate, FORMATS["pcm"])
    )


def ask(platform: Platform, key: str, text: str) -> httpx.Response:
    return httpx.post(
        f"{platform.url}/v1/audio/speech",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": "tts-1", "voice": "xiaoxiao", "input": text, "response_format": "pcm"},
        timeout=600,
    )


def test_many_requests_of_twenty_tenants(platform: Platform) -> None:
    """Each answer has the very bytes that its sentence has when it is spoken alone."""
    keys = json.loads(platform.manage("shell", "--verbosity", "0", "--command", CROWD))
    with ThreadPoolExecutor(len(TEXTS)) as threads:
        answers = list(threads.map(lambda job: ask(platform, keys[job[0] % TENANTS], job[1]), enumerate(TEXTS)))
    assert {answer.status_code for answer in answers} == {200}
    with ProcessPoolExecutor(os.cpu_count(), initializer=load, initargs=(platform.home,)) as processes:
        for text, answer, alone in zip(TEXTS, answers, processes.map(spoken_alone, TEXTS), strict=True):
            assert answer.content == alone, text
    assert len({answer.content for answer in answers}) == len(TEXTS)
    for key in keys:
        page = httpx.get(f"{platform.url}/v1/history", headers={"Authorization": f"Bearer {key}"}).json()
        assert len(page["data"]) == len(TEXTS) // TENANTS
        assert all(row["status"] == "done" for row in page["data"])
    platform.manage("reconcile")


@pytest.fixture
def own(launch: Launch, tmp_path: Path) -> Platform:
    return launch(tmp_path, VOXHOUSE_WORKERS="1")


def test_a_killed_worker_loses_nothing_and_bills_once(own: Platform) -> None:
    """kill -9 in the middle of a request: another worker finishes it, and the caller notices nothing."""
    text = "今天我们讲一个很长的故事。从前有一座山，山上有一座庙。庙里有一个老和尚，正在讲故事。" * 2
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
