"""Twenty tenants' clients: each asks for its own texts in every way there is, and checks each answer it gets.

A tenant's texts are nobody else's, and the SHA-256 of their audio was noted before anything failed.
So an answer that is another's, or not whole, is seen whatever way it came.
"""

import base64
import hashlib
import json
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

TENANTS = 20
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
NUMBERS = "一二三四"  # one a text of each tenant
VOICE, BUILT_IN = "zhitian_emo", "yunxi"
SMALL_QUOTA = 200  # characters, of every fifth tenant
PAUSE = 0.3  # seconds between two requests of a client, on the average
ATTEMPTS_WITHIN = 300.0  # seconds, for which a client insists
REPEATABLE = {409, 502, 503, 507}  # that say: send it again
API = Path(__file__).parents[2] / "docs" / "api.md"

TEAMS = f"""
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
for number in range({TENANTS} + 1):
    tenant = tenant_create(name=f"chaos-{{number}}")
    account_open(tenant=tenant, plan_name=(small if number % 5 == 4 else large).name)
    keys.append(api_key_create(tenant=tenant, name="chaos")[1])
print(json.dumps(keys))
"""


def documented() -> set[tuple[int, str]]:
    """Every status and code of the table in docs/api.md; of members, those of OpenAI's contract."""
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", API.read_text("utf-8"), re.MULTILINE)
    return {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}


@dataclass
class Seen:
    """What all clients saw, added up."""

    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    cut: Counter[str] = field(default_factory=Counter)  # connections that ended before the answer did
    ways: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)  # when a request began, how long until its answer
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, code: str) -> None:
        with self.lock:
            self.answers[status, code] += 1

    def add_cut(self, error: str) -> None:
        with self.lock:
            self.cut[error] += 1


class Stopped(Exception):
    """The run is over, and the client insists no longer."""


@dataclass
class Team:
    """One tenant as its client sees it."""

    number: int
    url: str
    key: str
    seen: Seen
    sums: dict[tuple[str, str], str] = field(default_factory=dict)  # SHA-256 of the audio by voice and text
    billed: dict[str, int] = field(default_factory=dict)  # by the id of the synthesis
    abandoned: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)  # ids of requests whose last answer never came

    @property
    def texts(self) -> list[str]:
        return [f"{SURNAMES[self.number]}{number}今天天气很好" for number in NUMBERS]

    @property
    def speaks_built_in(self) -> bool:
        """Few do: it takes a hundred times as long as the small stand-in."""
        return self.number % 5 == 0

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    # --- One request, until there is an answer that counts --------------------------------------

    def insist(self, method: str, path: str, *, once: bool = False, **more: Any) -> httpx.Response:
        """As a careful client does: with the same Idempotency-Key, until the answer is more than: come again."""
        headers = self.headers | ({"Idempotency-Key": str(uuid.uuid4())} if once else {})
        deadline = time.monotonic() + ATTEMPTS_WITHIN
        pause = 0.5
        while True:
            try:
                answer = httpx.request(method, f"{self.url}{path}", headers=headers, timeout=90, **more)
            except httpx.TransportError as error:
                self.seen.add_cut(type(error).__name__)
            else:
                self.seen.add(answer.status_code, code_of(answer))
                if answer.status_code not in REPEATABLE or code_of(answer) == "voice_unavailable":
                    return answer
                pause = float(answer.headers.get("retry-after", pause))
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer that counts to {method} {path} within {ATTEMPTS_WITHIN:.0f} s")
            time.sleep(min(pause, 5))

    def speak(self, text: str, *, voice: str = VOICE, **more: Any) -> httpx.Response:
        body = {"model": "gpt-4o-mini-tts", "voice": voice, "input": text, "response_format": "pcm", **more}
        began = time.monotonic()
        answer = self.insist("POST", "/v1/audio/speech", once=True, json=body)
        with self.seen.lock:
            self.seen.seconds.append((began, time.monotonic() - began))
        if answer.status_code == httpx.codes.OK:
            self.billed[answer.headers["x-request-id"]] = int(answer.headers["x-billed-characters"])
        return answer

    # --- Ways to ask ----------------------------------------------------------------------------

    def note(self, text: str, voice: str) -> None:
        """What the text sounds like while all is well."""
        answer = self.speak(text, voice=voice, cache=False)
        assert answer.status_code == httpx.codes.OK, answer.text
        self.sums[voice, text] = sha256(answer.content)

    def ask_anew(self) -> None:
        self._heard("anew", VOICE, text := random.choice(self.texts), self.speak(text, cache=False))

    def ask_cached(self) -> None:
        self._heard("cached", VOICE, text := random.choice(self.texts), self.speak(text))

    def ask_the_built_in(self) -> None:
        self._heard("built in", BUILT_IN, text := self.texts[0], self.speak(text, voice=BUILT_IN))

    def stream(self) -> None:
        """As events; one that tells of an error is an answer too."""
        text = random.choice(self.texts)
        answer = self.speak(text, stream_format="sse", cache=False)
        if answer.status_code != httpx.codes.OK:
            return
        events = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
        if errors := [event["error"] for event in events if event["type"] == "error" or "error" in event]:
            self.billed.pop(answer.headers["x-request-id"])
            self.in_doubt.append(answer.headers["x-request-id"])
            self.seen.add(200, f"event: {errors[0]['code']}")
            return
        audio = b"".join(base64.b64decode(event["audio"]) for event in events if event["type"] == "speech.audio.delta")
        self._compare("streamed", VOICE, text, audio)

    def hear_again(self) -> None:
        """What was spoken before is in the history, and still the same."""
        text = random.choice(self.texts)
        answer = self.speak(text)
        if answer.status_code == httpx.codes.OK:
            kept = self.insist("GET", f"/v1/history/{answer.headers['x-request-id']}/audio")
            self._heard("history", VOICE, text, kept)

    def run_job(self) -> None:
        texts = random.sample(self.texts, 3)
        items = [{"text": text} for text in texts]
        body = {"name": "chaos", "model": "gpt-4o-mini-tts", "voice": VOICE, "response_format": "pcm", "items": items}
        made = self.insist("POST", "/v1/jobs", once=True, json=body | {"start": True, "cache": random.random() < 0.5})
        if not made.is_success:
            return
        address = f"/v1/jobs/{made.json()['id']}"
        deadline = time.monotonic() + ATTEMPTS_WITHIN
        while self.insist("GET", address).json()["status"] not in ("done", "cancelled"):
            if time.monotonic() > deadline:
                self.seen.wrong.append(f"the job {address} does not end")
                return
            time.sleep(2)
        for text, row in zip(texts, self.insist("GET", f"{address}/items").json()["data"], strict=True):
            if row["status"] == "done":
                self.billed[row["synthesis"]] = row["billed_characters"]
                kept = self.insist("GET", f"/v1/history/{row['synthesis']}/audio")
                self._heard("job", VOICE, text, kept)
            else:
                self.seen.add(200, f"row: {row['error_code']}")

    def hang_up(self) -> None:
        text = f"{SURNAMES[self.number]}挂断{uuid.uuid4().int % 10**9}号"
        self.abandoned.append(text)
        body = {"model": "gpt-4o-mini-tts", "voice": VOICE, "input": text, "response_format": "pcm"}
        try:
            httpx.post(f"{self.url}/v1/audio/speech", headers=self.headers, json=body, timeout=0.15)
        except httpx.TransportError:
            self.seen.ways["hung up"] += 1

    def ask_for_nonsense(self) -> None:
        self.speak("", cache=False)
        self.speak(self.texts[0], voice="nobody")

    # --- What is checked ------------------------------------------------------------------------

    def _heard(self, way: str, voice: str, text: str, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.OK:
            self._compare(way, voice, text, answer.content)

    def _compare(self, way: str, voice: str, text: str, audio: bytes) -> None:
        with self.seen.lock:
            self.seen.ways[way] += 1
            if sha256(audio) != self.sums[voice, text]:
                self.seen.wrong.append(f"{way}: {text} by {voice} has {len(audio)} bytes that are not its own")

    def count_the_rest(self) -> None:
        """What became of requests that were hung up on, or whose end never came, is in the history."""
        for text in self.abandoned:
            for row in self.insist("GET", "/v1/history", params={"text": text, "limit": 1000}).json()["data"]:
                self._count(row)
        for synthesis in self.in_doubt:
            self._count(self.insist("GET", f"/v1/history/{synthesis}").json())

    def _count(self, row: dict[str, Any]) -> None:
        if row["status"] not in ("cancelled", "done", "failed"):
            self.seen.wrong.append(f"{row['id']} is {row['status']} at the end")
        self.billed[row["id"]] = row["billed_characters"] or 0

    def usage(self) -> dict[str, Any]:
        found: dict[str, Any] = self.insist("GET", "/v1/usage").json()
        return found


def work(team: Team, stopped: threading.Event) -> None:
    """One client, until the run is over."""
    ways: list[tuple[Callable[[], None], int]] = [
        (team.ask_anew, 6),
        (team.ask_cached, 6),
        (team.stream, 3),
        (team.hear_again, 2),
        (team.ask_the_built_in, int(team.speaks_built_in)),
        (team.run_job, 1),
        (team.hang_up, 1),
        (team.ask_for_nonsense, 1),
    ]
    weights = [weight for _, weight in ways]
    while not stopped.wait(random.expovariate(1 / PAUSE)):
        random.choices([way for way, _ in ways], weights)[0]()


def code_of(answer: httpx.Response) -> str:
    """Of an error in either envelope; nothing where all went well."""
    if answer.is_success:
        return ""
    try:
        told = answer.json()
    except ValueError:
        return f"no JSON: {answer.text[:80]}"
    return str(told.get("code") or told.get("error", {}).get("code"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
