"""The three networks of the voice, each one call: durations, contours, decoder.

L symbols (with the zero at either end) last T frames of 25 ms; F0 and energy have two values a
frame. Runs of one session from several threads do not disturb each other, and each session keeps
to the threads it is given: two sessions side by side use the cores better than two threads in one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.kokoro import model
from tts_engine.speech.voices.sessions import open_session

SAMPLE_RATE = 24_000
FRAME = 600  # samples
MAX_SYMBOLS = 508

Floats = npt.NDArray[np.float32]
Frames = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Symbols:
    """What the text alone says: how long each symbol wants to last, and its features."""

    durations: Floats  # [L] frames at natural speed, not yet whole numbers
    prosody: Floats  # [L, 640]
    sound: Floats  # [512, L]


@dataclass(frozen=True, slots=True)
class Contours:
    f0: Floats  # [2 T] Hz, below 30 where there is no voice
    energy: Floats  # [2 T] log of the spectrum's norm, 4 to 11 in speech, below 0 in silence

    def during(self, frames: slice) -> "Contours":
        halves = slice(frames.start * 2, frames.stop * 2)
        return Contours(self.f0[halves], self.energy[halves])


class Networks:
    """The three onnxruntime sessions of one process. Loading takes 0.25 s and about 0.3 GB."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._durations, self._contours, self._decoder = (
            open_session(folder / f"{name}.onnx", threads) for name in ("durations", "contours", model.decoder(folder))
        )

    def symbols(self, tokens: list[int], style: Floats) -> Symbols:
        framed = np.array([[0, *tokens, 0]], dtype=np.int64)
        durations, prosody, sound = self._durations.run(
            [model.DURATIONS, model.PROSODY_FEATURES, model.SOUND_FEATURES], {"tokens": framed, "style": style}
        )
        return Symbols(durations[0], prosody[0], sound[0])

    def contours(self, symbols: Symbols, frames: Frames, style: Floats) -> Contours:
        """The melody of symbols that last `frames` [L]."""
        aligned = np.ascontiguousarray(np.repeat(symbols.prosody, frames, axis=0).T)
        f0, energy = self._contours.run(
            [model.F0, model.ENERGY], {model.ALIGNED_PROSODY: aligned[np.newaxis], "style": style}
        )
        return Contours(f0[0], energy[0])

    def decode(self, sound: Floats, contours: Contours, style: Floats) -> Samples:
        """Audio [T * 600] of T frames: sound features [512, T] and their contours."""
        feeds = {
            model.ALIGNED_SOUND: np.ascontiguousarray(sound)[np.newaxis],
            model.F0: contours.f0[np.newaxis],
            model.ENERGY: contours.energy[np.newaxis],
            "style": style,
        }
        audio: Samples = self._decoder.run(["audio"], feeds)[0]
        return audio
