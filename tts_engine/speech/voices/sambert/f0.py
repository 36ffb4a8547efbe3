"""F0 between an NSF model's acoustic side, where it is normalised, and its generator, in Hz."""

from dataclasses import dataclass

import numpy as np

from tts_engine.speech.voice import Samples

LEAST_F0 = 30.0  # Hz
VOICED = 0.6  # of the acoustic model's voicing, and above


@dataclass(frozen=True, slots=True)
class F0Scale:
    """F0 in Hz is `factor` x the normalised one + `offset`."""

    factor: float
    offset: float

    def in_hertz(self, features: Samples) -> Samples:
        """Frames [T, mels + 2] of the acoustic model as the generator takes them: F0 in Hz, voicing 0 or 1."""
        f0 = np.maximum(features[:, -2:-1] * self.factor + self.offset, LEAST_F0)
        voiced = features[:, -1:] >= VOICED
        return np.concatenate([features[:, :-2], f0, voiced], axis=1, dtype=np.float32)
