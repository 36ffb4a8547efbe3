"""How long people waited, kept as counts in buckets of time, from which the median and the like are read.

Counts of days, keys and voices can be added up; medians cannot. A bucket is a quarter wider than the one
before it, so what is read is wrong by less than that, and commonly by a twentieth.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

# Milliseconds: Renard's series R10 (ISO 3) from 10 ms to 100 s, the first bucket is what is shorter.
_R10 = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800)
BOUNDS: tuple[int, ...] = (*(step * 10**decade // 10 for decade in range(4) for step in _R10), 100_000)

# Numbers of buckets, counted from one as PostgreSQL does. The last is of requests for which nobody waited
# or no worker spoke: rows of jobs, repeats from the cache, failures.
UNMEASURED = len(BOUNDS) + 2
NOTHING = (0,) * UNMEASURED

# SQL: the number of the bucket that holds the milliseconds {ms}, which may be NULL.
BUCKET = (
    f"CASE WHEN ({{ms}}) IS NULL THEN {UNMEASURED}"
    f" ELSE width_bucket({{ms}}, ARRAY[{', '.join(map(str, BOUNDS))}]) + 1 END"
)


def bucket(ms: int | None) -> int:
    return UNMEASURED if ms is None else bisect_right(BOUNDS, ms) + 1


@dataclass(frozen=True, slots=True)
class Latency:
    """Requests by how long they waited: `counts[number - 1]` of each bucket."""

    counts: Sequence[int] = NOTHING

    @property
    def measured(self) -> int:
        return sum(self.counts[: UNMEASURED - 1])

    @property
    def median(self) -> int | None:
        return self.quantile(0.5)

    @property
    def most(self) -> int | None:
        """Of 95 percent."""
        return self.quantile(0.95)

    def quantile(self, part: float) -> int | None:
        """The milliseconds in which this part (0 to 1) of the measured requests had what they waited for.

        Within a bucket requests are taken to lie evenly; the last one, which has no end, tells its beginning.
        None without requests.
        """
        if not self.measured:
            return None
        rank = part * self.measured
        edges = pairwise((0, *BOUNDS, BOUNDS[-1]))
        below = 0
        for (start, end), upto in zip(edges, accumulate(self.counts), strict=False):
            if upto >= rank and upto > below:
                within = (rank - below) / (upto - below)
                return round(start + (end - start) * within)
            below = upto
        raise AssertionError("a rank lies in one of the buckets")


@dataclass(frozen=True, slots=True)
class Speed:
    """How long a worker let requests wait, and how long after they were made their first audio was there."""

    waits: Latency = field(default_factory=Latency)
    first_audio: Latency = field(default_factory=Latency)


def together(speeds: Iterable[Speed]) -> Speed:
    """Of all requests of which these are."""
    parts = list(speeds)
    return Speed(_summed(part.waits for part in parts), _summed(part.first_audio for part in parts))


def _summed(latencies: Iterable[Latency]) -> Latency:
    return Latency([sum(counts) for counts in zip(NOTHING, *(each.counts for each in latencies), strict=True)])
