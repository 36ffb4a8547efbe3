"""How many requests does the platform serve on this machine, and how soon, under 1 to 32 clients?

Every client asks for sentences that nobody asked for before, one after another, over HTTP. Beside it
the bare engine, on as many processes as the platform has workers, and the plain way: one process that
speaks one sentence after the other. One JSON object.

    python -m bench.load FOLDER [--seconds 20] [--pictures docs/performance]

FOLDER is an added voice where it lies, VOXHOUSE_HOME/voices/NAME.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

import httpx

from bench.charts import curves
from bench.instance import Instance, running
from tts_engine.batcher import Batcher, Hearing, Made
from tts_engine.pace import Pace
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.speak import plan
from tts_engine.speech.voice import Chunk, Style

CLIENTS = (1, 2, 4, 8, 16, 32)
DAY = 500_000  # requests, of the article
RATE = "sentences_of_four_seconds_per_second"
LEAD = 5.0  # seconds until it is measured
SAMPLE_RATE = 16000
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
MONTHS = "一二三四五六七八九"
ERRANDS = ("您{}月到期", "您{}月出账", "您{}月续费")


def sentences() -> Iterator[str]:
    """Some 540 sentences of about four seconds and one length, each different from all others."""
    for errand, surname, month in itertools.product(ERRANDS, SURNAMES, MONTHS):
        yield f"{surname}总，{errand.format(month)}。"


class Window:
    """What comes within `seconds`, once the queue and the batches have filled as they then stay.

    Speech is counted as it comes, not by whole requests: of these many are under way at either end.
    """

    def __init__(self, seconds: float, lead: float = LEAD) -> None:
        self.opens = time.perf_counter() + lead
        self.closes = self.opens + seconds
        self._seconds = seconds
        self._audio = 0.0

    def is_open(self) -> bool:
        return self.opens <= time.perf_counter() < self.closes

    def is_over(self) -> bool:
        return time.perf_counter() >= self.closes

    def add(self, audio: float) -> None:
        """So many seconds of speech have come."""
        if self.is_open():
            self._audio += audio

    @property
    def rate(self) -> float:
        """Sentences of four seconds a second: those of the stand-in are not all of one length."""
        return self._audio / 4 / self._seconds


# --- The bare engine --------------------------------------------------------------------------


def bare_rate(folder: Path, processes: int, seconds: float, at_once: int) -> float:
    """Sentences of four seconds a second, of so many processes with the voice and `at_once` sentences in hand."""
    with Pool(processes, context=multiprocessing.get_context("spawn")) as pool:
        tasks = [(folder, seconds, at_once, number) for number in range(processes)]
        return sum(pool.starmap(_speak_for, tasks))


def _speak_for(folder: Path, seconds: float, at_once: int, number: int) -> float:
    catalog, name = installed(folder)
    info, speaker = catalog.resolve(name)
    batcher = Batcher(catalog.load(info.id), pace=Pace())
    texts = itertools.islice(itertools.cycle(sentences()), number * 100, None)
    window = Window(seconds)

    def count(made: Made) -> None:
        if isinstance(made, Chunk):
            window.add(len(made.samples) / info.sample_rate)

    def ask() -> list[Hearing]:
        return [batcher.submit(one, listener=count) for one in plan(next(texts), info, Style(speaker))]

    waiting = deque(ask() for _ in range(at_once))  # one more is asked for whenever one has ended
    while not window.is_over():
        for hearing in waiting.popleft():
            deque(hearing, maxlen=0)
        waiting.append(ask())
    return window.rate


def installed(folder: Path) -> tuple[Catalog, str]:
    """The catalog of the home in which a voice's folder lies, and the voice's name."""
    return Catalog(folder.resolve().parents[1]), folder.resolve().name


# --- Through HTTP -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Timing:
    first: float  # seconds to the first byte of audio
    whole: float
    audio: float  # seconds of speech


async def load(instance: Instance, voice: str, clients: int, window: Window, texts: Iterator[str]) -> list[Timing]:
    """What so many clients saw who asked within the window, each again as soon as it had its answer."""
    headers = {"Authorization": f"Bearer {instance.api_key}"}
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=instance.url, headers=headers, timeout=120, limits=limits) as client:
        timings: list[Timing] = []

        async def ask() -> None:
            while not window.is_over():
                counts = window.is_open()
                timing = await _timed(client, voice, next(texts), window)
                timings.extend([timing] if counts else [])

        await asyncio.gather(*(ask() for _ in range(clients)))
    return timings


async def _timed(client: httpx.AsyncClient, voice: str, text: str, window: Window) -> Timing:
    body = {"model": "tts-1", "voice": voice, "input": text, "response_format": "pcm", "sample_rate": SAMPLE_RATE}
    began = time.perf_counter()
    async with client.stream("POST", "/v1/audio/speech", json=body | {"cache": False}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError((await answer.aread()).decode())
        audio, first = 0.0, 0.0
        async for piece in answer.aiter_raw():
            first = first or time.perf_counter() - began
            window.add(len(piece) / 2 / SAMPLE_RATE)
            audio += len(piece) / 2 / SAMPLE_RATE
    return Timing(first, time.perf_counter() - began, audio)


def summary(timings: list[Timing], rate: float) -> dict[str, float]:
    whole = sorted(timing.whole * 1000 for timing in timings)
    first = sorted(timing.first * 1000 for timing in timings)
    return {
        "requests": len(timings),
        RATE: round(rate, 2),
        "mean_ms": round(statistics.fmean(whole)),
        "p50_ms": round(statistics.median(whole)),
        "p95_ms": round(quantile(whole, 0.95)),
        "p99_ms": round(quantile(whole, 0.99)),
        "first_chunk_p50_ms": round(statistics.median(first)),
        "first_chunk_p95_ms": round(quantile(first, 0.95)),
        "audio_seconds_mean": round(statistics.fmean(timing.audio for timing in timings), 2),
    }


def quantile(ascending: list[float], share: float) -> float:
    """The nearest rank."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--pictures", type=Path, help="a folder for two pictures of the figures")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    catalog, name = installed(options.folder)
    info, _ = catalog.resolve(name)
    report: dict[str, object] = {"processes": options.processes, "batch_size": info.batch_size}
    plain = bare_rate(options.folder, 1, options.seconds, at_once=1)
    bare = bare_rate(options.folder, options.processes, options.seconds, at_once=4 * info.batch_size)
    report |= {"plain_sentences_per_second": round(plain, 2), "bare_sentences_per_second": round(bare, 2)}
    by_clients: dict[int, dict[str, float]] = {}
    with running(voices=catalog.voices, VOXHOUSE_WORKERS=str(options.processes)) as instance:
        texts = itertools.cycle(sentences())
        asyncio.run(load(instance, name, 2 * options.processes, Window(5), texts))  # every worker loads the voice
        for clients in CLIENTS:
            print(f"{clients} clients", file=sys.stderr)
            window = Window(options.seconds)
            timings = asyncio.run(load(instance, name, clients, window, texts))
            by_clients[clients] = summary(timings, window.rate)
    best = max(each[RATE] for each in by_clients.values())
    one_after_another = 8 / plain * by_clients[8]["audio_seconds_mean"] / 4 * 1000
    report |= {
        "clients": by_clients,
        "best_sentences_per_second": best,
        "of_the_bare_engine": round(best / bare, 3),
        "a_day": round(best * 86400),
        "of_the_goal": round(best * 86400 / DAY, 2),
        "mean_at_8_clients_of_one_after_another": round(by_clients[8]["mean_ms"] / one_after_another, 2),
    }
    print(json.dumps(report, indent=2))
    if options.pictures:
        draw(options.pictures, by_clients, plain, bare)


def draw(folder: Path, by_clients: dict[int, dict[str, float]], plain: float, bare: float) -> None:
    figures, clients = by_clients.values(), list(by_clients)
    curves(
        folder / "throughput.svg",
        title="New sentences of four seconds a second",
        across="clients at once",
        up="sentences a second",
        at=clients,
        lines={
            "through HTTP": [each[RATE] for each in figures],
            "bare engine": [bare] * len(clients),
            "one after another, one process": [plain] * len(clients),
            "500,000 a day": [DAY / 86400] * len(clients),
        },
    )
    curves(
        folder / "latency.svg",
        title="Time to answer, new sentences of four to five seconds",
        across="clients at once",
        up="seconds",
        at=clients,
        lines={
            "99 %": [each["p99_ms"] / 1000 for each in figures],
            "95 %": [each["p95_ms"] / 1000 for each in figures],
            "mean": [each["mean_ms"] / 1000 for each in figures],
            "first chunk, median": [each["first_chunk_p50_ms"] / 1000 for each in figures],
            "mean, one after another": [
                count / plain * each["audio_seconds_mean"] / 4 for count, each in by_clients.items()
            ],
        },
    )


if __name__ == "__main__":
    main()
