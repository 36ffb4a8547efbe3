"""`manage.py restart` under load: nobody notices."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.system.instance import Platform, until

SHORT = "今天天气很好。"
LONG = "今天天气很好，我们去公园走走吧。" * 6
LISTENERS, ASKERS = 2, 2
BETWEEN = 0.1  # seconds between two requests of a client, so that the new processes get to start
RESTARTED = "up       | Restarted, one after the other, in"


@dataclass
class Load:
    """Clients that go on until they are stopped: each keeps its connection, and none asks twice."""

    platform: Platform
    heard: dict[str, set[str]] = field(default_factory=lambda: {SHORT: set(), LONG: set()})  # digests, by text
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def listen(self, client: httpx.Client) -> None:
        """A long text, read as it comes, by somebody who takes some seconds for it."""
        self.speak(client, LONG, pause=0.5)

    def ask(self, client: httpx.Client) -> None:
        self.speak(client, SHORT)
        client.get("/v1/usage").raise_for_status()

    def speak(self, client: httpx.Client, text: str, pause: float = 0) -> None:
        body = {"model": "sambert", "voice": "zhitian_emo", "input": text, "response_format": "pcm", "cache": False}
        sound = hashlib.sha256()
        with client.stream("POST", "/v1/audio/speech", json=body) as answer:
            answer.raise_for_status()
            for piece in answer.iter_bytes(65536):
                sound.update(piece)
                time.sleep(pause)
        self.heard[text].add(sound.hexdigest())
        self.answers[text] += 1

    def keep_on(self, act: Callable[[httpx.Client], None]) -> None:
        headers = {"Authorization": f"Bearer {self.platform.api_key}"}
        with httpx.Client(base_url=self.platform.url, headers=headers, timeout=60) as client:
            while not self.stopped.wait(BETWEEN):
                try:
                    act(client)
                except httpx.HTTPError as error:
                    self.failures.append(f"{act.__name__}: {error!r}")


def processes(platform: Platform) -> set[int]:
    """The platform's own: web, workers, beat."""
    return {process for word in ("config.web", "\0worker\0", "\0beat\0") for process in platform.children(word)}


def test_a_restart_fails_no_request(battered: Platform) -> None:
    """Every process is another one afterwards; whoever listened or asked meanwhile got all of it, and the same."""
    load = Load(battered)
    before = processes(battered)
    acts = [*[load.listen] * LISTENERS, *[load.ask] * ASKERS]
    clients = [threading.Thread(target=load.keep_on, args=[act]) for act in acts]
    for client in clients:
        client.start()
    try:
        until(lambda: load.answers[SHORT] > ASKERS and load.answers[LONG], seconds=60)
        battered.manage("restart")
        battered.wait_for_line(RESTARTED)
        count = load.answers.total()
        until(lambda: load.answers.total() > count + len(acts), seconds=60)  # the new ones answer
    finally:
        load.stopped.set()
        for client in clients:
            client.join()
    assert load.failures == []
    assert {text: len(digests) for text, digests in load.heard.items()} == {SHORT: 1, LONG: 1}
    assert len(processes(battered)) == len(before)
    assert not processes(battered) & before
    assert battered.manage("reconcile")
