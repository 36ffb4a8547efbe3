"""Louder or softer, without ever going over full scale."""

from collections.abc import Iterable, Iterator

import numpy as np

from tts_engine.speech.voice import Samples

KNEE = 0.8  # of full scale: up to here the limiter leaves samples alone


def amplified(chunks: Iterable[Samples], decibels: float) -> Iterator[Samples]:
    """`chunks` raised by `decibels`; peaks that this lifts over the knee are bent, not cut.

    Above the knee k a sample x becomes k + (1 - k) tanh((x - k) / (1 - k)): smooth at the knee and
    never at full scale. It looks at each sample alone, so the cut into chunks makes no difference.
    """
    if decibels == 0:
        yield from chunks
        return
    factor = np.float32(10 ** (decibels / 20))
    for chunk in chunks:
        yield limited(chunk * factor)


def limited(samples: Samples) -> Samples:
    """`samples` with everything beyond the knee bent back below full scale."""
    size = np.abs(samples)
    room = np.float32(1 - KNEE)
    bent = np.float32(KNEE) + room * np.tanh((size - np.float32(KNEE)) / room)
    return np.where(size <= KNEE, samples, np.copysign(bent, samples)).astype(np.float32)
