"""What is read of counts in buckets of time."""

import pytest

from billing.usage.latency import BOUNDS, NOTHING, UNMEASURED, Latency, bucket


def counted(*milliseconds: int | None) -> Latency:
    counts = list(NOTHING)
    for ms in milliseconds:
        counts[bucket(ms) - 1] += 1
    return Latency(counts)


@pytest.mark.parametrize(("ms", "number"), [(0, 1), (9, 1), (10, 2), (99_999, 41), (100_000, 42), (2**31, 42)])
def test_a_bucket_begins_at_its_bound(ms: int, number: int) -> None:
    """As PostgreSQL's width_bucket has it, which counts the same of rows."""
    assert bucket(ms) == number


def test_who_did_not_wait_is_not_measured() -> None:
    """Nor does a quantile see them."""
    assert bucket(None) == UNMEASURED
    assert counted(None, None).quantile(0.5) is None
    assert counted(None, 700, None).measured == 1


@pytest.mark.parametrize("part", [0.5, 0.95, 1.0])
def test_a_quantile_is_right_within_a_quarter(part: float) -> None:
    """Of a thousand times from 20 ms to 20 s, evenly on a scale of ratios."""
    times = [round(20 * 1000 ** (number / 999)) for number in range(1000)]
    right = times[round(part * 999)]
    found = counted(*times).quantile(part)
    assert found is not None
    assert right / 1.25 <= found <= right * 1.25


def test_what_lasts_longest_is_told_as_its_least() -> None:
    """The last bucket has no end."""
    assert counted(*[200_000] * 3).quantile(0.95) == BOUNDS[-1]
