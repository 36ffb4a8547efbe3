"""A compiled generator at work: frames come in, samples go out, by onnxruntime and numpy alone.

    for stretch in decoding:                                    # frames, as the acoustic model makes them
        for samples in voicings[stretch.row].feed(stretch.mel, stretch.last): ...

What has been spoken of an utterance is in its `Voicing`: one vocoder serves any number of threads. Each
utterance is spoken by itself: eight as one batch take longer than one after another, as what a stage
makes of them no longer fits a core's cache.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.sambert.sines import Sines
from tts_engine.speech.voices.sambert.vocoder_files import GRAPH, Description, VocoderPrecision
from tts_engine.speech.voices.sessions import open_session

Feeds = dict[str, npt.NDArray[Any]]

# Frames of a chunk, at least and at most, in turn: the first is to be heard soon, those after it are to
# cost little beside their context, by when there is enough to hear until they come.
SIZES = ((16, 40), (80, 160), (160, 320))


class Vocoder:
    """A generator, loaded once."""

    def __init__(self, folder: Path, precision: VocoderPrecision | None = None, threads: int = 1) -> None:
        """`precision` is the folder's own unless another is to be measured. Raises VoiceUnavailable."""
        self.description = Description.read(folder)
        self._session = open_session(folder / GRAPH[precision or self.description.precision], threads)

    def start(self, seed: int = 0) -> "Voicing":
        """Begin an utterance. `seed` is of the chance in an NSF source: the same, the same samples."""
        return Voicing(self, Frames(self.description, seed))

    def speak(self, stretches: Iterable[Samples], seed: int = 0) -> Iterator[Samples]:
        """Samples of one utterance whose frames [T, features] come in stretches of any length."""
        voicing = self.start(seed)
        for features in stretches:
            yield from voicing.feed(features, last=False)
        yield from voicing.finish()

    def run(self, feeds: Feeds) -> Samples:
        """What the graph makes of one chunk [samples], held to [-1, 1]."""
        (wave,) = self._session.run(["wav"], feeds)
        samples: Samples = np.clip(wave[0], -1.0, 1.0)  # tanh is approximated, and may end a bit above 1
        return samples


class Voicing:
    """One utterance being spoken. Chunks are [hop n] samples and join without a seam."""

    def __init__(self, vocoder: Vocoder, frames: "Frames") -> None:
        self._vocoder = vocoder
        self._frames = frames
        self._sizes = iter(SIZES)
        self._size = next(self._sizes)

    def feed(self, features: Samples, last: bool) -> Iterator[Samples]:
        """Take the next frames [T, features], and speak as much as can be spoken by now."""
        self._frames.add(features)
        if last:
            yield from self.finish()
        while self._frames.ready >= self._size[0]:
            yield self._chunk()

    def finish(self) -> Iterator[Samples]:
        """Speak what is left: there will be no more frames."""
        self._frames.ended = True
        while self._frames.ready:
            yield self._chunk()

    def _chunk(self) -> Samples:
        frames = min(self._frames.ready, self._size[1])
        self._size = next(self._sizes, self._size)
        return self._vocoder.run(self._frames.take(frames))


class Frames:
    """The frames of an utterance that are still needed, those of its source, and how far it is spoken."""

    def __init__(self, description: Description, seed: int) -> None:
        d = self._description = description
        self.ended = False
        self._spoken = 0
        self._offset = 0  # of the first frame kept
        self._mel = np.zeros((0, d.mels), np.float32)
        self._sines = np.zeros((d.harmonics, 0), np.float32)
        self._source = Sines(d.harmonics, d.sample_rate, d.hop, seed) if d.harmonics else None

    @property
    def ready(self) -> int:
        """How many frames can be spoken now."""
        ahead = 0 if self.ended else self._description.contexts.after[0]
        return max(self._known - ahead - self._spoken, 0)

    @property
    def _known(self) -> int:
        return self._offset + len(self._mel)

    def add(self, features: Samples) -> None:
        mels = self._description.mels
        self._mel = np.concatenate([self._mel, features[:, :mels]])
        if self._source:
            sines = self._source.next(features[:, mels], features[:, mels + 1])
            self._sines = np.concatenate([self._sines, sines], axis=1)

    def take(self, count: int) -> Feeds:
        """The graph's inputs for the next `count` frames; what no later frame needs is forgotten."""
        d = self._description
        first, end = self._spoken, self._spoken + count
        low, high = d.contexts.frames(first, end, self._known)
        cuts = d.contexts.cuts(first, end, self._known)
        self._mel = self._mel[low - self._offset :]
        self._sines = self._sines[:, (low - self._offset) * d.hop :]
        feeds: Feeds = {"mel": self._mel[None, : high - low], "cuts": cuts}
        if self._source:
            feeds["sines"] = self._sines[None, :, : (high - low) * d.hop]
        self._offset, self._spoken = low, end
        return feeds
