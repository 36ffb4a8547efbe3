"""PNCA decoder: mel frames, r at a time, each step told its memory and the last frame before.

    memory of the step, prenet(last frame) -> in_proj x sqrt(D)
        -> LayerNorm -> q, k, v --+-- attention to the steps before, `band` of them
                                  +-- attention to the memory ahead, `band` of it    (one q for both)
        -> feed-forward                                                    x layers
        -> LayerNorm -> out_proj: r frames

Both attentions are narrow, so a step needs only a window of keys: that of the self-attention is
carried from step to step, that of the memory is cut from keys computed once by `prepare`. Nothing
of an utterance is kept in the module: two threads may run one decoder.

Shapes: B utterances, S steps of the longest, N layers, H heads of d units, W = widest band + 1.
"""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.layers import ConvFeedForward, Prenet, attend, heads


class PNCAttention(nn.Module):
    """Self-attention over the past and attention to the memory, from one query, summed."""

    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        units = c.decoder_num_units
        self.head_count = c.decoder_num_heads
        self.layer_norm = nn.LayerNorm(units, eps=1e-6)
        self.w_x_qkv = nn.Linear(units, 3 * units)
        self.fc_x = nn.Linear(units, units)
        self.w_h_kv = nn.Linear(c.memory_units, 2 * units)
        self.fc_h = nn.Linear(units, units)

    def memory_keys(self, memory: Tensor) -> Tensor:
        """[B, S, memory_units] -> keys and values [B, S, 2, H, d]."""
        keys: Tensor = self.w_h_kv(memory)
        return keys.view(*memory.shape[:2], 2, self.head_count, -1)

    def forward(
        self, x: Tensor, past: Tensor, ahead: Tensor, past_allowed: Tensor, ahead_allowed: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x [B, 1, D], past and ahead [2, B, H, W, d] -> x [B, 1, D], past with this step's key in it."""
        q, k, v = (heads(each, self.head_count) for each in self.w_x_qkv(self.layer_norm(x)).chunk(3, dim=-1))
        past = torch.cat([past[..., 1:, :], torch.stack([k, v])], dim=-2)  # the oldest key leaves
        of_past = self.fc_x(attend(q, past[0], past[1], past_allowed))
        of_memory = self.fc_h(attend(q, ahead[0], ahead[1], ahead_allowed))
        return x + of_past + of_memory, past


class PNCABlock(nn.Module):
    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        self.pnca_attn = PNCAttention(c)
        self.pos_ffn = ConvFeedForward(c.decoder_num_units, c.decoder_ffn_inner_dim, (1, 1))

    def forward(
        self, x: Tensor, past: Tensor, ahead: Tensor, past_allowed: Tensor, ahead_allowed: Tensor
    ) -> tuple[Tensor, Tensor]:
        x, past = self.pnca_attn(x, past, ahead, past_allowed, ahead_allowed)
        return self.pos_ffn(x), past


class HybridAttention(nn.Module):
    """The layers of one step; the checkpoint names them `mel_decoder.mel_dec`."""

    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        units = c.decoder_num_units
        self.scale = math.sqrt(units)
        self.prenet = Prenet(c.num_mels, c.decoder_prenet_units, units)
        self.dec_in_proj = nn.Linear(c.memory_units + units, units)
        self.pnca = nn.ModuleList(PNCABlock(c) for _ in range(c.decoder_num_layers))
        self.ln = nn.LayerNorm(units, eps=1e-6)
        self.dec_out_proj = nn.Linear(units, c.num_mels * c.outputs_per_step)

    @property
    def blocks(self) -> Sequence[PNCABlock]:
        return cast(Sequence[PNCABlock], self.pnca)


class Decoder(nn.Module):
    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        self.num_mels = c.num_mels
        self.outputs_per_step = c.outputs_per_step
        self.window_shape = (c.decoder_num_layers, 2, c.decoder_num_heads, c.decoder_num_units // c.decoder_num_heads)
        self.mel_dec = HybridAttention(c)

    def prepare(self, memory: Tensor) -> Tensor:
        """memory [B, S, memory_units] -> keys and values of all layers [B, S, N, 2, H, d], once an utterance."""
        return torch.stack([block.pnca_attn.memory_keys(memory) for block in self.mel_dec.blocks], dim=2)

    def window(self, batch: int, width: int) -> Tensor:
        """An empty window of the self-attention, [N, 2, B, H, W, d] with W = width."""
        layers, two, head_count, units = self.window_shape
        return self.mel_dec.dec_in_proj.weight.new_zeros(layers, two, batch, head_count, width, units)

    def step(
        self, frame: Tensor, window: Tensor, memory: Tensor, keys: Tensor, at: Tensor, band: Tensor, steps: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One step of each utterance -> its r frames [B, r, num_mels], and the window after it.

        frame [B, num_mels]: the last frame of the step before, zeros at first.
        window [N, 2, B, H, W, d]: of the step before; W - 1 is at least the widest band.
        memory [B, S, memory_units] and keys [B, S, N, 2, H, d]: the whole utterance, from `prepare`.
        at, band, steps [B]: the index of this step, how far attention reaches, how many steps there
        are; each utterance has its own, so one may join or leave a batch between any two steps.
        A step past an utterance's end is computed without harm and means nothing.
        """
        width = window.size(-2)
        offset = torch.arange(width, device=window.device)  # [W]
        left = (steps - 1 - at).clamp(min=0)  # [B] steps still to come
        age = width - 1 - offset  # the window's last key is this step's own
        past_allowed = age <= torch.minimum(band, at)[:, None]  # [B, W]
        ahead_allowed = offset <= torch.minimum(band, left)[:, None]
        past_allowed, ahead_allowed = past_allowed[:, None, None], ahead_allowed[:, None, None]  # [B, 1, 1, W]

        row = torch.arange(len(at), device=at.device)[:, None]  # [B, 1]
        index = (at[:, None] + offset).clamp(max=memory.size(1) - 1)  # [B, W]
        ahead = keys[row, index].permute(2, 3, 0, 4, 1, 5)  # [N, 2, B, H, W, d]
        now = memory[row, index[:, :1]]  # [B, 1, memory_units]

        net = self.mel_dec
        x = net.dec_in_proj(torch.cat([now, net.prenet(frame).unsqueeze(1)], dim=-1)) * net.scale  # [B, 1, D]
        after = []
        for block, past_keys, memory_keys in zip(net.blocks, window, ahead, strict=True):
            x, past_keys = block(x, past_keys, memory_keys, past_allowed, ahead_allowed)
            after.append(past_keys)
        frames = net.dec_out_proj(net.ln(x)).view(-1, self.outputs_per_step, self.num_mels)
        return frames, torch.stack(after)

    def forward(self, memory: Tensor, steps: Tensor, band: Tensor) -> Tensor:
        """memory [B, S, memory_units], steps and band [B] -> mel [B, r S, num_mels].

        What lies past an utterance's own steps means nothing.
        """
        batch, count = memory.shape[:2]
        keys = self.prepare(memory)
        window = self.window(batch, int(band.max()) + 1)
        mel = memory.new_empty(batch, count, self.outputs_per_step, self.num_mels)
        frame = memory.new_zeros(batch, self.num_mels)
        for i in range(count):
            at = torch.full_like(steps, i)
            mel[:, i], window = self.step(frame, window, memory, keys, at, band, steps)
            frame = mel[:, i, -1]
        return mel.flatten(1, 2)
