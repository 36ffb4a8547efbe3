"""What processes count for Prometheus, summed over all of them.

Each adds to its own sums, which costs a microsecond, and every few seconds tells Valkey what was added since.
So any web process can be asked, a restart begins nothing anew, and a process that is killed takes at most the
last seconds of its counts along. As in the database's sums, each month (UTC) begins at nothing.

The values of every label come from a list of this platform's: none is what a caller sent.
"""

import atexit
import json
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from math import inf

import structlog
from django.utils import timezone
from redis.exceptions import RedisError

from tts_engine.relay import writer

log = structlog.get_logger()

TELL_SECONDS = 3
KEPT = timedelta(days=40)  # a month, and some days to look back
TOTAL = "total"  # in the place of a bucket's upper bound: the sum of what was counted or observed

Field = tuple[str, float | str, tuple[str, ...]]  # metric, upper bound or TOTAL, values of the labels


@dataclass(frozen=True, slots=True)
class Counter:
    """`name` is without the `_total` that Prometheus' text has."""

    name: str
    help: str
    labels: tuple[str, ...]

    def add(self, *labels: str, by: float = 1) -> None:
        _add([((self.name, TOTAL, labels), by)])


@dataclass(frozen=True, slots=True)
class Histogram:
    """Values by the first of the ascending `bounds` that is not below them."""

    name: str
    help: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]

    def observe(self, value: float, *labels: str) -> None:
        number = bisect_left(self.bounds, value)
        bound = self.bounds[number] if number < len(self.bounds) else inf
        _add([((self.name, bound, labels), 1), ((self.name, TOTAL, labels), value)])


_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

RESPONSES = Counter("voxhouse_http_responses", "Answers of the web processes, probes left out.", ("status",))
REFUSALS = Counter("voxhouse_refusals", "Requests refused by a limit or for want of room, by the error.", ("code",))
SENTENCES = Counter("voxhouse_sentences", "Sentences of requests that a worker took.", ("voice", "result"))
QUEUED = Histogram("voxhouse_queue_seconds", "How long requests waited for a worker, jobs' not.", ("voice",), _SECONDS)
FIRST_AUDIO = Histogram(
    "voxhouse_first_audio_seconds", "From a request to its first audio, jobs' not.", ("voice",), _SECONDS
)
RTF = Histogram(
    "voxhouse_rtf",
    "Seconds a request was in work for each second of its speech, where the cache had no part in it.",
    ("voice",),
    (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 5.0),
)
BATCH = Histogram(
    "voxhouse_batch_sentences",
    "Sentences spoken at once, as each of them begins.",
    ("model",),
    (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
)
MODEL_BUSY = Counter("voxhouse_model_busy_seconds", "Seconds in which a worker's model spoke.", ("model",))
MODEL_AUDIO = Counter("voxhouse_model_audio_seconds", "Seconds of speech that it made in these.", ("model",))

COUNTERS = (RESPONSES, REFUSALS, SENTENCES, MODEL_BUSY, MODEL_AUDIO)
HISTOGRAMS = (QUEUED, FIRST_AUDIO, RTF, BATCH)

_added: defaultdict[Field, float] = defaultdict(float)
_adding = threading.Lock()


def _add(sums: Sequence[tuple[Field, float]]) -> None:
    with _adding:
        for field, by in sums:
            _added[field] += by


def tell() -> None:
    """Add to Valkey what was added here since the last time; where it is away, it is told the next time."""
    with _adding:
        told = dict(_added)
        _added.clear()
    if not told:
        return
    key = _key()
    try:
        with writer().pipeline() as pipe:  # a transaction: all of it or nothing
            for field, by in told.items():
                pipe.hincrbyfloat(key, json.dumps(field), by)
            pipe.expire(key, KEPT)
            pipe.execute()
    except RedisError as error:
        log.warning("counts_not_told", error=str(error))
        _add(list(told.items()))


def keep_telling() -> None:
    """Begin to tell from a thread of its own, and once more as the process ends in good order."""

    def run() -> None:
        pause = threading.Event()
        while not pause.wait(TELL_SECONDS):
            tell()

    threading.Thread(target=run, name="tally", daemon=True).start()
    atexit.register(tell)


@dataclass(frozen=True, slots=True)
class Sums:
    """What all processes have told this month. Raises RedisError when Valkey is away."""

    _told: Mapping[Field, float]

    @classmethod
    def read(cls) -> "Sums":
        told = writer().hgetall(_key())
        fields = ((json.loads(field), float(value)) for field, value in told.items())
        return cls({(name, bound, tuple(labels)): value for (name, bound, labels), value in fields})

    def of(self, metric: Counter | Histogram) -> Iterator[tuple[tuple[str, ...], float]]:
        """The values of the labels, and the sum of what was counted or observed with them."""
        for (name, bound, labels), value in self._told.items():
            if name == metric.name and bound == TOTAL:
                yield labels, value

    def buckets(self, metric: Histogram, labels: tuple[str, ...]) -> list[tuple[str, float]]:
        """Each upper bound as Prometheus writes it, and how many were at or below it."""
        bounds = (*metric.bounds, inf)
        counts = accumulate(self._told.get((metric.name, bound, labels), 0.0) for bound in bounds)
        return [("+Inf" if bound == inf else str(bound), count) for bound, count in zip(bounds, counts, strict=True)]


def _key() -> str:
    return f"tally:{timezone.now():%Y-%m}"
