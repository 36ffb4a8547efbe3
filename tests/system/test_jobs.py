"""A job while its workers are killed and Valkey restarts: each row is spoken, delivered and billed once.

JOB_ROWS says how many rows it has; 10,000 take some minutes on two cores.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.system.instance import Platform, until

ROWS = int(os.environ.get("JOB_ROWS", "60"))
KILLS = 3  # of workers; and Valkey once, after the first
PATIENCE = 60 + ROWS / 5  # seconds
SHORT = "一二三四五六七八九十百千万人口手大小多少上下左右天地日月星云"


class Caller:
    def __init__(self, platform: Platform) -> None:
        self._client = httpx.Client(
            base_url=platform.url, headers={"Authorization": f"Bearer {platform.api_key}"}, timeout=60
        )

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Again and again while Valkey is away, by which requests are counted, or says that there were too many."""
        deadline = time.monotonic() + PATIENCE
        while (answer := self._client.request(method, path, **more)).is_server_error or answer.status_code == 429:
            assert time.monotonic() < deadline, answer.text
            time.sleep(float(answer.headers.get("retry-after", 0.2)))
        assert answer.is_success, answer.text
        return answer.json()

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        while True:
            page = self.ask("GET", path, params={"limit": 1000, **cursor})
            yield from page["data"]
            if not page["has_more"]:
                return
            cursor = {"cursor": page["next"]}

    def audio(self, synthesis: str) -> bytes:
        answer = self._client.get(f"/v1/history/{synthesis}/audio")
        assert answer.is_success, answer.text
        return answer.content

    def close(self) -> None:
        self._client.close()


def kill(platform: Platform, kind: str) -> None:
    os.kill(platform.children(kind)[0], signal.SIGKILL)


def text_of(number: int) -> str:
    """One or two characters; among a thousand rows there are repeats."""
    return SHORT[number % len(SHORT)] + SHORT[number // len(SHORT) % len(SHORT)] * (number >= len(SHORT))


@pytest.fixture
def caller(battered: Platform) -> Iterator[Caller]:
    caller = Caller(battered)
    yield caller
    caller.close()


def test_every_row_once(battered: Platform, caller: Caller) -> None:
    """Every row is delivered, the bill is the draft's to the last character, and the books agree."""
    items = [{"text": text_of(number), "file_name": f"row-{number}"} for number in range(ROWS)]
    body = {"model": "sambert", "voice": "zhitian_emo", "response_format": "pcm", "items": items}
    before = caller.ask("GET", "/v1/usage")["used"]
    draft = caller.ask("POST", "/v1/jobs", json=body)
    path = f"/v1/jobs/{draft['id']}"
    caller.ask("POST", f"{path}/start")

    def spoken(share: float) -> Callable[[], bool]:
        return lambda: caller.ask("GET", path)["progress"]["rows"]["done"] >= ROWS * share

    began = time.monotonic()
    for blow in range(KILLS):
        until(spoken((blow + 1) / (KILLS + 2)), seconds=PATIENCE)
        kill(battered, "\0worker\0")  # as it stands in its command line; beat warns of workers too
        if blow == 0:
            kill(battered, "valkey-server")
    until(lambda: caller.ask("GET", path)["status"] == "done", seconds=PATIENCE)
    print(f"{ROWS} rows in {time.monotonic() - began:.0f} s")  # noqa: T201
    rows = list(caller.pages(f"{path}/items"))
    assert Counter(row["status"] for row in rows) == {"done": ROWS}
    assert [row["text"] for row in rows] == [item["text"] for item in items]
    assert len({row["synthesis"] for row in rows}) == ROWS
    assert sum(row["billed_characters"] for row in rows) == draft["characters"]
    usage = caller.ask("GET", "/v1/usage")
    assert (usage["used"] - before, usage["reserved"]) == (draft["characters"], 0)
    for row in (rows[0], rows[-1]):
        assert len(caller.audio(row["synthesis"])) // 32 == pytest.approx(row["audio_ms"], abs=1)  # 16 kHz, 16 bits
    battered.manage("reconcile")
