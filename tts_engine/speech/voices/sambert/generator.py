"""HiFi-GAN generator: mel -> waveform (Kong et al., 2020), as KAN-TTS varies it.

    conv
      -> x + sin(x) -> repeated, conv  --+-- + source (NSF) -> residual blocks, averaged     x stages
                    -> transposed conv --+
      -> conv -> tanh

A causal generator pads only to the left, so a frame never needs a later one. An NSF generator adds
a source of sines at F0 and its harmonics, cut down to the rate of each stage (Wang et al., 2019,
arXiv:1904.12088). Weight norm is folded into the weights when a checkpoint is read.

Shapes: B utterances, C channels, T frames or samples of the longest. `valid` [B, T] marks the real
frames; padding is blanked before every convolution, so an utterance in a batch sounds as it does
alone. None means that none is padded.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts_engine.speech.voices.sambert.config import GeneratorConfig, SourceConfig

LAST_SLOPE = 0.01  # of the last leaky ReLU, whatever the yaml says of the others
AMPLITUDE = 0.1  # of the source's sines
NOISE = 0.003  # deviation of the noise beside them


def blank(x: Tensor, valid: Tensor | None) -> Tensor:
    """x [B, C, T] with zeros where there is nothing."""
    return x if valid is None else x.masked_fill(~valid.unsqueeze(1), 0.0)


class Conv(nn.Module):
    """Convolution that keeps the length: padded on both sides, or to the left alone when causal."""

    def __init__(self, channels_in: int, channels: int, kernel: int, *, causal: bool, dilation: int = 1) -> None:
        super().__init__()
        around = (kernel - 1) * dilation
        self.padding = (around, 0) if causal else (around // 2, around // 2)
        self.conv1d = nn.Conv1d(channels_in, channels, kernel, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv1d(F.pad(x, self.padding))
        return y


class Deconv(nn.Module):
    """Transposed convolution to `scale` times the length; what it makes beyond is cut off."""

    def __init__(self, channels_in: int, channels: int, kernel: int, scale: int, *, causal: bool) -> None:
        super().__init__()
        self.scale = scale
        padding = 0 if causal else (kernel - scale) // 2
        self.deconv = nn.ConvTranspose1d(channels_in, channels, kernel, scale, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.deconv(x)
        return y[..., : x.size(-1) * self.scale]


class Down(nn.Module):
    """The source cut down to one sample in `rate`, by a convolution twice as wide."""

    def __init__(self, channels: int, rate: int, *, causal: bool) -> None:
        super().__init__()
        kernel = 2 * rate if rate > 1 else 1
        before = kernel - 1 if causal else (kernel - rate) // 2
        self.padding = (before, max(kernel - rate - before, 0))
        self.conv1d = nn.Conv1d(1, channels, kernel, rate)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv1d(F.pad(x, self.padding))
        return y


class ResidualBlock(nn.Module):
    """Pairs of convolutions, the first of each pair dilated, each pair with a residual."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...], c: GeneratorConfig) -> None:
        super().__init__()
        self.slope = c.negative_slope
        self.convs1 = nn.ModuleList(
            Conv(channels, channels, kernel, causal=c.causal, dilation=dilation) for dilation in dilations
        )
        self.convs2 = nn.ModuleList(Conv(channels, channels, kernel, causal=c.causal) for _ in dilations)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            y = blank(dilated(F.leaky_relu(x, self.slope)), valid)
            x = x + blank(plain(F.leaky_relu(y, self.slope)), valid)
        return x


class Source(nn.Module):
    """Sines at F0 and its harmonics where there is voice, noise where there is none, mixed to one signal."""

    def __init__(self, c: SourceConfig, hop: int) -> None:
        super().__init__()
        self.harmonics = c.nb_harmonics + 1
        self.sampling_rate = c.sampling_rate
        self.hop = hop
        self.ffn = nn.Sequential(nn.Conv1d(self.harmonics, 1, 1), nn.Tanh())

    def draw(self, frames: int, seed: int) -> tuple[Tensor, Tensor]:
        """The chance in one utterance: phase [1, H, 1] of each harmonic at its start, noise [1, H, T].

        F0 itself starts at phase 0. The order of the draws is that of the published generator.
        """
        chance = torch.Generator().manual_seed(seed)
        phase = (torch.rand(1, self.harmonics, 1, generator=chance) * 2 - 1) * math.pi
        phase[:, 0] = 0.0
        return phase, torch.randn(1, self.harmonics, frames * self.hop, generator=chance) * NOISE

    def forward(self, f0: Tensor, voiced: Tensor, phase: Tensor, noise: Tensor) -> Tensor:
        """f0 in Hz and voiced 0 or 1, each [B, 1, frames]; phase [B, H, 1]; noise [B, H, T] -> [B, 1, T]."""
        f0, voiced = (x.repeat_interleave(self.hop, dim=-1) for x in (f0, voiced))
        multiples = torch.arange(1, self.harmonics + 1, device=f0.device, dtype=f0.dtype)[:, None]
        turns = (f0 * multiples / self.sampling_rate).cumsum(dim=-1) % 1
        sines = AMPLITUDE * (2 * math.pi * turns + phase).sin() + noise
        mixed: Tensor = self.ffn(sines * voiced + AMPLITUDE / 3 / NOISE * noise * (1 - voiced))
        return mixed


class Generator(nn.Module):
    def __init__(self, c: GeneratorConfig) -> None:
        super().__init__()
        self.hop = c.hop
        self.scales = c.upsample_scales
        self.features = c.features
        self.nsf = c.nsf is not None
        widths = [c.channels // 2**stage for stage in range(len(c.upsample_scales) + 1)]
        self.conv_pre = Conv(c.in_channels, c.channels, c.kernel_size, causal=c.causal)
        self.transpose_upsamples = nn.ModuleList()
        self.repeat_upsamples = nn.ModuleList()
        self.conv_blocks = nn.ModuleList()
        sizes = zip(widths[:-1], widths[1:], c.upsample_scales, c.upsample_kernal_sizes, strict=True)
        for width_in, width, scale, kernel in sizes:
            self.transpose_upsamples.append(
                nn.Sequential(nn.LeakyReLU(c.negative_slope), Deconv(width_in, width, kernel, scale, causal=c.causal))
            )
            self.repeat_upsamples.append(
                nn.Sequential(
                    nn.Upsample(scale_factor=scale),
                    nn.LeakyReLU(c.negative_slope),
                    Conv(width_in, width, c.kernel_size, causal=c.causal),
                )
            )
            for block_kernel, dilations in zip(c.resblock_kernel_sizes, c.resblock_dilations, strict=True):
                self.conv_blocks.append(ResidualBlock(width, block_kernel, dilations, c))
        self.conv_post = Conv(widths[-1], 1, c.kernel_size, causal=c.causal)
        if c.nsf:
            self.source_module = Source(c.nsf, c.hop)
            rates = [math.prod(c.upsample_scales[stage + 1 :]) for stage in range(len(c.upsample_scales))]
            self.source_downs = nn.ModuleList(
                Down(width, rate, causal=c.causal) for width, rate in zip(widths[1:], rates, strict=True)
            )

    def forward(self, mel: Tensor, valid: Tensor | None = None, source: Tensor | None = None) -> Tensor:
        """mel [B, in_channels, T] -> waveform [B, 1, hop T] in (-1, 1), silent in the padding.

        `source` [B, 1, hop T] is what `source_module` made; an NSF generator needs it, others have none.
        """
        per_stage = len(self.conv_blocks) // len(self.scales)
        if source is not None and valid is not None:
            source = blank(source, valid.repeat_interleave(self.hop, dim=1))
        x = self.conv_pre(blank(mel, valid))
        for stage, scale in enumerate(self.scales):
            x = blank(x + x.sin(), valid)
            y = self.repeat_upsamples[stage](x) + self.transpose_upsamples[stage](x)
            if source is not None:
                y = y + self.source_downs[stage](source)
            valid = None if valid is None else valid.repeat_interleave(scale, dim=1)
            y = blank(y, valid)
            blocks = self.conv_blocks[stage * per_stage : (stage + 1) * per_stage]
            x = sum(block(y, valid) for block in blocks) / per_stage
        return blank(self.conv_post(F.leaky_relu(x, LAST_SLOPE)).tanh(), valid)
