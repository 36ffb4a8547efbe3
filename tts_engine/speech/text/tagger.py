"""g2pM's network in numpy: which reading a character with several takes in its sentence.

The weights are those of the package g2pM (Park and Lee, "g2pM: A Neural Grapheme-to-Phoneme
Conversion Package for Mandarin Chinese Based on a New Open Benchmark Dataset", Interspeech 2020;
Apache-2.0): an embedding of characters, one bidirectional LSTM, two layers on its states. Its own
class takes 1.2 ms a sentence; here the input half of the gates is a table made once, both
directions run as one product a step, and only readings the character can have are compared.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float32]
_UNKNOWN, _BEGIN, _END = "<UNK>", "시", "끝"
_loading = Lock()


@dataclass(frozen=True, slots=True)
class Tagger:
    """Immutable after loading, so any number of threads may share it.

    H is the width of the LSTM (32), V the number of known characters, C of pinyin classes.
    """

    characters: dict[str, int]
    readings: dict[str, list[str]]  # of each character, as g2pM writes them (`lu:4`)
    classes: dict[str, int]
    inputs: _Array  # [2, V, 4H] gates from the character alone, forward and backward
    recurrent: _Array  # [2, H, 4H]
    hidden: tuple[_Array, _Array]  # [2H, H], [H]
    output: tuple[_Array, _Array]  # [H, C], [C]

    def is_ambiguous(self, char: str) -> bool:
        return len(self.readings.get(char, ())) > 1

    def tag(self, text: str, positions: list[int]) -> list[str]:
        """The pinyin (ü as v, neutral tone 5) of the characters at these positions, all ambiguous."""
        states = self._states(text)[[position + 1 for position in positions]]
        hidden = np.maximum(states @ self.hidden[0] + self.hidden[1], 0)
        scores = hidden @ self.output[0] + self.output[1]
        return [self._best(text[position], row) for position, row in zip(positions, scores, strict=True)]

    def _best(self, char: str, scores: _Array) -> str:
        readings = [reading for reading in self.readings[char] if reading in self.classes]
        best = max(readings or self.readings[char], key=lambda r: scores[self.classes[r]] if r in self.classes else 0)
        return best.replace("u:", "v")

    def _states(self, text: str) -> _Array:
        """[T + 2, 2H]: the LSTM's states for the text between its two end marks."""
        unknown = self.characters[_UNKNOWN]
        ids = [self.characters[_BEGIN], *(self.characters.get(c, unknown) for c in text), self.characters[_END]]
        gates = np.stack([self.inputs[0, ids], self.inputs[1, ids[::-1]]], axis=1)[:, :, None]  # [T, 2, 1, 4H]
        width = self.recurrent.shape[1]
        states = np.empty((len(ids), 2, width), dtype=np.float32)
        state = np.zeros((2, 1, width), dtype=np.float32)
        cell = np.zeros_like(state)
        for step, from_input in enumerate(gates):
            gate = from_input + state @ self.recurrent
            sigmoid = 1 / (1 + np.exp(-gate))
            new = np.tanh(gate[..., 2 * width : 3 * width])
            cell = sigmoid[..., width : 2 * width] * cell + sigmoid[..., :width] * new
            state = sigmoid[..., 3 * width :] * np.tanh(cell)
            states[step] = state[:, 0]
        return np.concatenate([states[:, 0], states[::-1, 1]], axis=1)


@cache
def _load() -> Tagger:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it leaves its files to the garbage collector
        from g2pM import G2pM

        net: Any = G2pM()
    inputs = [
        net.embeddings @ net.weight_ih.T + net.bias_ih + net.bias_hh,
        net.embeddings @ net.weight_ih_reverse.T + net.bias_ih_reverse + net.bias_hh_reverse,
    ]
    return Tagger(
        characters=net.char2idx,
        readings=net.cedict,
        classes={pinyin: index for index, pinyin in net.idx2class.items()},
        inputs=np.stack(inputs).astype(np.float32),
        recurrent=np.stack([net.weight_hh.T, net.weight_hh_reverse.T]).astype(np.float32),
        hidden=(net.hidden_weight_l0.T.astype(np.float32), net.hidden_bias_l0.astype(np.float32)),
        output=(net.hidden_weight_l1.T.astype(np.float32), net.hidden_bias_l1.astype(np.float32)),
    )


def tagger() -> Tagger:
    """Loaded by the first caller (0.1 s) while others wait."""
    with _loading:
        return _load()
