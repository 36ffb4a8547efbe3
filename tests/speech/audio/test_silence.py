"""Silence before and after the speech, to the sample, and times that agree with it."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from tts_engine.speech.audio.silence import FLOOR, leading, trailing
from tts_engine.speech.voice import CharacterTime, Chunk, Samples

RATE = 24_000
SOUND = np.full(2_400, 0.5, np.float32)  # 100 ms
QUIET = np.full(1_200, FLOOR / 2, np.float32)  # 50 ms

Framed = Callable[[Iterable[Chunk], int, int], Iterator[Chunk]]


def heard(chunks: Iterable[Chunk]) -> Samples:
    return np.concatenate([chunk.samples for chunk in chunks])


def cut(samples: Samples, length: int) -> list[Chunk]:
    return [Chunk(samples[start : start + length]) for start in range(0, len(samples), length)]


@pytest.mark.parametrize("length", [100, 1_300, 100_000])
@pytest.mark.parametrize("milliseconds", [0, 1, 20, 300])
def test_silence_is_exact(milliseconds: int, length: int) -> None:
    """So many zeros before the first sound and after the last, however the speech is cut; the middle is untouched."""
    speech = np.concatenate([QUIET, SOUND, QUIET, SOUND, QUIET, QUIET])
    zeros = np.zeros(milliseconds * 24, np.float32)
    middle = np.concatenate([SOUND, QUIET, SOUND])
    made = heard(trailing(leading(cut(speech, length), RATE, milliseconds), RATE, milliseconds))
    assert np.array_equal(made, np.concatenate([zeros, middle, zeros]))


def test_times_count_from_the_new_start() -> None:
    """What is cut off before the speech comes off its times; none is before the audio."""
    times = (CharacterTime("你", 0.04, 0.1), CharacterTime("好", 0.1, 0.15))
    (first, second) = leading([Chunk(np.concatenate([QUIET, SOUND]), times), Chunk(SOUND, times).later(0.15)], RATE, 10)
    assert [(one.char, round(one.start, 6), round(one.end, 6)) for one in (*first.characters, *second.characters)] == [
        ("你", 0.0, 0.06),
        ("好", 0.06, 0.11),
        ("你", 0.15, 0.21),
        ("好", 0.21, 0.26),
    ]


@pytest.mark.parametrize("framed", [leading, trailing])
def test_no_character_is_lost(framed: Framed) -> None:
    """Those of a chunk that is silent are told with the others."""
    silent = Chunk(QUIET, (CharacterTime("一", 0, 0.05),))
    told = [time.char for chunk in framed([silent, Chunk(SOUND), silent], RATE, 10) for time in chunk.characters]
    assert told == ["一", "一"]


def test_a_sound_passes_at_once() -> None:
    """Only silence is held back, for it might be the last."""
    coming = iter([Chunk(np.concatenate([SOUND, QUIET])), Chunk(SOUND)])
    made = trailing(coming, RATE, 0)
    assert len(next(made).samples) == len(SOUND)
    assert len(next(made).samples) == len(QUIET) + len(SOUND)


@pytest.mark.parametrize("framed", [leading, trailing])
def test_nothing_but_silence(framed: Framed) -> None:
    """Then the silence that was asked for is all there is."""
    assert np.array_equal(heard(framed([Chunk(QUIET), Chunk(QUIET)], RATE, 10)), np.zeros(240, np.float32))
