"""How much of its neighbourhood a chunk of audio depends on, and what is cut off on the way.

A stage's blocks look further than anything after them, so most of a chunk's context is needed by the
first stages alone. What is needed is counted back from the waveform, convolution by convolution;
outside of the utterance there is nothing to need, and the zeros that every convolution puts there are
the whole utterance's own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tts_engine.speech.voices.sambert.config import GeneratorConfig
from tts_engine.speech.voices.sambert.filters import Filters

Reach = tuple[int, int]  # samples before and after

EVEN = 2  # What is kept after a stage is a multiple of this, if the stage's rate is: see ByteOperators


@dataclass(frozen=True, slots=True)
class Contexts:
    """Per rate, what is needed beside a chunk: of the input first, then of the output of each stage."""

    scales: tuple[int, ...]  # of each stage
    before: tuple[int, ...]  # frames, then samples at each stage's rate
    after: tuple[int, ...]

    @classmethod
    def of(cls, filters: Mapping[str, Filters], c: GeneratorConfig) -> "Contexts":
        needs = filters["post"].padding
        every = [needs]
        for stage, scale in reversed(list(enumerate(c.upsample_scales))):
            blocks = [_chain(filters, f"block.{stage}.{block}.") for block in range(len(c.resblock_dilations))]
            wanted = _sum(needs, _largest(blocks))
            needs = _sum(_at_rate(wanted, scale), filters[f"up.{stage}"].padding)
            if c.nsf:
                down = filters[f"down.{stage}"]
                source = _sum((wanted[0] * down.stride, wanted[1] * down.stride), down.padding)
                needs = _largest([needs, _at_rate(source, scale * down.stride)])
            needs = _even(needs) if stage else needs
            every.insert(0, needs)
        every[0] = _sum(needs, filters["pre"].padding)
        before, after = zip(*every, strict=True)
        return cls(c.upsample_scales, before, after)

    def frames(self, first: int, end: int, total: int) -> tuple[int, int]:
        """First and end of the frames that frames [first, end) of an utterance of `total` are made from."""
        return max(first - self.before[0], 0), min(end + self.after[0], total)

    def cuts(self, first: int, end: int, total: int) -> NDArray[np.int64]:
        """[stages + 1, 2]: first and end of what is kept after each stage, and of the waveform at last."""
        low, high = self.frames(first, end, total)
        scales = (*self.scales, 1)
        before, after = (*self.before[1:], 0), (*self.after[1:], 0)
        kept = []
        rate = 1
        for scale, needed_before, needed_after in zip(scales, before, after, strict=True):
            rate, low, high = rate * scale, low * scale, high * scale
            left = max(first * rate - needed_before, low)
            right = min(end * rate + needed_after, high)
            kept.append((left - low, right - low))
            low, high = left, right
        return np.array(kept, np.int64)


def _chain(filters: Mapping[str, Filters], prefix: str) -> Reach:
    """Of the convolutions of a block, one after another."""
    paddings = [f.padding for name, f in filters.items() if name.startswith(prefix)]
    return sum(before for before, _ in paddings), sum(after for _, after in paddings)


def _even(reach: Reach) -> Reach:
    return reach[0] + reach[0] % EVEN, reach[1] + reach[1] % EVEN


def _sum(one: Reach, other: Reach) -> Reach:
    return one[0] + other[0], one[1] + other[1]


def _largest(reaches: Sequence[Reach]) -> Reach:
    return max(before for before, _ in reaches), max(after for _, after in reaches)


def _at_rate(reach: Reach, scale: int) -> Reach:
    """The same stretch in samples that are `scale` times as long."""
    return math.ceil(reach[0] / scale), math.ceil(reach[1] / scale)
