"""How long do requests wait, with 1 to 256 workers? A simulation of the real queue's policy.

Events in simulated time: requests of 500 teams come in bursts, most of them short and some of a hundred
sentences; halfway one team asks for a thousand at once, while another has a single request every few
seconds. The order of service is the product's (`tts_engine.fair`); how fast a batch is spoken is a curve
that `voices check` prints. First come first served stands beside it.

    python -m bench.queue_simulation              # the table
    python -m bench.queue_simulation --measure    # one worker, simulated and real, with the same requests
"""

import argparse
import heapq
import itertools
import random
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from tts_engine import fair

WORKERS = (1, 2, 16, 64, 256)
SECONDS = 600.0
TENANTS = 500
LOAD = 0.8  # of what the workers can speak
FLOOD = 1000  # requests of one team at once
LONE_EVERY = 5.0  # seconds between two requests of the lone team
LOOK_EVERY = 0.25  # seconds between two looks of a worker that nobody woke
WAKE_UP, READING = 0.003, 0.010  # seconds of a message, and of a text from its claim to the voice
CROWD, LONE = "crowd", "lone"

Curve = dict[int, float]
# Sambert stand-in, one core: sentences at once to characters a second, at 4.5 characters a second of speech.
SAMBERT: Curve = {1: 34.0, 2: 38.0, 4: 44.0, 8: 45.0}


@dataclass(frozen=True, slots=True)
class Request:
    at: float  # seconds
    tenant: str
    sentences: tuple[int, ...]  # characters of each


@dataclass(slots=True)
class Row:
    """A request in the queue, and what became of it."""

    request: Request
    tags: list[int]
    begun: float = -1.0
    ended: float = -1.0
    submitted: int = 0
    spoken: int = 0

    @property
    def wait(self) -> float:
        return self.begun - self.request.at

    @property
    def latency(self) -> float:
        return self.ended - self.request.at


Sentence = tuple[int, int, int, Row]
"""(tag, number that breaks ties, characters, row)"""


@dataclass(slots=True)
class Worker:
    curve: Curve
    speaking: list[list[float]] = field(default_factory=list)  # [characters left, key of `whose`]
    whose: dict[float, Row] = field(default_factory=dict)
    waiting: list[Sentence] = field(default_factory=list)  # sorted
    unread: list[Row] = field(default_factory=list)
    since: float = 0.0
    version: int = 0  # of the next end that was foretold
    busy: float = 0.0
    clock: int = 0  # the tag of the sentence begun last

    @property
    def places(self) -> int:
        return max(self.curve)

    @property
    def pace(self) -> float:
        """Characters a second of one sentence, of those spoken at once."""
        at_once = len(self.speaking)
        return self.curve[max(size for size in self.curve if size <= at_once)] / at_once

    def advance(self, now: float) -> None:
        if self.speaking:
            spoken = self.pace * (now - self.since)
            for sentence in self.speaking:
                sentence[0] -= spoken
            self.busy += now - self.since
        self.since = now


class Simulation:
    """One run. `fifo` gives every request the place of its arrival, and its sentences with it."""

    def __init__(
        self, requests: Sequence[Request], workers: int, curve: Curve, *, fifo: bool = False, seed: int = 1
    ) -> None:
        self.rows: list[Row] = []
        self.workers = [Worker(curve) for _ in range(workers)]
        self.now = 0.0
        self._latest = 0  # tag begun anywhere
        self._fifo = fifo
        self._random = random.Random(seed)  # noqa: S311
        self._numbers = itertools.count()
        self._finish: dict[str, int] = {}  # each tenant's virtual finish time
        self._table: list[tuple[int, int, Row]] = []  # rows nobody has claimed, a heap
        self._events: list[tuple[float, int, str, object]] = []
        for request in requests:
            self._at(request.at, "arrive", request)

    def run(self) -> "Simulation":
        left = len(self._events)
        self._at(0.0, "look", None)
        while self._events and left:
            self.now, _, kind, what = heapq.heappop(self._events)
            if kind == "arrive":
                assert isinstance(what, Request)
                self._arrive(what)
            elif kind == "look":
                for worker in self._random.sample(self.workers, len(self.workers)) if self._table else ():
                    self._take(worker)
                self._at(self.now + LOOK_EVERY, "look", None)
            elif kind == "woken":
                assert isinstance(what, Worker)
                self._take(what)
            elif kind == "read":
                assert isinstance(what, tuple)
                self._read(*what)
            else:
                assert isinstance(what, tuple)
                worker, version = what
                if version == worker.version:
                    left -= self._end(worker)
        return self

    @property
    def utilisation(self) -> float:
        return sum(worker.busy for worker in self.workers) / len(self.workers) / self.now

    def clock(self) -> int:
        """As `tts_engine.queue.virtual_time` has it."""
        return fair.virtual_time([worker.clock for worker in self.workers if worker.speaking], self._latest)

    def _at(self, time: float, kind: str, what: object) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), kind, what))

    def _arrive(self, request: Request) -> None:
        """At the door: the tags (as `billing.statements.RESERVE` gives them, weight 1), the row, one wake-up."""
        characters = sum(request.sentences)
        start = max(self.clock(), self._finish.get(request.tenant, 0))
        finish = start + characters * 1_000_000
        self._finish[request.tenant] = finish
        if self._fifo:
            start = finish = len(self.rows)
        row = Row(request, fair.sentence_tags(start, finish, request.sentences))
        self.rows.append(row)
        heapq.heappush(self._table, (start, next(self._numbers), row))
        self._at(self.now + WAKE_UP, "woken", self._random.choice(self.workers))

    def _take(self, worker: Worker) -> None:
        """Claim the next row, if the policy lets this worker; its sentences are with the voice when it is read."""
        ahead = [(0, sentence[0]) for sentence in worker.waiting] + [(0, row.tags[0]) for row in worker.unread]
        if self._table and (0, self._table[0][0]) < fair.limit(ahead):
            _, _, row = heapq.heappop(self._table)
            worker.unread.append(row)
            self._at(self.now + READING, "read", (worker, row))

    def _read(self, worker: Worker, row: Row) -> None:
        worker.unread.remove(row)
        for _ in range(worker.places + 1):  # so many sentences of a text are with the voice at once
            self._submit(worker, row)
        self._begin(worker)

    def _submit(self, worker: Worker, row: Row) -> None:
        number = row.submitted
        if number < len(row.tags):
            row.submitted += 1
            insort(worker.waiting, (row.tags[number], next(self._numbers), row.request.sentences[number], row))

    def _begin(self, worker: Worker) -> None:
        worker.advance(self.now)
        if worker.waiting and len(worker.speaking) < worker.places:
            self._at(self.now, "woken", worker)
            worker.clock = worker.waiting[0][0]
            self._latest = max(self._latest, worker.clock)
        while worker.waiting and len(worker.speaking) < worker.places:
            _, key, characters, row = worker.waiting.pop(0)
            row.begun = self.now if row.begun < 0 else row.begun
            worker.speaking.append([float(characters), key])
            worker.whose[key] = row
        if worker.speaking:
            worker.version += 1
            soonest = min(left for left, _ in worker.speaking)
            self._at(self.now + max(0.0, soonest) / worker.pace, "end", (worker, worker.version))

    def _end(self, worker: Worker) -> int:
        """Sentences are spoken to their end; how many rows that ends."""
        worker.advance(self.now)
        ended = [sentence for sentence in worker.speaking if sentence[0] <= 1e-6]
        worker.speaking = [sentence for sentence in worker.speaking if sentence[0] > 1e-6]
        rows = 0
        for _, key in ended:
            row = worker.whose.pop(key)
            row.spoken += 1
            self._submit(worker, row)
            if row.spoken == len(row.tags):
                row.ended = self.now
                rows += 1
        self._begin(worker)
        if rows:
            self._take(worker)
        return rows


def traffic(workers: int, curve: Curve, seed: int = 1) -> list[Request]:
    """SECONDS of requests that keep so many workers busy at LOAD, and then some: the flood and the lone team."""
    rng = random.Random(seed)  # noqa: S311
    shares = [1 / (rank + 1) for rank in range(TENANTS)]  # a few teams ask for most
    requests: list[Request] = []
    characters, now = 0, 0.0
    capacity = LOAD * workers * max(curve.values())
    while now < SECONDS:
        (tenant,) = rng.choices(range(TENANTS), shares)
        for _ in range(1 + int(rng.expovariate(0.3))):  # a burst
            request = Request(now + rng.uniform(0, 0.5), f"team-{tenant}", sentences(rng))
            requests.append(request)
            characters += sum(request.sentences)
        now = characters / capacity + rng.expovariate(1.0)
    requests += [Request(SECONDS / 2, CROWD, sentences(rng)) for _ in range(FLOOD)]
    requests += [Request(at, LONE, (18,)) for at in numbers(1.0, SECONDS, LONE_EVERY)]
    return sorted(requests, key=lambda request: request.at)


def numbers(start: float, end: float, step: float) -> list[float]:
    return [start + step * turn for turn in range(int((end - start) / step))]


def sentences(rng: random.Random) -> tuple[int, ...]:
    """Of a short request, a paragraph, or (one in fifty) a text of a hundred."""
    (count,) = rng.choices([1, rng.randint(2, 8), 100], [80, 18, 2])
    return tuple(min(60, 4 + int(rng.expovariate(1 / 14))) for _ in range(count))


def percentile(values: Sequence[float], percent: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


def report(name: str, simulation: Simulation) -> None:
    rows = simulation.rows
    others = [row.wait for row in rows if row.request.tenant not in (CROWD, LONE)]
    lone = [row.wait for row in rows if row.request.tenant == LONE]
    flooded = [row.wait for row in rows if row.request.tenant == LONE and row.request.at >= SECONDS / 2]
    p50, p95, p99 = (percentile(others, percent) for percent in (50, 95, 99))
    print(
        f"{len(simulation.workers):>7}  {name:<5} {len(rows) / simulation.now:>8.1f} {simulation.utilisation:>7.0%}"
        f"   {p50:>7.2f} {p95:>7.2f} {p99:>7.2f}   {percentile(lone, 50):>7.2f} {max(flooded):>7.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="compare one worker with the real platform")
    if parser.parse_args().measure:
        from bench.queue_measure import compare

        compare()
        return
    print("seconds of waiting for the first sentence to begin; `lone` has one request at a time")
    print("workers  order       r/s    busy   all p50     p95     p99   lone p50     max in the flood")
    for workers in WORKERS:
        requests = traffic(workers, SAMBERT)
        for name, fifo in (("fair", False), ("fifo", True)):
            report(name, Simulation(requests, workers, SAMBERT, fifo=fifo).run())


if __name__ == "__main__":
    main()
