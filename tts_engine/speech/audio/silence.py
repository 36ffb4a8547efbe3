"""How long it is silent before the speech and after it, to the sample, as the speech comes.

The voice's own silence at that end is taken off and zeros are put there.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from tts_engine.speech.voice import CharacterTime, Chunk, Samples

FLOOR = np.float32(0.001)  # of full scale, -60 dBFS: what stays below is silence


def leading(chunks: Iterable[Chunk], sample_rate: int, milliseconds: int) -> Iterator[Chunk]:
    """`chunks` with so much silence before their first sound; times count from the new start."""
    silence = _zeros(sample_rate, milliseconds)
    skipped = 0  # samples
    before: list[CharacterTime] = []  # that begin in what is skipped
    coming = iter(chunks)
    for chunk in coming:
        first, _ = _sound(chunk.samples)
        skipped += first
        before.extend(chunk.characters)
        if first < len(chunk.samples):
            heard = [Chunk(np.concatenate([silence, chunk.samples[first:]]), tuple(before))]
            break
    else:
        heard = [Chunk(silence, tuple(before))]
    moved = (len(silence) - skipped) / sample_rate
    for chunk in chain(heard, coming):
        yield Chunk(chunk.samples, tuple(_moved(time, moved) for time in chunk.characters))


def trailing(chunks: Iterable[Chunk], sample_rate: int, milliseconds: int) -> Iterator[Chunk]:
    """`chunks` with so much silence after their last sound. Silence is held back until a sound follows."""
    held: list[Samples] = []
    for chunk in chunks:
        _, end = _sound(chunk.samples)
        sound = chunk.samples[:end]
        if end:
            sound = np.concatenate([*held, sound])
            held.clear()
        if end or chunk.characters:
            yield Chunk(sound, chunk.characters)
        held.append(chunk.samples[end:])
    yield Chunk(_zeros(sample_rate, milliseconds))


def _sound(samples: Samples) -> tuple[int, int]:
    """[start, end) of what is heard; (all of it, 0) where nothing is."""
    loud = np.flatnonzero(np.abs(samples) >= FLOOR)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (len(samples), 0)


def _moved(time: CharacterTime, seconds: float) -> CharacterTime:
    """A character may begin, for the voice, before it is heard; not before the audio."""
    return CharacterTime(time.char, max(0.0, time.start + seconds), max(0.0, time.end + seconds))


def _zeros(sample_rate: int, milliseconds: int) -> Samples:
    return np.zeros(round(milliseconds * sample_rate / 1000), np.float32)
