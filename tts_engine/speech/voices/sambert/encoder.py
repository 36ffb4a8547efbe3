"""Text encoder: linguistic units -> what is to be said at each symbol.

    sy + tone + syllable_flag + word_segment  x sqrt(D), + position
        -> self-attention, convolutional feed-forward      x layers
        -> LayerNorm -> projection

The first layer is wider at its input than at its output, so it alone has no residual.
"""

import math

import torch
from torch import Tensor, nn

from tts_engine.speech.voices.sambert.config import AcousticConfig, Tables
from tts_engine.speech.voices.sambert.layers import ConvFeedForward, SelfAttention, blank


def position_table(length: int, units: int) -> Tensor:
    """Sinusoids of the positions from 1: [length, units], sines in the first half, cosines in the second.

    As in Vaswani et al., 2017, but the wavelengths run to 10,000 in units / 2 - 1 steps.
    """
    step = torch.arange(units // 2, dtype=torch.float64) / (units / 2 - 1)
    angle = torch.arange(1, length + 1, dtype=torch.float64)[:, None] / 10_000**step  # [length, units / 2]
    return torch.cat([angle.sin(), angle.cos()], dim=-1).float()


class PositionEncoding(nn.Module):
    def __init__(self, max_len: int, units: int) -> None:
        super().__init__()
        self.position_enc = nn.Parameter(position_table(max_len, units)[None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        length, units = x.shape[1:]
        if length > self.position_enc.size(1):  # a longer text than the model was trained for
            return x + position_table(length, units).to(x)
        return x + self.position_enc[:, :length]


class FFTBlock(nn.Module):
    """Feed-forward Transformer block (Ren et al., 2019, FastSpeech)."""

    def __init__(self, units_in: int, c: AcousticConfig) -> None:
        super().__init__()
        self.slf_attn = SelfAttention(units_in, c.encoder_num_units, c.encoder_num_heads)
        self.pos_ffn = ConvFeedForward(c.encoder_num_units, c.encoder_ffn_inner_dim, (3, 1))

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        return blank(self.pos_ffn(self.slf_attn(x, valid), valid), valid)


class Transformer(nn.Module):
    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        self.scale = math.sqrt(c.encoder_num_units)
        self.position_enc = PositionEncoding(c.max_len, c.embedding_dim)
        widths = (c.embedding_dim, *[c.encoder_num_units] * (c.encoder_num_layers - 1))
        self.fft = nn.ModuleList(FFTBlock(width, c) for width in widths)
        self.ln = nn.LayerNorm(c.encoder_num_units, eps=1e-6)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        x = self.position_enc(x * self.scale)
        for block in self.fft:
            x = block(x, valid)
        y: Tensor = self.ln(x)
        return y


class TextEncoder(nn.Module):
    def __init__(self, c: AcousticConfig, tables: Tables) -> None:
        super().__init__()
        self.sy_emb = nn.Embedding(tables.sy, c.embedding_dim)
        self.tone_emb = nn.Embedding(tables.tone, c.embedding_dim)
        self.syllable_flag_emb = nn.Embedding(tables.syllable_flag, c.embedding_dim)
        self.ws_emb = nn.Embedding(tables.word_segment, c.embedding_dim)
        self.ling_enc = Transformer(c)
        self.ling_proj = nn.Linear(c.encoder_num_units, c.encoder_projection_units, bias=False)

    def forward(self, units: Tensor, valid: Tensor | None = None) -> Tensor:
        """units [B, L, 4] of (sy, tone, syllable_flag, word_segment) -> text [B, L, D]."""
        sy, tone, syllable, word = units.unbind(-1)
        x = self.sy_emb(sy) + self.tone_emb(tone) + self.syllable_flag_emb(syllable) + self.ws_emb(word)
        y: Tensor = self.ling_proj(self.ling_enc(x, valid))
        return y
