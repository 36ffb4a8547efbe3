"""What several processes count is one sum, and nothing of it is lost while Valkey is away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tts_engine import relay, tally
from tts_engine.tally import Counter, Histogram, Sums

WORDS = Counter("words", "For this file alone.", ("voice",))
LENGTHS = Histogram("lengths", "For this file alone.", ("voice",), (1.0, 10.0))


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """What other tests have spoken was counted too."""
    tally._added.clear()
    yield
    tally._added.clear()
    relay.writer().delete(tally._key())


def test_the_sums_of_all_processes() -> None:
    """Each tells what it counted since the last time, once."""
    WORDS.add("xiaoxiao", by=2)
    tally.tell()
    WORDS.add("xiaoxiao")
    WORDS.add("yunxi")
    tally.tell()
    tally.tell()
    assert dict(Sums.read().of(WORDS)) == {("xiaoxiao",): 3, ("yunxi",): 1}


def test_values_by_their_size() -> None:
    """As Prometheus wants them: each bucket with all that is smaller, and the sum of the values."""
    for value in (0.5, 1.0, 5.0, 100.0):
        LENGTHS.observe(value, "xiaoxiao")
    tally.tell()
    sums = Sums.read()
    assert sums.buckets(LENGTHS, ("xiaoxiao",)) == [("1.0", 2), ("10.0", 3), ("+Inf", 4)]
    assert dict(sums.of(LENGTHS)) == {("xiaoxiao",): 106.5}


def test_while_valkey_is_away(settings: Any, tmp_path: Path) -> None:
    """It is told the next time, and so is what was counted meanwhile."""
    address = settings.REDIS_URL
    WORDS.add("xiaoxiao")
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    relay.writer.cache_clear()
    try:
        with capture_logs() as events:
            tally.tell()
    finally:
        settings.REDIS_URL = address
        relay.writer.cache_clear()
    assert [event["event"] for event in events] == ["counts_not_told"]
    WORDS.add("xiaoxiao")
    tally.tell()
    assert dict(Sums.read().of(WORDS)) == {("xiaoxiao",): 2}


def test_a_month_is_kept_for_some_days_more() -> None:
    """Names of voices that are gone do not stay for ever."""
    WORDS.add("xiaoxiao")
    tally.tell()
    assert 31 * 86_400 < relay.writer().ttl(tally._key()) <= 40 * 86_400
