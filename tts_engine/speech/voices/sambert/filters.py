"""The convolutions of a generator as arrays, made fit for a graph.

Two upsamplers of a stage become one convolution at the lower rate. A repeated input has every sample
`scale` times, and a transposed convolution meets one input sample in `scale`: sample `scale t + phase`
of either is a short filter over x[t + offset], another one for each phase (Vaidyanathan, Multirate
Systems and Filter Banks, 1993, section 4.3). Both are linear in the same x, so their filters add up.
The numbers are the same, with a third of the multiplications and without a transposed convolution, which
has no int8 kernel.

The average of a stage's residual blocks becomes a sum: what enters the blocks, and their biases, are
divided instead, since leaky ReLU commutes with a positive factor.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tts_engine.speech.voices.sambert.config import GeneratorConfig

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Filters:
    """A convolution: weight [channels out, channels in, taps], bias [channels out]."""

    weight: Weights
    bias: Weights
    padding: tuple[int, int]  # zeros before and after
    dilation: int = 1
    stride: int = 1

    def scaled(self, factor: float) -> "Filters":
        return replace(self, weight=self.weight * np.float32(factor), bias=self.bias * np.float32(factor))

    def several(self, samples: int) -> "Filters":
        """The same, undilated and of stride 1, that makes `samples` at a time: [T, C] -> [T / samples, samples C]."""
        channels, channels_in, taps = self.weight.shape
        weight = np.zeros((samples, channels, channels_in, taps + samples - 1), np.float32)
        for sample in range(samples):
            weight[sample, :, :, sample : sample + taps] = self.weight
        weight = weight.reshape(samples * channels, channels_in, -1)
        return replace(self, weight=weight, bias=np.tile(self.bias, samples), stride=samples)


def merged_upsamplers(repeat: Filters, deconv: Filters, scale: int) -> Filters:
    """One convolution that makes `scale` blocks of channels, one a phase, from each sample.

    `repeat` is the convolution over the repeated input. `deconv` is the transposed convolution: weight
    [in, out, taps], stride `scale`, `padding[0]` samples cut off its beginning. The output [T, scale * C]
    read as [scale * T, C] is their sum.
    """
    channels, channels_in, taps = repeat.weight.shape
    repeated = (np.arange(scale)[:, None] + np.arange(taps) - repeat.padding[0]) // scale  # [phase, tap] -> offset
    cut, reach = deconv.padding[0], deconv.weight.shape[2]
    first = min(int(repeated.min()), -((reach - 1 - cut) // scale))
    last = max(int(repeated.max()), (scale - 1 + cut) // scale)
    weight = np.zeros((scale, channels, channels_in, last - first + 1), np.float32)
    for phase in range(scale):
        for tap in range(taps):
            weight[phase, :, :, repeated[phase, tap] - first] += repeat.weight[:, :, tap]
        for offset in range(first, last + 1):
            tap = phase + cut - scale * offset
            if 0 <= tap < reach:
                weight[phase, :, :, offset - first] += deconv.weight[:, :, tap].T
    bias = np.tile(repeat.bias + deconv.bias, scale)
    return Filters(weight.reshape(scale * channels, channels_in, -1), bias, (-first, last))


def generator_filters(state: Mapping[str, Weights], c: GeneratorConfig) -> dict[str, Filters]:
    """Every convolution of `generator.Generator` by its name in the graph.

    `pre`, `up.STAGE`, `block.STAGE.BLOCK.PAIR.HALF`, `post`; with NSF also `source` and `down.STAGE`.
    """

    def around(taps: int, dilation: int = 1) -> tuple[int, int]:
        reach = (taps - 1) * dilation
        return (reach, 0) if c.causal else (reach // 2, reach // 2)

    def filters(name: str, dilation: int = 1) -> Filters:
        weight = state[f"{name}.weight"]
        return Filters(weight, state[f"{name}.bias"], around(weight.shape[2], dilation), dilation)

    blocks = len(c.resblock_kernel_sizes)
    made = {"pre": filters("conv_pre.conv1d"), "post": filters("conv_post.conv1d")}
    for stage, scale in enumerate(c.upsample_scales):
        deconv = filters(f"transpose_upsamples.{stage}.1.deconv")
        deconv = replace(deconv, padding=(0 if c.causal else (deconv.weight.shape[2] - scale) // 2, 0))
        merged = merged_upsamplers(filters(f"repeat_upsamples.{stage}.2.conv1d"), deconv, scale)
        made[f"up.{stage}"] = merged.scaled(1 / blocks)
        for block, dilations in enumerate(c.resblock_dilations):
            for pair, dilation in enumerate(dilations):
                for half, each in enumerate((dilation, 1)):
                    name = f"conv_blocks.{stage * blocks + block}.convs{half + 1}.{pair}.conv1d"
                    conv = filters(name, each)
                    made[f"block.{stage}.{block}.{pair}.{half}"] = replace(conv, bias=conv.bias / np.float32(blocks))
        if c.nsf:
            rate = math.prod(c.upsample_scales[stage + 1 :])
            down = filters(f"source_downs.{stage}.conv1d")
            taps = down.weight.shape[2]
            before = taps - 1 if c.causal else (taps - rate) // 2
            down = replace(down, padding=(before, max(taps - rate - before, 0)), stride=rate)
            made[f"down.{stage}"] = down.scaled(1 / blocks)
    if c.nsf:
        made["source"] = replace(filters("source_module.ffn.0"), padding=(0, 0))
    return made
