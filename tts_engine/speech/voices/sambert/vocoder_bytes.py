"""What the generators with eight-bit convolutions have in common.

Activations are unsigned bytes, weights signed with a scale a channel. Layout [B, T, C]: onnxruntime's
int8 kernels read channels last, and there the phases of an upsampler already lie in the order of time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from tts_engine.speech.voices.sambert.contexts import EVEN
from tts_engine.speech.voices.sambert.filters import Filters
from tts_engine.speech.voices.sambert.generator import LAST_SLOPE
from tts_engine.speech.voices.sambert.onnx_graph import CONTRIB, END, Array, Graph
from tts_engine.speech.voices.sambert.vocoder_graph import Operators

# onnxruntime's kernels for AVX-512 make so many channels at once, and are half as quick or less on a quarter
# of them: a filter of few channels makes several samples at once, though some of its weights are then zeros.
WIDE = 64

Ranges = Mapping[str, tuple[float, float]]  # of the values named in Floats.seen


@dataclass(frozen=True, slots=True)
class Bytes:
    """How floats are unsigned bytes: float = step (byte - zero)."""

    step: float
    zero: int

    @classmethod
    def over(cls, low: float, high: float) -> "Bytes":
        """The finest steps that hold [low, high], and 0 exactly."""
        low, high = min(low, 0.0), max(high, 0.0)
        step = max(high - low, 1e-6) / 255
        return cls(step, round(-low / step))

    def floats(self) -> Array:
        """What each byte stands for, [256]."""
        return self.step * (np.arange(256) - self.zero)

    def quantized(self, floats: Array) -> Array:
        rounded: Array = np.clip(np.rint(floats / self.step) + self.zero, 0, 255).astype(np.uint8)
        return rounded


class ByteOperators(Operators):
    """Values are known by the names that Floats.seen has for them, and so are their ranges."""

    time_axis = 1

    def __init__(self, graph: Graph, filters: Mapping[str, Filters], slope: float, ranges: Ranges) -> None:
        super().__init__(graph, filters, slope)
        self._ranges = ranges
        self._names: dict[str, str] = {}
        self._multiple = 1  # which the length of the values of the stage is of
        self.rectified: dict[str, str] = {}  # bytes of a value after its leaky ReLU: several blocks begin with one

    def enter(self, x: str) -> str:
        return self.graph.op("Transpose", self.graph.op("Squeeze", x, self.graph.shape(2)), perm=[0, 2, 1])

    def last(self, x: str) -> str:
        """A product for each tap, moved to its place: onnxruntime is half as quick to convolve to one channel."""
        g, f = self.graph, self.filters["post"]
        taps = f.weight.shape[2]
        x = self.leaky(x, LAST_SLOPE)
        products = g.op("FusedMatMul", g.constant(f.weight[0].T), x, domain=CONTRIB, transB=1)  # [B, taps, T]
        padded = g.op("Pad", products, g.shape(0, 0, f.padding[0], 0, 0, f.padding[1]))
        moved = [
            g.op("Slice", each, g.shape(tap), g.shape(tap + 1 - taps or END), g.shape(2))
            for tap, each in enumerate(g.ops("Split", padded, count=taps, axis=1, num_outputs=taps))
        ]
        return g.op("Reshape", g.op("Add", g.op("Sum", *moved), g.constant(f.bias)), g.shape(0, -1))

    def cut(self, x: str, first: str, end: str) -> str:
        kept = super().cut(x, first, end)
        return self.named(self._names[x], kept) if x in self._names else kept

    def named(self, name: str, value: str) -> str:
        self._names[value] = name
        return value

    def bytes_of(self, name: str) -> tuple[str, str]:
        """Step and zero of a value, as the ops take them."""
        return self._constants(Bytes.over(*self._ranges[name]))

    def scaled(self, x: str) -> tuple[str, str, str]:
        """A byte value with its step and zero."""
        return x, *self.bytes_of(self._names[x])

    def leaky_bytes(self, x: str) -> Bytes:
        """Of a value after its leaky ReLU."""
        return self.leaky_bytes_named(self._names[x])

    def leaky_bytes_named(self, name: str) -> Bytes:
        low, high = self._ranges[name]
        return Bytes.over(low * self.slope, high)

    def quantized_leaky(self, x: str) -> str:
        """Bytes of a float value after its leaky ReLU."""
        return self.graph.op("QuantizeLinear", self.leaky(x), *self._constants(self.leaky_bytes(x)))

    def leaky_of_bytes(self, x: str) -> str:
        """The same of a byte value, as slope x + (1 - slope) max(x, 0).

        The numbers of QLinearLeakyRelu, which looks up byte after byte, in two thirds of its time.
        """
        g, before = self.graph, Bytes.over(*self._ranges[self._names[x]])
        _, zero = self._constants(before)
        part, rest = g.constant(before.step * self.slope), g.constant(before.step * (1 - self.slope))
        after = self._constants(self.leaky_bytes(x))
        return g.op("QLinearAdd", x, part, zero, g.op("Clip", x, zero), rest, zero, *after, domain=CONTRIB)

    def leaky_wave_of_bytes(self, x: str, after: Bytes) -> str:
        """Bytes of x + sin x after its leaky ReLU, of a byte value x.

        A table: onnxruntime needs half as long to look each byte up as to compute its sine.
        """
        g, before = self.graph, Bytes.over(*self._ranges[self._names[x]])
        waved = before.floats() + np.sin(before.floats())
        table = after.quantized(np.where(waved < 0, self.slope * waved, waved))
        index = g.op("Cast", g.op("Reshape", x, g.shape(-1)), to=TensorProto.INT32)
        return g.op("Reshape", g.op("GatherElements", g.constant(table, np.uint8), index), g.op("Shape", x))

    def convolved_in_block(self, x: str, before: Bytes, layer: str) -> str:
        """`convolved`, several samples at once where that is quicker."""
        g, f = self.graph, self.filters[layer]
        channels = len(f.bias)
        samples = math.gcd(max(WIDE // channels, 1), self._multiple)
        if samples == 1 or f.dilation > 1:
            return self.convolved(x, before, layer, f)
        y = self.convolved(x, before, layer, f.several(samples))
        return self.named(f"{layer}.out", g.op("Reshape", y, g.shape(0, -1, channels)))

    def convolved(self, x: str, before: Bytes, layer: str, f: Filters) -> str:
        """Integers throughout: the bias is in units of the product of the two scales."""
        g = self.graph
        # Of each output channel: fine enough for its weights, coarse enough for its bias to be an int32.
        steps = np.maximum(np.abs(f.weight).max(axis=(1, 2)) / 127, np.abs(f.bias) / (before.step * 2**30))
        steps = np.maximum(steps, np.finfo(np.float32).tiny)
        weight = g.constant(np.rint(f.weight / steps[:, None, None]), np.int8)
        bias = g.constant(np.rint(f.bias / (steps * before.step)), np.int32)
        y = g.op(
            "QLinearConv",
            *(x, *self._constants(before)),
            *(weight, g.constant(steps), g.constant(np.zeros(len(steps)), np.int8)),
            *(*self.bytes_of(f"{layer}.out"), bias),
            domain=CONTRIB,
            channels_last=1,
            pads=list(f.padding),
            dilations=[f.dilation],
            strides=[f.stride],
        )
        return self.named(f"{layer}.out", y)

    def phases(self, y: str, layer: str, scale: int) -> str:
        """Upsampled [B, T, scale C], read as [B, scale T, C]."""
        y = self.graph.op("Reshape", y, self.graph.shape(0, -1, len(self.filters[layer].bias) // scale))
        self._multiple = math.gcd(self._multiple, EVEN) * scale  # the cut before it leaves no more
        return self.named(f"{layer}.out", y)

    def _constants(self, scaled: Bytes) -> tuple[str, str]:
        return self.graph.constant(scaled.step), self.graph.constant(scaled.zero, np.uint8)
