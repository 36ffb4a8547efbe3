"""Cutting a sentence to what the model can take, and its audio to what a listener can wait for."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.kokoro.networks import FRAME, MAX_SYMBOLS, Floats, Frames
from tts_engine.speech.voices.kokoro.styles import SPEECH_ENERGY
from tts_engine.speech.voices.kokoro.symbols import Sound

# In frames of 25 ms. The model wraps each utterance in half a second of silence, here cut to these.
SILENCE_BEFORE, SILENCE_AFTER = 3, 6
SHORTEST_FIRST, SHORTEST_NEXT, SHORTEST_LAST = 40, 120, 40
MARGIN = 4  # decoded on both sides of a cut, so that its edge is not heard


@dataclass(frozen=True, slots=True)
class Run:
    """As much of a sentence as one run of the model takes: its characters and their sounds."""

    text: str
    sounds: tuple[Sound, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Frames [first, end) of a run that are spoken as one piece; `heard` adds the margins to decode."""

    first: int
    end: int
    heard: slice


def runs_of(text: str, sounds: Sequence[Sound]) -> Iterator[Run]:
    """Cut `sounds` into runs of at most MAX_SYMBOLS symbols: at a pause, else between words, else anywhere."""
    begin, first = 0, 0
    while begin < len(sounds):
        end = _end_of_run(sounds, begin)
        last = sounds[end].first if end < len(sounds) else len(text)
        rebased = (replace(s, first=s.first - first, end=s.end - first) for s in sounds[begin:end])
        yield Run(text[first:last], tuple(rebased))
        begin, first = end, last


def _end_of_run(sounds: Sequence[Sound], begin: int) -> int:
    total, at = 0, begin
    while at < len(sounds) and total + len(sounds[at].symbols) <= MAX_SYMBOLS:
        total += len(sounds[at].symbols)
        at += 1
    if at == len(sounds):
        return at
    # Not in the first half: a short run followed by a long one is spoken less evenly.
    half = (begin + at) // 2
    after_pause = (i for i in range(at, half, -1) if sounds[i - 1].pauses)
    between_words = (i for i in range(at, half, -1) if not sounds[i - 1].spoken)
    return next(after_pause, None) or next(between_words, None) or at


def spans_of(sounds: Sequence[Sound], frames: Frames, energy: Floats) -> list[Span]:
    """The pieces of a run, cut where its energy is lowest in a pause, silence at both ends trimmed."""
    first, end = _audible(energy, int(frames.sum()))
    cuts = [first]
    for cut in _quietest_in_pauses(sounds, frames, energy):
        shortest = SHORTEST_FIRST if len(cuts) == 1 else SHORTEST_NEXT
        if cut - cuts[-1] >= shortest and end - cut >= SHORTEST_LAST:
            cuts.append(cut)
    cuts.append(end)
    return [Span(a, b, slice(max(first, a - MARGIN), min(end, b + MARGIN))) for a, b in itertools.pairwise(cuts)]


def joined(decoded: Iterable[tuple[Span, Samples]]) -> Iterator[Samples]:
    """Chunks that together hold every frame of the spans once, cross-faded over the frame after each cut."""
    rise = np.linspace(0, 1, FRAME, endpoint=False, dtype=np.float32)
    fading: Samples | None = None
    for span, audio in decoded:
        begin = (span.first - span.heard.start) * FRAME
        end = begin + (span.end - span.first) * FRAME
        chunk = audio[begin:end].copy()
        if fading is not None:
            chunk[:FRAME] = chunk[:FRAME] * rise + fading * (1 - rise)
        fading = audio[end : end + FRAME]
        yield chunk


def _audible(energy: Floats, total: int) -> tuple[int, int]:
    """The frames [first, end) between the silences the model wraps an utterance in, less a short rest of each."""
    loud = np.flatnonzero(energy > SPEECH_ENERGY) // 2
    if not len(loud):
        return 0, total
    return max(0, int(loud[0]) - SILENCE_BEFORE), min(total, int(loud[-1]) + 1 + SILENCE_AFTER)


def _quietest_in_pauses(sounds: Sequence[Sound], frames: Frames, energy: Floats) -> Iterator[int]:
    ends = np.cumsum(frames)
    at = 1
    for sound in sounds:
        begin, at = int(ends[at - 1]), at + len(sound.symbols)
        end = int(ends[at - 1])
        if sound.pauses and end > begin:
            yield begin + int(np.argmin(energy[2 * begin : 2 * end])) // 2
