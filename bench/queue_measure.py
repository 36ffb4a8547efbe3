"""The same requests through a real platform with one worker and through the simulation of its queue.

The pace is taken from the real run, so that a busy machine slows down both; what is compared is who
waits how long for whom.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

import httpx

from bench.instance import running
from bench.queue_simulation import Request, Simulation
from tts_engine.speech.text import read

SENTENCE = "第{}位客户您好，您的订单已经发货。"
# (seconds, team, texts, sentences of each): two that flood, one text after another of a third, and a lone team.
ASKED = [
    (0.0, "many", 16, 1),
    (0.5, "long", 2, 8),
    *((float(at), "lone", 1, 1) for at in range(2, 20, 4)),
]


def texts() -> list[tuple[float, str, str]]:
    """(seconds, team, text), no two alike."""
    numbers = iter(range(100, 1000))
    return [
        (at, team, "".join(SENTENCE.format(next(numbers)) for _ in range(sentences)))
        for at, team, count, sentences in ASKED
        for _ in range(count)
    ]


def measured(asked: list[tuple[float, str, str]]) -> tuple[list[float], float]:
    """Seconds that each request took, and those from the first request to the last answer."""
    with running(VOXHOUSE_WORKERS="1", QUEUE_LONGEST="100000") as instance:
        secrets = instance.new_teams(["many", "long", "lone"], "unlimited")

        def ask(at: float, team: str, text: str) -> float:
            time.sleep(max(0.0, began + at - time.monotonic()))
            sent = time.monotonic()
            body = {"model": "tts-1", "voice": "xiaoxiao", "input": text, "response_format": "pcm", "cache": False}
            headers = {"Authorization": f"Bearer {secrets[team]}"}
            url = f"{instance.url}/v1/audio/speech"
            httpx.post(url, headers=headers, json=body, timeout=900).raise_for_status()
            return time.monotonic() - sent

        began = time.monotonic()
        ask(0.0, "lone", "你好。")  # every connection is open, the front end has its dictionaries
        began = time.monotonic()
        with ThreadPoolExecutor(len(asked)) as threads:
            latencies = list(threads.map(lambda one: ask(*one), asked))
        return latencies, time.monotonic() - began


def compare() -> None:
    asked = texts()
    real, took = measured(asked)
    requests = [
        Request(at, team, tuple(len(sentence.text) for sentence in read(text).sentences)) for at, team, text in asked
    ]
    pace = sum(sum(request.sentences) for request in requests) / took
    simulated = {row.request: row.latency for row in Simulation(requests, 1, {1: pace}).run().rows}
    print(f"one worker, the built-in voice, {pace:.1f} characters a second: mean seconds to the whole answer")
    for team in ("many", "long", "lone"):
        pairs = [(simulated[r], seconds) for r, seconds in zip(requests, real, strict=True) if r.tenant == team]
        foretold, true = (mean(side) for side in zip(*pairs, strict=True))
        print(f"{team:<5} simulated {foretold:6.1f}   real {true:6.1f}   ratio {true / foretold:.2f}")
