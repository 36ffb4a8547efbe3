"""The postnet of one utterance, given its frames as they are made."""

import numpy as np
import onnxruntime

from tts_engine.speech.voices.sambert.acoustic_files import CARRIED, Sizes
from tts_engine.speech.voices.sambert.regulate import Floats


class Refining:
    """Holds the frames that wait for those to come, and what the postnet remembers of those before."""

    def __init__(self, postnet: onnxruntime.InferenceSession, sizes: Sizes, frames: int) -> None:
        self._postnet = postnet
        self._frames = frames  # of the utterance
        self._ahead = sum(sizes.look_ahead)
        # a layer is given a frame later than the one before it, by what that one looks ahead
        self._late = np.cumsum([0, *sizes.look_ahead[:-1]])[:, np.newaxis]
        self._coarse: list[Floats] = []  # not yet given to the postnet
        self._tail = np.zeros((0, sizes.num_mels), np.float32)  # given, and its residual still to come
        self._given = 0
        self._waiting = 0
        given = {"mel", "real", "skip"}
        inputs = [each for each in postnet.get_inputs() if each.name not in given]
        self._state = {each.name: np.zeros(each.shape, np.float32) for each in inputs}

    @property
    def waiting(self) -> int:
        """How many frames the next `stretch` would give, were it not the last."""
        return self._given + self._waiting - self._ahead - self._done

    @property
    def _done(self) -> int:
        return max(0, self._given - self._ahead)

    def add(self, coarse: Floats) -> None:
        """coarse [r, num_mels]: the next frames of the decoder, or what it made past the end."""
        self._coarse.append(coarse)
        self._waiting += len(coarse)

    def stretch(self) -> Floats:
        """All that can be known by now, [F, num_mels]; with the utterance's last frame, all the rest."""
        if not self._frames:
            return self._tail
        coarse = np.concatenate(self._coarse)
        if self._given + len(coarse) >= self._frames:
            coarse = coarse[: self._frames - self._given]
            fed = np.concatenate([coarse, np.zeros((self._ahead, coarse.shape[1]), np.float32)])
        else:
            fed = coarse
        index = self._given + np.arange(len(fed)) - self._late  # [layers, F]
        real = ((index >= 0) & (index < self._frames)).astype(np.float32)
        skip = min(len(fed), max(0, self._ahead - self._given))
        feeds = {"mel": fed, "real": real[..., np.newaxis], "skip": np.array([skip]), **self._state}
        outputs = self._postnet.run(["residual", *(name + CARRIED for name in self._state)], feeds)
        residual: Floats = outputs[0]
        self._state = dict(zip(self._state, outputs[1:], strict=True))
        known = np.concatenate([self._tail, coarse])
        self._coarse, self._tail = [], known[len(residual) :]
        self._given += len(coarse)
        self._waiting = 0
        return known[: len(residual)] + residual
