"""Decoding a batch of utterances step by step, each row by its own clock.

A row keeps its keys in a ring of its band: the key of step i lies in slot i mod band, wherever its
neighbours are, so that a row's sums are taken in the same order alone and in any batch. What lies
beyond a row's own band is zero and never in reach.

B rows, W keys that fit the widest band, N layers, H heads of d units, D = H d, r frames a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnxruntime

from tts_engine.speech.voices.sambert.acoustic_files import Sizes
from tts_engine.speech.voices.sambert.refining import Refining
from tts_engine.speech.voices.sambert.regulate import Floats, Plan


@dataclass(frozen=True, slots=True)
class Networks:
    """What decoding runs; shared by all that decode."""

    memory: onnxruntime.InferenceSession
    step: onnxruntime.InferenceSession
    postnet: onnxruntime.InferenceSession
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Stretch:
    """The next frames of one utterance."""

    row: int  # as `join` numbered it
    mel: Floats  # [F, num_mels]
    last: bool


class Row:
    """One utterance being decoded."""

    def __init__(self, number: int, plan: Plan, networks: Networks) -> None:
        self.number, self.plan = number, plan
        self.told, keys = networks.memory.run(["told", "keys"], {"memory": plan.memory})  # [S, D], [2 N, H, S, d]
        layers, heads, steps, units = keys.shape
        self.keys = np.zeros((layers, heads, steps + plan.band, units), np.float32)  # so that a window fits at the end
        self.keys[:, :, :steps] = keys
        self.refining = Refining(networks.postnet, networks.sizes, plan.frames)
        self.at = 0  # the next step

    @property
    def finished(self) -> bool:
        return self.at == self.plan.steps


class Decoding:
    """A batch under way. Not to be stepped by two threads at once."""

    def __init__(self, networks: Networks, chunk: int) -> None:
        self._networks = networks
        self._chunk = chunk
        self._rows: list[Row] = []
        self._joined = 0
        self._window = Window.empty(0, 3, networks)

    def join(self, plan: Plan) -> int:
        """Add an utterance to the batch from the next step on; the number that its stretches will carry."""
        row = Row(self._joined, plan, self._networks)
        self._joined += 1
        self._seat([*self._rows, row])
        return row.number

    def leave(self, number: int) -> None:
        """Drop an utterance nobody waits for any more; one that has ended is gone already."""
        self._seat([row for row in self._rows if row.number != number])

    def __iter__(self) -> Iterator[Stretch]:
        """Stretches as they become ready, until no row is left; rows may join and leave between two of them."""
        while self._rows:
            yield from self.advance()

    def advance(self) -> list[Stretch]:
        """Take one step of every row; what has become ready by it."""
        frames = self._window.step(self._rows)
        ready = []
        for row, made in zip(self._rows, frames, strict=True):
            row.refining.add(made)
            if row.finished or row.refining.waiting >= self._chunk:
                ready.append(Stretch(row.number, row.refining.stretch(), row.finished))
        if any(row.finished for row in self._rows):
            self._seat([row for row in self._rows if not row.finished])
        return ready

    def _seat(self, rows: list[Row]) -> None:
        self._window = self._window.reseated(self._rows, rows)
        self._rows = rows


class Window:
    """What a step of the batch is given, and its own traces in it."""

    def __init__(self, networks: Networks, keys: Floats, frame: Floats) -> None:
        self._networks = networks
        self._keys = keys  # [2 N, B, H, 2 W + 1, d]: the ring of W steps, then the memory's W + 1
        self._frame = frame  # [B, num_mels]
        _, batch, heads, slots, units = keys.shape
        self._width = width = slots // 2
        self._told = np.zeros((batch, heads * units), np.float32)
        # [2, W + 1, 2 W + 2]: for steps and for memory, in row i, zero for the first i + 1 of its keys
        near = np.triu(np.full((width + 1, width + 1), -np.inf, np.float32), 1)
        none = np.full_like(near, -np.inf)
        self._biases = np.stack([np.hstack([near, none]), np.hstack([none, near])])

    @classmethod
    def empty(cls, rows: int, width: int, networks: Networks) -> "Window":
        layers, heads, _, units = networks.memory.get_outputs()[1].shape  # of `keys`
        keys = np.zeros((layers, rows, heads, 2 * width + 1, units), np.float32)
        return cls(networks, keys, np.zeros((rows, networks.sizes.num_mels), np.float32))

    def reseated(self, before: list[Row], after: list[Row]) -> "Window":
        """The window of the rows `after`, with the traces of those that were there `before`."""
        # A multiple of four keys, this step's own with them: the product with the values takes them by
        # four, and a remainder in another order.
        width = max((row.plan.band for row in after), default=0) // 4 * 4 + 3
        window = Window.empty(len(after), width, self._networks)
        seats = {row.number: seat for seat, row in enumerate(before)}
        for seat, row in enumerate(after):
            if row.number in seats:
                band, old = row.plan.band, seats[row.number]
                window._keys[:, seat, :, :band] = self._keys[:, old, :, :band]
                window._frame[seat] = self._frame[old]
        return window

    def step(self, rows: list[Row]) -> Floats:
        """One step of each row: its frames [B, r, num_mels]."""
        reach = []  # [B, 2]: how many steps before, and after
        for seat, row in enumerate(rows):
            at, band = row.at, row.plan.band
            self._told[seat] = row.told[at]
            self._keys[:, seat, :, self._width : self._width + band + 1] = row.keys[:, :, at : at + band + 1]
            reach.append((min(band, at), min(band, row.plan.steps - 1 - at)))
        _, batch, heads, slots, units = self._keys.shape
        made, qkv = self._networks.step.run(
            ["frames", "qkv"],
            {
                "frame": self._frame,
                "told": self._told,
                "window": self._keys.reshape(-1, heads, slots, units),
                "bias": self._biases[(0, 1), reach][:, np.newaxis],
            },
        )
        frames: Floats = made.reshape(batch, self._networks.sizes.frames_a_step, -1)
        self._frame = np.ascontiguousarray(frames[:, -1])
        # the keys and values of [B, (query, key, value) H, N, d] -> [N, 2, B, H, d]
        fresh = qkv.reshape(batch, 3, heads, -1, units)[:, 1:].transpose(3, 1, 0, 2, 4)
        keys = self._keys.reshape(-1, 2, *self._keys.shape[1:])
        for seat, row in enumerate(rows):
            if row.plan.band:
                keys[:, :, seat, :, row.at % row.plan.band] = fresh[:, :, seat]
            row.at += 1
        return frames
