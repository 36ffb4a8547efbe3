"""The sines that excite an NSF generator: F0 and its harmonics where there is voice, else noise.

What `generator.Source` makes before its mixing, in numpy and a stretch at a time (Wang et al., 2019,
arXiv:1904.12088). F0 is constant within a frame.
"""

import numpy as np
from numpy.typing import NDArray

from tts_engine.speech.voice import Samples

AMPLITUDE = 0.1  # of a sine
NOISE = 0.003  # deviation of the noise beside them; where there is no voice, a third of the amplitude


class Sines:
    """The source of one utterance. It knows its phase, so stretches join as if made at once.

    The chance in it, phases and noise, is that of `seed`: the same for every length of stretch.
    """

    def __init__(self, harmonics: int, rate: int, hop: int, seed: int) -> None:
        """`harmonics` with F0 itself, `rate` in Hz, `hop` samples a frame."""
        self._chance = np.random.default_rng(seed)
        self._hop = hop
        self._turns_each = np.arange(1, harmonics + 1) / rate  # turns a sample, for each Hz
        # of each harmonic at the start; F0 itself begins at 0
        self.phase = self._chance.uniform(-np.pi, np.pi, harmonics)
        self.phase[0] = 0.0
        self._turned = np.zeros(harmonics)

    def next(self, f0: Samples, voiced: Samples) -> Samples:
        """F0 in Hz [T] and voiced 0 or 1 [T] of the frames that follow -> [harmonics, hop T]."""
        steps = f0.astype(np.float64)[:, None] * self._turns_each  # [T, H]
        turned = np.cumsum(np.concatenate([self._turned[None], steps * self._hop]), axis=0)
        self._turned = turned[-1]
        within = np.arange(1, self._hop + 1)[:, None]
        turns = turned[:-1, None, :] + steps[:, None, :] * within  # [T, hop, H]
        noise = self._chance.standard_normal(turns.shape, np.float32)
        pure = AMPLITUDE * np.sin((2 * np.pi * (turns % 1) + self.phase).astype(np.float32))
        made = np.where(voiced[:, None, None] > 0, pure + NOISE * noise, AMPLITUDE / 3 * noise)
        sines: NDArray[np.float32] = np.ascontiguousarray(made.reshape(-1, made.shape[2]).T, np.float32)
        return sines
