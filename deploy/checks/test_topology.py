"""What callers see of the whole topology, by TLS through the true nginx."""

import asyncio
import hashlib
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
from django.conf import settings

from deploy.checks import house as houses
from deploy.checks.house import House
from tests.system.instance import until

SENTENCE = "今天天气很好，我们去公园走走吧。"
BETWEEN = 0.1  # seconds between two requests of a client, so that new processes get to start


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with houses.running(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture(scope="module")
def key(house: House) -> str:
    return house.tenant("alice")


@pytest.fixture
def client(house: House, key: str) -> Iterator[httpx.Client]:
    with house.client(key) as made:
        yield made


def asking(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "tts-1", "voice": "xiaoxiao", "input": text, "response_format": "mp3", **more}


def speak(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/v1/audio/speech", json=asking(text)).raise_for_status()


def test_the_first_audio_is_heard_before_the_last_is_spoken(house: House, key: str, client: httpx.Client) -> None:
    """While pieces come by TLS the row is still running: nothing on the way waits for the whole."""
    body = asking("".join(f"{SENTENCE}第{number}句。" for number in range(12)), response_format="pcm")
    with client.stream("POST", "/v1/audio/speech", json=body) as answer:
        answer.raise_for_status()
        assert answer.extensions["network_stream"].get_extra_info("ssl_object").version() == "TLSv1.3"
        pieces = answer.iter_bytes()
        first = next(pieces)
        with house.client(key) as other:
            (row, *_) = other.get("/v1/history").json()["data"]
        assert row["id"] == answer.headers["x-request-id"]
        assert row["status"] == "running"
        assert len(first) + sum(map(len, pieces)) > 10 * len(first)


@pytest.mark.parametrize(
    ("path", "most"),
    [("/v1/audio/speech", settings.DATA_UPLOAD_MAX_MEMORY_SIZE), ("/v1/jobs/files", settings.JOB_BODY_BYTES)],
)
def test_a_body_over_the_limit_is_refused_in_our_words(
    house: House, client: httpx.Client, path: str, most: int
) -> None:
    """413, word for word what the web process would have said; at the limit it is the web process's to judge."""
    at_the_limit = client.post(path, content=b" " * most)
    assert at_the_limit.status_code in (400, 415)
    told = client.post(path, content=b" " * (most + 1))
    own = httpx.post(f"http://127.0.0.1:{house.web_ports[0]}{path}", content=b" " * (most + 1), timeout=60)
    for answer in (told, own):
        assert answer.status_code == 413
    assert told.headers["content-type"] == own.headers["content-type"]
    assert without_id(told) == without_id(own)
    assert told.headers["x-request-id"] == told.json().get("request_id", told.headers["x-request-id"])


def without_id(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_an_address_has_so_many_requests_under_way(house: House) -> None:
    """A flood of wrong keys waits for its answers; beyond 1,000 nginx answers itself, in our words."""

    async def flood() -> list[httpx.Response]:
        transport = httpx.AsyncHTTPTransport(
            verify=house.trusting(), limits=httpx.Limits(max_connections=None), local_address="127.0.0.9"
        )
        async with httpx.AsyncClient(transport=transport, base_url=house.url, timeout=120) as client:
            wrong = {"Authorization": "Bearer wrong"}
            return await asyncio.gather(*(client.get("/v1/history", headers=wrong) for _ in range(1200)))

    answers = asyncio.run(flood())
    refused = [each for each in answers if each.status_code == 429]
    assert {each.status_code for each in answers} == {401, 429}
    assert {each.json()["code"] for each in refused} == {"rate_limit_exceeded"}
    assert all(each.headers["retry-after"] for each in refused)
    by_nginx = [each for each in refused if "under way" in each.json()["detail"]]
    assert 0 < len(by_nginx) <= 200
    with house.client() as neighbour:
        assert neighbour.get("/healthz").status_code == 200


def test_stored_audio_comes_from_nginx_to_its_owner_alone(house: House, client: httpx.Client) -> None:
    """Whole and by range, with its headers; another team gets 404, and nobody comes to the files themselves."""
    spoken = speak(client, SENTENCE)
    path = f"/v1/history/{spoken.headers['x-request-id']}/audio"
    whole = client.get(path)
    assert whole.content == spoken.content
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["content-disposition"] == 'attachment; filename="speech.mp3"'
    assert whole.headers["cache-control"] == "private"
    assert len(whole.headers["x-request-id"]) == 36
    assert "requests" in whole.headers["ratelimit"]
    part = client.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, spoken.content[100:200])
    beyond = client.get(path, headers={"Range": f"bytes={len(spoken.content)}-"})
    assert beyond.status_code == 416
    assert client.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    own = httpx.get(f"http://127.0.0.1:{house.web_ports[0]}{path}", headers=client.headers, timeout=60)
    assert own.content == b""  # the web process sent none of it
    with house.client(house.tenant("bob")) as other:
        assert other.get(path).status_code == 404
    assert client.get(own.headers["x-accel-redirect"]).status_code == 404
    assert client.get("/metrics").status_code == 404


def test_requests_are_shared_out(house: House, client: httpx.Client) -> None:
    """Both web processes answer."""
    before = seen(house)
    for _ in range(20):
        client.get("/v1/usage").raise_for_status()
    until(lambda: (seen(house) - before).total() == 20, seconds=10)
    assert all((seen(house) - before)[name] >= 5 for name in ("web-1", "web-2"))


def seen(house: House) -> Counter[str]:
    return Counter({name: house.log(name).read_text().count("/v1/usage") for name in ("web-1", "web-2")})


@dataclass
class Load:
    """Clients that go on until the block ends; each keeps its connection, and none asks twice."""

    house: House
    key: str
    numbers: Iterator[int] = field(default_factory=count)
    answers: Counter[str] = field(default_factory=Counter)
    digests: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def look(self, client: httpx.Client) -> None:
        client.get("/v1/usage").raise_for_status()

    def listen(self, client: httpx.Client) -> None:
        """Slowly. A silence of another length each time makes it another request, with sentences that are known."""
        body = asking(SENTENCE * 4, response_format="pcm", trailing_silence_ms=next(self.numbers))
        sound = bytearray()
        with client.stream("POST", "/v1/audio/speech", json=body) as answer:
            answer.raise_for_status()
            for piece in answer.iter_bytes(65536):
                sound += piece
                time.sleep(BETWEEN)
        self.digests.add(hashlib.sha256(sound.rstrip(b"\0")).hexdigest())

    def keep_on(self, act: Callable[[httpx.Client], None]) -> None:
        with self.house.client(self.key) as client:
            while not self.stopped.wait(BETWEEN):
                try:
                    act(client)
                except httpx.HTTPError as error:
                    self.failures.append(f"{act.__name__}: {error!r}")
                else:
                    self.answers[act.__name__] += 1

    def __enter__(self) -> "Load":
        acts = (self.look, self.look, self.listen, self.listen)
        self.threads = [threading.Thread(target=self.keep_on, args=[act]) for act in acts]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def test_a_killed_web_process_fails_no_request_that_can_be_repeated(house: House, key: str) -> None:
    """kill -9 under load: what only asks goes to the other one, at once; and it is taken in again."""
    load = Load(house, key)
    with load:
        until(lambda: load.answers["look"] > 10, seconds=60)
        house.stop("web-1", signal.SIGKILL)
        until(lambda: load.answers["look"] > 40, seconds=60)
        house.start("web-1")
        house.wait_for("web-1")
        before = seen(house)
        until(lambda: (seen(house) - before)["web-1"] > 3, seconds=60)
    assert [failure for failure in load.failures if failure.startswith("look")] == []


def test_one_after_the_other_is_replaced_and_nobody_notices(house: House, key: str) -> None:
    """SIGTERM to web processes and workers in turn, each succeeded by a new one: every answer whole, all the same."""
    load = Load(house, key)
    with load:
        until(lambda: load.answers["listen"] > 2 and load.answers["look"] > 10, seconds=60)
        for name in ("web-1", "web-2", "worker-1", "worker-2"):
            house.replace(name)
        heard = load.answers["listen"]
        until(lambda: load.answers["listen"] > heard + 2, seconds=60)
    assert load.failures == []
    assert len(load.digests) == 1


def test_with_no_web_process_the_answer_is_ours_still(house: House, client: httpx.Client) -> None:
    """503 with a code and Retry-After, in the words of each door."""
    for name in ("web-1", "web-2"):
        house.stop(name, signal.SIGKILL)
    try:
        openai = client.post("/v1/audio/speech", json=asking(SENTENCE))
        ours = client.get("/v1/usage")
    finally:
        for name in ("web-1", "web-2"):
            house.start(name)
        house.wait_for("web-1", "web-2")
    assert (openai.status_code, openai.json()["error"]["code"]) == (503, "service_unavailable")
    assert (ours.status_code, ours.json()["code"], ours.headers["retry-after"]) == (503, "service_unavailable", "1")
    assert ours.headers["content-type"] == "application/problem+json"
