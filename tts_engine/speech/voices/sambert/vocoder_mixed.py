"""The generator with the convolutions of its residual blocks in int8, and all that is added up in float32.

Nine tenths of the work are in bytes. The trunk, which all of the signal passes through, is not: the sums
along the blocks, the upsamplers, the source. It has 12 dB less noise than int8 throughout, and takes a
fifth more time.
"""

from collections.abc import Sequence

from tts_engine.speech.voices.sambert.vocoder_bytes import ByteOperators


class Mixed(ByteOperators):
    def upsample(self, x: str, stage: int, scale: int) -> str:
        layer = f"up.{stage}"
        g, x = self.graph, self.leaky(self.waved(x))
        x = g.op("Unsqueeze", g.op("Transpose", x, perm=[0, 2, 1]), g.shape(2))  # as `conv` takes it
        return self.phases(self.enter(self.conv(x, layer)), layer, scale)

    def excite(self, x: str, source: str, stage: int) -> str:
        name = f"down.{stage}"
        return self.named(f"{name}.sum", self.graph.op("Add", x, self.enter(self.conv(source, name))))

    def pair(self, x: str, layer: str) -> str:
        if x not in self.rectified:
            self.rectified[x] = self.quantized_leaky(x)
        y = self.convolved_in_block(self.rectified[x], self.leaky_bytes(x), f"{layer}.0")
        z = self.convolved_in_block(self.leaky_of_bytes(y), self.leaky_bytes(y), f"{layer}.1")
        return self.named(f"{layer}.sum", self.graph.op("Add", x, self.graph.op("DequantizeLinear", *self.scaled(z))))

    def total(self, blocks: Sequence[str], stage: int) -> str:
        return self.graph.op("Sum", *blocks)
