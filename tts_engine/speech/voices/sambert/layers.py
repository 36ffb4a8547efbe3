"""The pieces that more than one network of the acoustic model is made of.

Shapes: B utterances of a batch, L symbols or frames of the longest, D units. `valid` [B, L] is true
where an utterance really has something; None means that none is padded. Padding is blanked before
anything that looks sideways (a convolution, an attention), so an utterance in a batch has the
numbers it has alone.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def blank(x: Tensor, valid: Tensor | None) -> Tensor:
    """x [B, L, D] with zeros where there is nothing."""
    return x if valid is None else x.masked_fill(~valid.unsqueeze(-1), 0.0)


def attend(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None) -> Tensor:
    """Scaled dot-product attention: q [B, H, Q, d], k and v [B, H, K, d] -> [B, Q, H d].

    `allowed` broadcasts to [B, H, Q, K]; every query must be allowed at least one key.
    """
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.size(-1))  # [B, H, Q, K]
    if allowed is not None:
        scores = scores.masked_fill(~allowed, -torch.inf)
    return (scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)


def heads(x: Tensor, count: int) -> Tensor:
    """[B, L, H d] -> [B, H, L, d]."""
    return x.view(*x.shape[:-1], count, -1).transpose(1, 2)


class SelfAttention(nn.Module):
    """Pre-norm multi-head self-attention; residual only where input and output have one width."""

    def __init__(self, units_in: int, units: int, head_count: int) -> None:
        super().__init__()
        self.head_count = head_count
        self.residual = units_in == units
        self.layer_norm = nn.LayerNorm(units_in, eps=1e-6)
        self.w_qkv = nn.Linear(units_in, 3 * units)
        self.fc = nn.Linear(units, units)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        q, k, v = (heads(each, self.head_count) for each in self.w_qkv(self.layer_norm(x)).chunk(3, dim=-1))
        y: Tensor = self.fc(attend(q, k, v, None if valid is None else valid[:, None, None, :]))
        return x + y if self.residual else y


class ConvFeedForward(nn.Module):
    """Pre-norm feed-forward of two convolutions over the sequence, with a residual."""

    def __init__(self, units: int, inner: int, kernels: tuple[int, int]) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(units, eps=1e-6)
        self.w_1 = nn.Conv1d(units, inner, kernels[0], padding=kernels[0] // 2)
        self.w_2 = nn.Conv1d(inner, units, kernels[1], padding=kernels[1] // 2)

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        y: Tensor = blank(self.layer_norm(x), valid).transpose(1, 2)  # [B, D, L]
        y = self.w_2(self.w_1(y).relu())
        return x + y.transpose(1, 2)


class FeedForward(nn.Module):
    """Two layers applied to each position; stored as convolutions of width 1."""

    def __init__(self, units_in: int, inner: int, units: int) -> None:
        super().__init__()
        self.w_1 = nn.Conv1d(units_in, inner, 1)
        self.w_2 = nn.Conv1d(inner, units, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # [B, D, L] -> [B, units, L]
        y: Tensor = self.w_2(self.w_1(x).relu())
        return y


class MemoryBlock(nn.Module):
    """x + a filter over time of each unit; `shift` moves the filter from the future to the past."""

    def __init__(self, units: int, filter_size: int, shift: int) -> None:
        super().__init__()
        ahead = (filter_size - 1) // 2
        self.padding = (filter_size - 1 - ahead + shift, ahead - shift)
        self.conv_dw = nn.Conv1d(units, units, filter_size, groups=units, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # [B, D, L] -> [B, D, L]
        y: Tensor = self.conv_dw(F.pad(x, self.padding))
        return x + y


class FSMN(nn.Module):
    """Feed-forward sequential memory network (Zhang et al., 2015, arXiv:1512.08301)."""

    def __init__(self, units_in: int, inner: int, units: int, filter_size: int, shifts: tuple[int, ...]) -> None:
        super().__init__()
        widths = (units_in, *(units for _ in shifts[1:]))
        self.ffn_lst = nn.ModuleList(FeedForward(width, inner, units) for width in widths)
        self.memory_block_lst = nn.ModuleList(MemoryBlock(units, filter_size, shift) for shift in shifts)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:  # [B, L, D] -> [B, L, units]
        x = x.transpose(1, 2)
        for feed_forward, memory in zip(self.ffn_lst, self.memory_block_lst, strict=True):
            y = feed_forward(x)
            y = memory(y if valid is None else y.masked_fill(~valid.unsqueeze(1), 0.0))
            x = x + y if x.size(1) == y.size(1) else y
        return x.transpose(1, 2)


class Prenet(nn.Module):
    """Linear layers with ReLU between, and one last without where `units_out` is given.

    The checkpoint counts a ReLU and a dropout after each layer, hence the indices 0, 3, 6.
    """

    def __init__(self, units_in: int, units: tuple[int, ...], units_out: int | None = None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width_in, width in zip((units_in, *units[:-1]), units, strict=True):
            layers += [nn.Linear(width_in, width), nn.ReLU(), nn.Identity()]
        if units_out is not None:
            layers.append(nn.Linear(units[-1], units_out))
        self.fcs = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fcs(x)
        return y
