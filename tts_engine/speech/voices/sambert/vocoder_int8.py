"""The generator with its residual blocks in int8, where nine tenths of its work is.

Activations are unsigned bytes, weights signed with a scale a channel. The trunk, which all of the signal
passes through, stays in float32: the sums along the blocks, the first convolution, the last, the
upsamplers and the source. (Upsamplers in int8 took a thirteenth less time and had 12 dB more noise.)

Layout [B, T, C]: onnxruntime's int8 kernels read channels last, and there the phases of an upsampler
already lie in the order of time.
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
        y = self.enter(self.conv(self.leave(self.leaky(x)), layer))  # [B, T, scale C]
        return self.graph.op("Reshape", y, self.graph.shape(0, -1, len(self.filters[layer].bias) // scale))

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
        # Of each output channel: fine enough for its weights, coarse enough for its bias to be an int32.
        steps = np.maximum(np.abs(f.weight).max(axis=(1, 2)) / 127, np.abs(f.bias) / (before.step * 2**30))
        steps = np.maximum(steps, np.finfo(np.float32).tiny)
        weight = g.constant(np.rint(f.weight / steps[:, None, None]), np.int8)
        bias = g.constant(np.rint(f.bias / (steps * before.step)), np.int32)
        scales = (g.constant(steps), g.constant(np.zeros(len(steps)), np.int8), *self._constants(after))
        y = g.op(
            "QLinearConv", x, *self._constants(before), weight, *scales, bias,
            domain=CONTRIB, channels_last=1, pads=list(f.padding), dilations=[f.dilation],
        )  # fmt: skip
        return y, after
