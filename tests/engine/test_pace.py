"""A worker's pace is that of full batches, once there were enough of them."""

from types import SimpleNamespace

import pytest

from tts_engine import pace
from tts_engine.pace import ENOUGH, MEMORY, Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """clock.now: what the pace takes for the time, in seconds."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def speak(measured: Pace, clock: SimpleNamespace, characters: int, *, seconds: float, full: bool = True) -> None:
    clock.now += seconds
    measured.add(characters, full=full)


def test_the_first_moments_tell_nothing(clock: SimpleNamespace) -> None:
    """They hold the loading of a voice and the first run of its networks."""
    measured = Pace()
    measured.begin()
    speak(measured, clock, 5, seconds=ENOUGH * 0.6)
    assert measured.rate == 0
    speak(measured, clock, 55, seconds=ENOUGH * 0.6)
    assert measured.rate == pytest.approx(60 / (ENOUGH * 1.2), rel=0.05)


def test_who_has_little_to_do_tells_nothing(clock: SimpleNamespace) -> None:
    """A lone sentence says nothing about what could be spoken, nor does it change what is known."""
    measured = Pace()
    measured.begin()
    speak(measured, clock, 1000, seconds=ENOUGH, full=False)
    assert measured.rate == 0
    speak(measured, clock, 40, seconds=4)
    speak(measured, clock, 1, seconds=50, full=False)
    assert measured.rate == pytest.approx(10)


def test_rest_does_not_count(clock: SimpleNamespace) -> None:
    """Between the end of one batch and the beginning of the next nobody is slow."""
    measured = Pace()
    measured.begin()
    speak(measured, clock, 40, seconds=4)
    measured.end()
    clock.now += 1000
    measured.begin()
    speak(measured, clock, 40, seconds=4)
    assert measured.rate == pytest.approx(10)


def test_what_is_long_past_is_forgotten(clock: SimpleNamespace) -> None:
    """A machine that has become slower is known to be within a minute or two of speaking."""
    measured = Pace()
    measured.begin()
    speak(measured, clock, 400, seconds=4)
    for _ in range(10):
        speak(measured, clock, 10, seconds=MEMORY / 3)
    assert measured.rate < 6
