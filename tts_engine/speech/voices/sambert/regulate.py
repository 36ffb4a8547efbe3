"""Length regulator: symbols stretched to frames, and what the decoder is told of each step.

The same as `VarianceAdaptor.regulate`, of one utterance and in numpy. L symbols, T frames, S steps
of r frames, T <= r S.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tts_engine.speech.errors import VoiceUnavailable

MOST_FRAMES = 100_000  # of one utterance, twenty minutes; only damaged weights ask for more

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """One utterance after the encoder: when each symbol is spoken, and what the decoder is told."""

    durations: Ids  # [L] frames
    pitch: Floats  # [L] normalised
    energy: Floats  # [L] normalised
    memory: Floats  # [S, r Dt + Ds + De]
    frames: int
    band: int  # how many steps the decoder's attention reaches back, and ahead

    @property
    def steps(self) -> int:
        return len(self.memory)


def frames_of(log_duration: Floats, speed: float) -> Floats:
    """[L] frames, fractional, of predicted log(frames + 1). Raises VoiceUnavailable for no durations of speech."""
    with np.errstate(over="ignore"):
        frames = ((np.exp(log_duration) - 1) / speed).astype(np.float32)
    if not frames.sum() < MOST_FRAMES:  # NaN is not less either
        raise VoiceUnavailable(
            f"The voice asks for more than {MOST_FRAMES} frames in one utterance: its weights are damaged."
        )
    return frames


def regulate(
    text: Floats, speaker: Floats, emotion: Floats, durations: Ids, timescales: Floats, frames_a_step: int
) -> Floats:
    """Vectors [L, .] of each symbol, which lasts durations [L] frames -> memory [S, r Dt + Ds + De].

    An utterance of no frame at all is one step. Frames past the end have no text, speaker, emotion or place.
    """
    frames = int(durations.sum())
    steps = max(1, -(-frames // frames_a_step))
    symbol = np.repeat(np.arange(len(durations)), durations)  # [T] which each frame belongs to
    told = np.zeros((steps * frames_a_step, text.shape[1]), np.float32)
    told[:frames] = text[symbol]
    place = np.zeros((len(told), 1), np.float32)  # inside the symbol, from 1
    place[:frames, 0] = np.arange(1, frames + 1) - (np.cumsum(durations) - durations)[symbol]
    angle = place / timescales
    told[:, 0::2] += np.sin(angle[:, 0::2])
    told[:, 1::2] += np.cos(angle[:, 1::2])
    who = np.zeros((steps, speaker.shape[1] + emotion.shape[1]), np.float32)
    first = symbol[::frames_a_step]
    who[: len(first)] = np.concatenate([speaker[first], emotion[first]], axis=1)
    return np.concatenate([told.reshape(steps, -1), who], axis=1)
