"""Everything at once, while processes are killed: not a character is lost or billed twice.

CHAOS_REQUESTS says how many requests are made; 10,000 take a quarter of an hour on two cores.
"""

import itertools
import json
import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.system.instance import Platform

REQUESTS = int(os.environ.get("CHAOS_REQUESTS", "56"))
TENANTS = 20
CLIENTS = 24
# Seconds. In a long run most of the time is for work: a process that was killed takes some seconds to start.
BETWEEN_KILLS = (2.0, 6.0) if REQUESTS < 1000 else (10.0, 30.0)
FIRST_KILL = 1.0  # seconds: there is work by then
VICTIMS = ("\0worker\0", "\0worker\0", "\0beat\0", "config.web")  # as they stand in a command line
SMALL_QUOTA = 20  # characters, of every fifth tenant
ATTEMPTS = 300  # half a second apart: a web process that was killed is back within seconds
SAID = "今天天气很好"
UNSAYABLE = "呣"  # the door lets it in, the voice has no unit for it

CROWD = f"""
import json
from accounts.services import api_key_create, tenant_create
from billing.models import Plan
from billing.services import account_open
small, large = (
    Plan.objects.create(name=name, characters_per_period=quota, requests_per_minute=100000, concurrent_requests=1000,
                        max_text_characters=4096)
    for name, quota in (("small", {SMALL_QUOTA}), ("large", None))
)
keys = []
for number in range({TENANTS}):
    tenant = tenant_create(name=f"chaos-{{number}}")
    account_open(tenant=tenant, plan_name=(large if number % 5 else small).name)
    keys.append(api_key_create(tenant=tenant, name="chaos")[1])
print(json.dumps(keys))
"""


@dataclass
class Team:
    """One tenant as its client sees it: what each answer said that it billed."""

    url: str
    key: str
    billed: dict[str, int] = field(default_factory=dict)  # by the id of the synthesis
    abandoned: list[str] = field(default_factory=list)  # texts of requests hung up on
    outcomes: Counter[str] = field(default_factory=Counter)

    def ask(self, text: str, *, once: str | None = None, timeout: float = 60, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once or str(uuid.uuid4())}
        body = {"model": "sambert", "voice": "zhitian_emo", "input": text, "response_format": "pcm", **more}
        return httpx.post(f"{self.url}/v1/audio/speech", headers=headers, json=body, timeout=timeout)

    def insist(self, text: str, **more: Any) -> httpx.Response:
        """As a careful client does: the same Idempotency-Key until there is an answer that counts."""
        once = str(uuid.uuid4())
        for _ in range(ATTEMPTS):
            try:
                answer = self.ask(text, once=once, **more)
            except httpx.TransportError:  # the web process was killed
                answer = None
            if answer is not None and answer.status_code not in (409, 500, 502, 503):
                self.outcomes[str(answer.status_code)] += 1
                if answer.status_code == 200:
                    self.billed[answer.headers["x-request-id"]] = int(answer.headers["x-billed-characters"])
                return answer
            time.sleep(0.5)
        raise AssertionError(f"no answer that counts after {ATTEMPTS} attempts")

    def hang_up(self, text: str) -> None:
        self.abandoned.append(text)
        try:
            self.ask(text, timeout=0.15)
        except httpx.TransportError:
            self.outcomes["hung up"] += 1
        else:
            self.outcomes["answered before the hang-up"] += 1

    def get(self, path: str, **query: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx.get(f"{self.url}{path}", params=query, headers=headers, timeout=60)
        answer.raise_for_status()
        body: dict[str, object] = answer.json()
        return body

    def count_abandoned(self) -> None:
        """What a request that was hung up on came to is in the history: cancelled, or spoken after all."""
        for text in self.abandoned:
            for row in self.get("/v1/history", text=text)["data"]:  # type: ignore[attr-defined]
                assert row["status"] in ("cancelled", "done"), row
                self.billed[row["id"]] = row["billed_characters"] if row["status"] == "done" else 0


def kill_at_random(platform: Platform, stopped: threading.Event, killed: Counter[str]) -> None:
    """One process after the other, once somebody can speak again: else a busy machine would get nowhere."""
    pause = FIRST_KILL
    while not stopped.wait(pause):
        pause = random.uniform(*BETWEEN_KILLS)  # noqa: S311
        kind = random.choice(VICTIMS)  # noqa: S311
        for process in platform.children(kind)[:1] if is_ready(platform) else ():
            os.kill(process, signal.SIGKILL)
            killed[kind.strip("\0")] += 1


def is_ready(platform: Platform) -> bool:
    try:
        return httpx.get(f"{platform.url}/readyz", timeout=10).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def work(teams: list[Team], number: int) -> None:
    """The next of an endless mix of requests."""
    text = f"{SAID}{number}"
    kinds: list[Callable[[], object]] = [
        lambda: team.insist(text, cache=False),
        lambda: team.insist(SAID),  # a repeat, from the cache once it is there
        lambda: team.insist(text),
        lambda: team.insist("", cache=False),
        lambda: team.insist(text, voice="nobody"),
        lambda: team.insist(text + UNSAYABLE),
        lambda: team.hang_up(f"挂断{number}号"),
        lambda: [team.insist(text, emotion="happy") for _ in range(2)],
    ]
    team = teams[number // len(kinds) % TENANTS]
    kinds[number % len(kinds)]()


def test_no_character_is_lost_or_billed_twice(battered: Platform) -> None:
    """What every client counted is what was billed, nothing stays reserved, and the books agree."""
    keys = json.loads(battered.python(CROWD))
    teams = [Team(battered.url, key) for key in keys]
    stopped, killed = threading.Event(), Counter[str]()
    killer = threading.Thread(target=kill_at_random, args=[battered, stopped, killed])
    killer.start()
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(lambda number: work(teams, number), range(REQUESTS)))
    finally:
        stopped.set()
        killer.join()
    took = time.monotonic() - began
    deadline = time.monotonic() + 120
    while any(usage_of(team)["reserved"] for team in teams):
        assert time.monotonic() < deadline, [usage_of(team) for team in teams]
        time.sleep(0.5)
    for team in teams:
        team.count_abandoned()
        assert usage_of(team)["used"] == sum(team.billed.values())
    outcomes = sum((team.outcomes for team in teams), Counter[str]())
    print(f"{REQUESTS} requests in {took:.0f} s; killed {dict(killed)}; outcomes {dict(outcomes)}")  # noqa: T201
    assert set(outcomes) >= {"200", "400", "429", "hung up"}
    assert killed
    battered.manage("reconcile")


def usage_of(team: Team) -> dict[str, int]:
    for _ in itertools.repeat(None, ATTEMPTS):
        try:
            usage: dict[str, int] = team.get("/v1/usage")  # type: ignore[assignment]
        except httpx.HTTPError:  # the web process is starting again
            time.sleep(0.5)
        else:
            return usage
    raise AssertionError("the platform did not come back")
