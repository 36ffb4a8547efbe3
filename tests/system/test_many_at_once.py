"""Many tenants at once: every answer is its own, none is lost, none is swapped.

CROWD_REQUESTS says how many there are, 200 at most. They are spoken by the small stand-in, which batches them.
"""

import json
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.system.instance import Platform
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
    _voice = Catalog(home).load("zhitian_emo")


def spoken_alone(text: str) -> bytes:
    utterances = plan(text, _voice.info, Style("zhitian_emo"))
    return b"".join(
        rendered((chunk.samples for chunk in speak(_voice, utterances)), _voice.info.sample_rate, FORMATS["pcm"])
    )


BUILT_IN = {"model": "tts-1", "voice": "xiaoxiao"}  # whose sentences take seconds: time to kill a worker


def ask(platform: Platform, key: str, text: str, **voice: str) -> httpx.Response:
    return httpx.post(
        f"{platform.url}/v1/audio/speech",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": "sambert", "voice": "zhitian_emo", "input": text, "response_format": "pcm", **voice},
        timeout=600,
    )


def test_many_requests_of_twenty_tenants(battered: Platform) -> None:
    """Each answer has the very bytes that its sentence has when it is spoken alone."""
    keys = json.loads(battered.python(CROWD))
    with ThreadPoolExecutor(len(TEXTS)) as threads:
        answers = list(threads.map(lambda job: ask(battered, keys[job[0] % TENANTS], job[1]), enumerate(TEXTS)))
    assert {answer.status_code for answer in answers} == {200}
    with ProcessPoolExecutor(os.cpu_count(), initializer=load, initargs=(battered.home,)) as processes:
        for text, answer, alone in zip(TEXTS, answers, processes.map(spoken_alone, TEXTS), strict=True):
            assert answer.content == alone, text
    assert len({answer.content for answer in answers}) == len(TEXTS)
    for key in keys:
        page = httpx.get(f"{battered.url}/v1/history", headers={"Authorization": f"Bearer {key}"}).json()
        assert len(page["data"]) == len(TEXTS) // TENANTS
        assert all(row["status"] == "done" for row in page["data"])
    battered.manage("reconcile")


def test_a_killed_worker_loses_nothing_and_bills_once(battered: Platform) -> None:
    """kill -9 in the middle of a request: another worker finishes it, and the caller notices nothing."""
    text = "今天我们讲一个很长的故事。从前有一座山，山上有一座庙。庙里有一个老和尚，正在讲故事。" * 2
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(ask, battered, battered.api_key, text, **BUILT_IN)
        time.sleep(1.5)
        workers = battered.children("worker-")
        assert workers
        for process in workers:
            os.kill(process, signal.SIGKILL)
        whole = answer.result()
    assert whole.status_code == 200
    again = ask(battered, battered.api_key, text, **BUILT_IN)
    assert again.headers["x-cache"] == "hit"
    assert again.content == whole.content
    battered.manage("reconcile")
