"""Rhythm: how many frames of 25 ms each symbol gets, and when each character is heard.

The published model rounds every duration for itself, at least one frame each, so that most
symbols, one or two frames long, ignore a change of speed and twice as fast comes out 1.7 times.
Here the end of each symbol is rounded instead, so that the error never adds up, and only sounds
must keep a frame; tone marks and spaces may lose theirs.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tts_engine.speech.voice import CharacterTime, Samples
from tts_engine.speech.voices.kokoro.networks import FRAME, SAMPLE_RATE, Floats, Frames
from tts_engine.speech.voices.kokoro.symbols import Sound

SECONDS = FRAME / SAMPLE_RATE
WINDOW = SAMPLE_RATE // 200  # samples
FARTHEST = 0.15  # seconds between the model's beginning of a sound and the one that is heard
MARKS = frozenset("→↗↓↘ˈˌ ")  # symbols without a sound of their own


def frame_counts(durations: Floats, sounds: Sequence[Sound], rate: float, pauses: float) -> Frames:
    """Frames [L] of the symbols of `sounds` and the zero at either end, `durations` [L] at natural speed.

    `rate` divides all durations, `pauses` multiplies those of punctuation.
    """
    wanted = np.maximum(durations.astype(np.float64), 0) / rate
    least = np.ones(len(wanted), dtype=np.int64)
    at = 1
    for sound in sounds:
        end = at + len(sound.symbols)
        if sound.pauses:
            wanted[at:end] *= pauses
        least[at:end] = [symbol not in MARKS for symbol in sound.symbols]
        at = end
    return _rounded(wanted, least)


def character_times(text: str, sounds: Sequence[Sound], frames: Frames, first: int, end: int) -> list[CharacterTime]:
    """The time of every character of `text`, in seconds, in audio that holds the frames [first, end).

    A punctuation mark has its pause; a character with neither sound nor pause has no length.
    """
    last = (end - first) * SECONDS
    ends = np.clip((np.cumsum(frames) - first) * SECONDS, 0, last).tolist()
    spans: list[tuple[float, float] | None] = [None] * len(text)
    at = 1
    for sound in sounds:
        begin, at = ends[at - 1], at + len(sound.symbols)
        share = (ends[at - 1] - begin) / max(1, sound.end - sound.first)
        for place, character in enumerate(range(sound.first, sound.end)):
            spans[character] = (begin + place * share, begin + (place + 1) * share)
    times, now = [], ends[0]
    for char, span in zip(text, spans, strict=True):
        begin, now = span or (now, now)
        times.append(CharacterTime(char, min(begin, last - SECONDS), now))
    return times


def begun_as_heard(times: Sequence[CharacterTime], samples: Samples) -> list[CharacterTime]:
    """The same times, the first character beginning with the first sound of `samples`, the run's first chunk.

    For the model a vowel at the beginning starts up to 65 ms after it is heard, an aspirate before.
    """
    onset = _onset(samples)
    first = next((time.start for time in times if time.end > time.start), onset)
    if abs(onset - first) > FARTHEST:  # it begins with a pause
        return list(times)
    later = [CharacterTime(time.char, max(time.start, onset), max(time.end, onset)) for time in times]
    begun = next((i for i, time in enumerate(later) if time.end > time.start), 0)
    return [
        CharacterTime(time.char, onset, time.end if i == begun else onset) if i <= begun else time
        for i, time in enumerate(later)
    ]


def _onset(samples: Samples) -> float:
    """Seconds to the first 5 ms that are at most 30 dB below the loudest."""
    frames = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    power = np.mean(frames**2, axis=1)
    return float(np.argmax(power >= power.max() / 1000)) * WINDOW / SAMPLE_RATE


def _rounded(wanted: npt.NDArray[np.float64], least: Frames) -> Frames:
    """Whole numbers, each at least `least`, whose running sum stays as near to that of `wanted` as that allows."""
    counts = np.empty(len(wanted), dtype=np.int64)
    ideal, total = 0.0, 0
    for i, duration in enumerate(wanted):
        ideal += duration
        counts[i] = max(least[i], round(ideal) - total)
        total += counts[i]
    return counts
