"""The generator in int8 from the first upsampler to the last convolution: the fastest.

In float32 stay the first convolution with its x + sin x, the last, and the source.
"""

from collections.abc import Sequence

from tts_engine.speech.voices.sambert.onnx_graph import CONTRIB
from tts_engine.speech.voices.sambert.vocoder_bytes import ByteOperators


class Int8(ByteOperators):
    def upsample(self, x: str, stage: int, scale: int) -> str:
        layer = f"up.{stage}"
        before = self.leaky_bytes_named(f"{layer}.in")
        if stage:
            x = self.leaky_wave_of_bytes(x, before)
        else:
            x = self.quantized_leaky(self.named(f"{layer}.in", self.waved(x)))
        return self.phases(self.convolved(x, before, layer, self.filters[layer]), layer, scale)

    def excite(self, x: str, source: str, stage: int) -> str:
        name = f"down.{stage}"
        y = self.graph.op("Add", self._floats(x), self.enter(self.conv(source, name)))
        return self.named(f"{name}.sum", self.graph.op("QuantizeLinear", y, *self.bytes_of(f"{name}.sum")))

    def pair(self, x: str, layer: str) -> str:
        y = self._leaky_convolved(x, f"{layer}.0")
        z = self._leaky_convolved(y, f"{layer}.1")
        return self._added(x, z, f"{layer}.sum")

    def total(self, blocks: Sequence[str], stage: int) -> str:
        x = blocks[0]
        for count, block in enumerate(blocks[1:], start=2):
            x = self._added(x, block, f"total.{stage}.{count}")
        return x

    def last(self, x: str) -> str:
        return super().last(self._floats(x))

    def _leaky_convolved(self, x: str, layer: str) -> str:
        if x not in self.rectified:
            self.rectified[x] = self.leaky_of_bytes(x)
        return self.convolved_in_block(self.rectified[x], self.leaky_bytes(x), layer)

    def _added(self, x: str, y: str, name: str) -> str:
        added = self.graph.op("QLinearAdd", *self.scaled(x), *self.scaled(y), *self.bytes_of(name), domain=CONTRIB)
        return self.named(name, added)

    def _floats(self, x: str) -> str:
        return self.graph.op("DequantizeLinear", *self.scaled(x))
