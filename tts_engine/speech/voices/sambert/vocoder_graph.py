"""The generator as an ONNX graph.

    mel [B, T, mels], cuts [stages + 1, 2], with NSF sines [B, H, hop T] -> wav [B, samples]

One traversal for every precision: `Operators` says how a convolution is made and in which layout,
`write` what is convolved with what. `cuts` are the first sample and the end, at the rate of each stage,
of what is kept after it, and of the waveform: a chunk's context is not carried on to the rates where
it would cost most (see contexts.py).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from tts_engine.speech.voices.sambert.config import GeneratorConfig
from tts_engine.speech.voices.sambert.filters import Filters
from tts_engine.speech.voices.sambert.generator import LAST_SLOPE
from tts_engine.speech.voices.sambert.onnx_graph import Graph


class Operators(ABC):
    """What the traversal asks for.

    The first stage begins with float32; what lies between it and the waveform is the operators' own.
    """

    time_axis: int

    def __init__(self, graph: Graph, filters: Mapping[str, Filters], slope: float) -> None:
        self.graph = graph
        self.filters = filters
        self.slope = slope  # of every leaky ReLU but the last

    @abstractmethod
    def enter(self, x: str) -> str:
        """Into the layout, from [B, C, 1, T]."""

    @abstractmethod
    def upsample(self, x: str, stage: int, scale: int) -> str:
        """x + sin x, a leaky ReLU and both upsamplers."""

    @abstractmethod
    def excite(self, x: str, source: str, stage: int) -> str:
        """Add a source [B, 1, 1, T], brought down to the rate of the stage."""

    @abstractmethod
    def pair(self, x: str, layer: str) -> str:
        """x + two convolutions, each after a leaky ReLU."""

    @abstractmethod
    def total(self, blocks: Sequence[str], stage: int) -> str:
        """The sum of a stage's blocks."""

    @abstractmethod
    def last(self, x: str) -> str:
        """A leaky ReLU and the last convolution, to [B, T] in float32."""

    def cut(self, x: str, first: str, end: str) -> str:
        return self.graph.op("Slice", x, first, end, self.graph.shape(self.time_axis))

    def conv(self, x: str, layer: str) -> str:
        """Float convolution of [B, C, 1, T]: onnxruntime's blocked kernels are for two dimensions."""
        f = self.filters[layer]
        weight, bias = self.graph.constant(f.weight[:, :, None, :]), self.graph.constant(f.bias)
        pads = [0, f.padding[0], 0, f.padding[1]]
        return self.graph.op("Conv", x, weight, bias, pads=pads, dilations=[1, f.dilation], strides=[1, f.stride])

    def waved(self, x: str) -> str:
        return self.graph.op("Add", x, self.graph.op("Sin", x))

    def leaky(self, x: str, slope: float | None = None) -> str:
        return self.graph.op("LeakyRelu", x, alpha=self.slope if slope is None else slope)


class Floats(Operators):
    """Everything in float32, [B, C, 1, T]."""

    time_axis = 3

    def __init__(self, graph: Graph, filters: Mapping[str, Filters], slope: float) -> None:
        super().__init__(graph, filters, slope)
        self.seen: dict[str, str] = {}  # the values that others keep in bytes, by the names they have for them

    def enter(self, x: str) -> str:
        return x

    def upsample(self, x: str, stage: int, scale: int) -> str:
        g, layer = self.graph, f"up.{stage}"
        channels = len(self.filters[layer].bias) // scale
        x = self._see(f"{layer}.in", self.waved(x))
        y = self.conv(self.leaky(x), layer)  # [B, scale C, 1, T]
        y = g.op("Transpose", g.op("Reshape", y, g.shape(0, scale, channels, -1)), perm=[0, 2, 3, 1])
        return self._see(f"{layer}.out", g.op("Reshape", y, g.shape(0, channels, 1, -1)))

    def excite(self, x: str, source: str, stage: int) -> str:
        layer = f"down.{stage}"
        return self._see(f"{layer}.sum", self.graph.op("Add", x, self.conv(source, layer)))

    def pair(self, x: str, layer: str) -> str:
        y = self._see(f"{layer}.0.out", self.conv(self.leaky(x), f"{layer}.0"))
        z = self._see(f"{layer}.1.out", self.conv(self.leaky(y), f"{layer}.1"))
        return self._see(f"{layer}.sum", self.graph.op("Add", x, z))

    def total(self, blocks: Sequence[str], stage: int) -> str:
        x = blocks[0]
        for count, block in enumerate(blocks[1:], start=2):
            x = self._see(f"total.{stage}.{count}", self.graph.op("Add", x, block))
        return x

    def last(self, x: str) -> str:
        return self.graph.op("Reshape", self.conv(self.leaky(x, LAST_SLOPE), "post"), self.graph.shape(0, -1))

    def _see(self, name: str, x: str) -> str:
        self.seen[name] = x
        return x


def write(operators: Operators, c: GeneratorConfig) -> None:
    g = operators.graph
    stages = len(c.upsample_scales)
    mel = g.input("mel", ["B", "T", c.in_channels])
    cuts = g.input("cuts", [stages + 1, 2], np.int64)
    sines = g.input("sines", ["B", c.nsf.nb_harmonics + 1, "hop T"]) if c.nsf else None
    source = g.op("Tanh", operators.conv(g.op("Unsqueeze", sines, g.shape(2)), "source")) if sines else None

    mel = g.op("Unsqueeze", g.op("Transpose", mel, perm=[0, 2, 1]), g.shape(2))
    x = operators.enter(operators.conv(mel, "pre"))
    for stage, scale in enumerate(c.upsample_scales):
        x = operators.upsample(x, stage, scale)
        if source:
            x = operators.excite(x, source, stage)
        blocks = [_block(operators, x, f"block.{stage}.{i}", len(d)) for i, d in enumerate(c.resblock_dilations)]
        first, end = _ends(g, cuts, stage)
        x = operators.cut(operators.total(blocks, stage), first, end)
        if source:
            rest = g.index(math.prod(c.upsample_scales[stage + 1 :]))
            source = g.op("Slice", source, g.op("Mul", first, rest), g.op("Mul", end, rest), g.shape(3))
    wav = g.op("Tanh", operators.last(x))
    g.output("wav", g.op("Slice", wav, *_ends(g, cuts, stages), g.shape(1)), ["B", "samples"])


def _block(operators: Operators, x: str, layer: str, pairs: int) -> str:
    for pair in range(pairs):
        x = operators.pair(x, f"{layer}.{pair}")
    return x


def _ends(g: Graph, cuts: str, row: int) -> list[str]:
    return g.ops("Split", g.op("Gather", cuts, g.index(row)), count=2, axis=0, num_outputs=2)
