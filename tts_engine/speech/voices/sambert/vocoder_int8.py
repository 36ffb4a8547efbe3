"""The generator's convolutions in int8: activations unsigned, weights signed with a scale a channel.

Values between the pairs stay in float32, so that rounding does not add up along the residuals; so do
the first convolution, the last, and the source. Layout [B, T, C]: onnxruntime's int8 kernels read
channels last, and there the phases of an upsampler already lie in the order of time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tts_engine.speech.voices.sambert.filters import Filters
from tts_engine.speech.voices.sambert.onnx_graph import CONTRIB, Graph
from tts_engine.speech.voices.sambert.vocoder_graph import Operators

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


class Int8(Operators):
    time_axis = 1

    def __init__(self, graph: Graph, filters: Mapping[str, Filters], slope: float, ranges: Ranges) -> None:
        super().__init__(graph, filters, slope)
        self.ranges = ranges
        self.quantized: dict[str, tuple[str, Bytes]] = {}  # what several blocks begin with, once

    def enter(self, x: str) -> str:
        return self.graph.op("Transpose", self.graph.op("Squeeze", x, self.graph.shape(2)), perm=[0, 2, 1])

    def leave(self, x: str) -> str:
        return self.graph.op("Unsqueeze", self.graph.op("Transpose", x, perm=[0, 2, 1]), self.graph.shape(2))

    def upsample(self, x: str, layer: str, scale: int) -> str:
        y, scaled = self._convolved(*self._quantized_leaky(x, f"{layer}.in"), layer)
        channels = len(self.filters[layer].bias) // scale
        y = self.graph.op("Reshape", y, self.graph.shape(0, -1, channels))
        return self.graph.op("DequantizeLinear", y, *self._constants(scaled))

    def pair(self, x: str, layer: str) -> str:
        y, scaled = self._convolved(*self._quantized_leaky(x, f"{layer}.0.in"), f"{layer}.0")
        after = self._leaky_bytes(f"{layer}.0.out")
        scales = (*self._constants(scaled), *self._constants(after))
        y = self.graph.op("QLinearLeakyRelu", y, *scales, domain=CONTRIB, alpha=self.slope)
        y, scaled = self._convolved(y, after, f"{layer}.1")
        return self.graph.op("Add", x, self.graph.op("DequantizeLinear", y, *self._constants(scaled)))

    def _quantized_leaky(self, x: str, name: str) -> tuple[str, Bytes]:
        if x not in self.quantized:
            scaled = self._leaky_bytes(name)
            y = self.graph.op("QuantizeLinear", self.leaky(x), *self._constants(scaled))
            self.quantized[x] = y, scaled
        return self.quantized[x]

    def _leaky_bytes(self, name: str) -> Bytes:
        """Of a value after its leaky ReLU."""
        low, high = self.ranges[name]
        return Bytes.over(low * self.slope, high)

    def _constants(self, scaled: Bytes) -> tuple[str, str]:
        return self.graph.constant(scaled.step), self.graph.constant(scaled.zero, np.uint8)

    def _convolved(self, x: str, before: Bytes, layer: str) -> tuple[str, Bytes]:
        """Integers throughout: the bias is in units of the product of the two scales."""
        g, f, after = self.graph, self.filters[layer], Bytes.over(*self.ranges[f"{layer}.out"])
        steps = np.maximum(np.abs(f.weight).max(axis=(1, 2)), 1e-8) / 127  # of each output channel
        weight = g.constant(np.rint(f.weight / steps[:, None, None]), np.int8)
        bias = g.constant(np.rint(f.bias / (steps * before.step)), np.int32)
        scales = (g.constant(steps), g.constant(np.zeros(len(steps)), np.int8), *self._constants(after))
        y = g.op(
            "QLinearConv", x, *self._constants(before), weight, *scales, bias,
            domain=CONTRIB, channels_last=1, pads=list(f.padding), dilations=[f.dilation],
        )  # fmt: skip
        return y, after
