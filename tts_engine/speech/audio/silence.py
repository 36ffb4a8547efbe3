"""How long it is silent before the speech and after it, to the sample, as the speech comes.

The voice's own silence at that end is taken off and zeros are put there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from tts_engine.speech.voice import Chunk, Samples

FLOOR = np.float32(0.001)  # of full scale, -60 dBFS: what stays below is silence


def leading(chunks: Iterable[Chunk], sample_rate: int, milliseconds: int) -> Iterator[Chunk]:
    """`chunks` with so much silence before their first sound; times count from the new start."""
    silence = _zeros(sample_rate, milliseconds)
    skipped = 0  # samples
    before: list[Chunk] = []  # what is skipped
    coming = iter(chunks)
    for chunk in coming:
        first, _ = _sound(chunk.samples)
        skipped += first
        before.append(chunk)
        if first < len(chunk.samples):
            sound = chunk.samples[first:]
            break
    else:
        sound = np.zeros(0, np.float32)
    characters = tuple(chain.from_iterable(chunk.characters for chunk in before))
    marks = tuple(chain.from_iterable(chunk.marks for chunk in before))
    heard = Chunk(np.concatenate([silence, sound]), characters, marks)
    moved = (len(silence) - skipped) / sample_rate
    for chunk in chain([heard], coming):
        yield chunk.later(moved)


def trailing(chunks: Iterable[Chunk], sample_rate: int, milliseconds: int) -> Iterator[Chunk]:
    """`chunks` with so much silence after their last sound. Silence is held back until a sound follows."""
    held: list[Samples] = []
    for chunk in chunks:
        _, end = _sound(chunk.samples)
        sound = chunk.samples[:end]
        if end:
            sound = np.concatenate([*held, sound])
            held.clear()
        if end or chunk.characters or chunk.marks:
            yield replace(chunk, samples=sound)
        held.append(chunk.samples[end:])
    yield Chunk(_zeros(sample_rate, milliseconds))


def _sound(samples: Samples) -> tuple[int, int]:
    """[start, end) of what is heard; (all of it, 0) where nothing is."""
    loud = np.flatnonzero(np.abs(samples) >= FLOOR)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (len(samples), 0)


def _zeros(sample_rate: int, milliseconds: int) -> Samples:
    return np.zeros(round(milliseconds * sample_rate / 1000), np.float32)
