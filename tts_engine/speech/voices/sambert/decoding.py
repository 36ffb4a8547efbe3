"""Decoding a batch of utterances step by step, each row by its own clock.

A row keeps its keys in a ring of its band: the key of step i lies in slot i mod band, wherever its
neighbours are, so that a row's sums are taken in the same order alone and in any batch. What lies
beyond a row's own band is zero and never in reach.

B rows, W keys that fit the widest band, N layers, H heads of d units, D = H d, r frames a step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from tts_engine.speech.voices.sambert.acoustic_files import CARRIED, Sizes
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
        self._joined = 0
        self._window = Window([], networks)

    @property
    def _rows(self) -> Sequence[Row]:
        return self._window.rows

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
        frames = self._window.step()
        ready = []
        for row, made in zip(self._rows, frames, strict=True):
            row.refining.add(made)
            if row.finished or row.refining.waiting >= self._chunk:
                ready.append(Stretch(row.number, row.refining.stretch(), row.finished))
        if any(row.finished for row in self._rows):
            self._seat([row for row in self._rows if not row.finished])
        return ready

    def _seat(self, rows: Sequence[Row]) -> None:
        window = Window(rows, self._networks)
        window.inherit(self._window)
        self._window = window


class Window:
    """What a step of these rows is given, what it makes, and its traces in what the next step is given.

    All of it stays in its place from step to step: onnxruntime is told once where that is.
    """

    def __init__(self, rows: Sequence[Row], networks: Networks) -> None:
        self.rows = rows
        (_, told), (layers, heads, _, units) = (each.shape for each in networks.memory.get_outputs())
        # Of [W keys of steps, W of the memory, this step's own], as the step has them. A multiple of eight, so
        # that what is out of a row's reach does not change the order in which the rest is added up.
        self._width = width = max((row.plan.band for row in rows), default=0) // 8 * 8 + 8
        # [W, 2 W + 1]: in row i, zero for the first i of the steps and this one, or i + 1 of the memory
        none = np.full((width, width), -np.inf, np.float32)
        own = np.zeros((width, 1), np.float32)
        self._steps_in_reach = np.hstack([np.triu(none), none, own])
        self._memory_in_reach = np.hstack([none, np.triu(none, 1), own - np.inf])

        def zeros(*shape: int) -> Floats:
            return np.zeros((len(rows), *shape), np.float32)

        mels, r, length = networks.sizes.num_mels, networks.sizes.frames_a_step, 2 * width + 1
        self._frame, self._told, self._bias = zeros(1, mels), zeros(1, told), zeros(heads, 2, length)
        self._keys = np.zeros((layers, len(rows), heads, length, units), np.float32)
        self._frames = zeros(r, mels)
        given: dict[str, npt.NDArray[Any]] = {
            "frame": self._frame,
            "told": self._told,
            "bias": self._bias.reshape(-1, 2 * heads, 1, length),
            "last": np.full(len(rows), length - 1, np.int32),
            "length": np.array(length, np.int32),
        }
        self._binding = networks.step.io_binding()
        for name, array in given.items():
            self._binding.bind_cpu_input(name, array)
        for layer, keys in enumerate(self._keys):  # each is written to where it is read
            value = onnxruntime.OrtValue.ortvalue_from_numpy(keys)
            self._binding.bind_ortvalue_input(f"window{layer}", value)
            self._binding.bind_ortvalue_output(f"window{layer}{CARRIED}", value)
        made = onnxruntime.OrtValue.ortvalue_from_numpy(self._frames.reshape(-1, 1, r * mels))
        self._binding.bind_ortvalue_output("frames", made)
        self._session = networks.step

    def inherit(self, before: "Window") -> None:
        """Take over the traces of the rows that were in the window before."""
        seats = {row.number: seat for seat, row in enumerate(before.rows)}
        for seat, row in enumerate(self.rows):
            if row.number in seats:
                band, old = row.plan.band, seats[row.number]
                self._keys[:, seat, :, :band] = before._keys[:, old, :, :band]
                self._frame[seat] = before._frame[old]

    def step(self) -> Floats:
        """One step of each row: its frames [B, r, num_mels]."""
        for seat, row in enumerate(self.rows):
            at, band = row.at, row.plan.band
            self._told[seat] = row.told[at]
            self._keys[:, seat, :, self._width : self._width + band + 1] = row.keys[:, :, at : at + band + 1]
            self._bias[seat, :, 0] = self._steps_in_reach[min(band, at)]
            self._bias[seat, :, 1] = self._memory_in_reach[min(band, row.plan.steps - 1 - at)]
        self._session.run_with_iobinding(self._binding)
        self._frame[:] = self._frames[:, -1:]
        for seat, row in enumerate(self.rows):
            if row.plan.band:
                self._keys[:, seat, :, row.at % row.plan.band] = self._keys[:, seat, :, -1]
            row.at += 1
        return self._frames.copy()
