"""Variance adaptor: pitch, energy and duration of each symbol, and symbols stretched to frames.

    text, speaker, emotion -> pitch, energy                 all symbols at once
    text + pitch + energy, speaker, emotion -> duration     symbol by symbol
    durations -> memory of the decoder's steps              the text of each frame and its place in its symbol

Shapes: B utterances, L symbols and T frames of the longest, S steps of r frames.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.config import AcousticConfig
from tts_engine.speech.voices.sambert.layers import FSMN, Prenet, blank

MOST_FRAMES = 100_000  # of one utterance, twenty minutes; only damaged weights ask for more

LSTMState = tuple[Tensor, Tensor]  # h, c: [layers, B, units]


class ContourPredictor(nn.Module):
    """One number a symbol, pitch or energy, from its neighbourhood and then from the whole utterance."""

    def __init__(self, units_in: int, c: AcousticConfig) -> None:
        super().__init__()
        self.fsmn = FSMN(
            units_in,
            c.predictor_ffn_inner_dim,
            c.predictor_num_memory_units,
            c.predictor_filter_size,
            c.predictor_shift,
        )
        self.blstm = nn.LSTM(c.predictor_num_memory_units, c.predictor_lstm_units, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * c.predictor_lstm_units, 1)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        """x [B, L, D] -> [B, L], zero in the padding."""
        y = self.fsmn(x, valid)
        if valid is None:
            y, _ = self.blstm(y)
        else:  # packed, so that the backward direction starts at each utterance's own end
            packed = nn.utils.rnn.pack_padded_sequence(
                y, valid.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False
            )
            y, _ = nn.utils.rnn.pad_packed_sequence(self.blstm(packed)[0], batch_first=True, total_length=x.size(1))
        contour: Tensor = blank(self.fc(y), valid).squeeze(-1)
        return contour


class DurationPredictor(nn.Module):
    """log(frames + 1) of each symbol, told that of the symbol before."""

    def __init__(self, units_in: int, c: AcousticConfig) -> None:
        super().__init__()
        self.prenet = Prenet(1, c.dur_pred_prenet_units)
        self.lstm = nn.LSTM(
            c.dur_pred_prenet_units[-1] + units_in, c.dur_pred_lstm_units, num_layers=2, batch_first=True
        )
        self.fc = nn.Linear(c.dur_pred_lstm_units, 1)

    def step(self, before: Tensor, condition: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        """before [B, 1], condition [B, D] of one symbol -> its log duration [B, 1]."""
        x = torch.cat([self.prenet(before), condition], dim=-1).unsqueeze(1)  # [B, 1, D]
        y, state = self.lstm(x, state)
        return self.fc(y.squeeze(1)).relu(), state

    def start(self, batch: int) -> tuple[Tensor, LSTMState]:
        """The duration before the first symbol, and the state to begin with: zeros."""
        h = self.fc.weight.new_zeros(self.lstm.num_layers, batch, self.lstm.hidden_size)
        return self.fc.weight.new_zeros(batch, 1), (h, h)

    def forward(self, condition: Tensor, valid: Tensor | None) -> Tensor:
        """condition [B, L, D] -> [B, L], zero in the padding."""
        log_duration, state = self.start(condition.size(0))
        steps = []
        for each in condition.unbind(1):
            log_duration, state = self.step(log_duration, each, state)
            steps.append(log_duration)
        return blank(torch.stack(steps, dim=1), valid).squeeze(-1)


class DurationPosition(nn.Module):
    """Sinusoids of a frame's place inside its symbol, counted from 1; sines and cosines alternate."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.inv_timescales = nn.Parameter(timescales(units), requires_grad=False)

    def forward(self, place: Tensor) -> Tensor:  # [B, T] -> [B, T, units]
        angle = place.unsqueeze(-1) / self.inv_timescales
        return torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], dim=-1).flatten(-2)


def timescales(units: int) -> Tensor:
    """[units], 1 to 10,000, each twice: for the sine and for the cosine."""
    pair = torch.arange(units, dtype=torch.float64) // 2
    return (10_000 ** (2 * pair / units)).float()


class Prosody(NamedTuple):
    """What the adaptor decided for each symbol; zero in the padding."""

    pitch: Tensor  # [B, L] normalised
    energy: Tensor  # [B, L] normalised
    log_duration: Tensor  # [B, L] log(frames + 1)


class Regulated(NamedTuple):
    """What the decoder is told, a step of r frames at a time."""

    memory: Tensor  # [B, S, r text + speaker + emotion]
    frames: Tensor  # [B] frames of each utterance
    steps: Tensor  # [B] frames / r, rounded up
    band: Tensor  # [B] how many steps its attention reaches back, and ahead


class VarianceAdaptor(nn.Module):
    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        text = c.encoder_projection_units
        units_in = text + c.speaker_units + c.emotion_units
        self.outputs_per_step = c.outputs_per_step
        self.pitch_predictor = ContourPredictor(units_in, c)
        self.energy_predictor = ContourPredictor(units_in, c)
        self.duration_predictor = DurationPredictor(units_in, c)
        self.dur_position_encoder = DurationPosition(text)
        self.pitch_emb = nn.Conv1d(1, text, 9, padding=4)
        self.energy_emb = nn.Conv1d(1, text, 9, padding=4)

    def contours(
        self, text: Tensor, speaker: Tensor, emotion: Tensor, valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Hidden states [B, L, .] of each symbol -> its pitch and energy, each [B, L]."""
        x = torch.cat([text, speaker, emotion], dim=-1)
        return self.pitch_predictor(x, valid), self.energy_predictor(x, valid)

    def coloured(self, text: Tensor, pitch: Tensor, energy: Tensor) -> Tensor:
        """text [B, L, D] with the contours added to it."""
        tint: Tensor = self.pitch_emb(pitch.unsqueeze(1)) + self.energy_emb(energy.unsqueeze(1))  # [B, D, L]
        return text + tint.transpose(1, 2)

    def regulate(
        self, text: Tensor, speaker: Tensor, emotion: Tensor, duration: Tensor, valid: Tensor | None = None
    ) -> Regulated:
        """Repeat each symbol for its frames. `text` is coloured; `duration` [B, L] in frames, fractional.

        Frames past an utterance's end, up to a whole step, have no text, speaker, emotion or place.
        Raises VoiceUnavailable where durations are not those of speech.
        """
        if valid is not None:
            duration = duration.masked_fill(~valid, 0.0)
        ends = (duration + 0.5).floor().cumsum(dim=1)  # [B, L] frame at which each symbol ends
        if not bool((ends[:, -1] < MOST_FRAMES).all()):  # NaN is not less either
            raise VoiceUnavailable(
                f"The voice asks for more than {MOST_FRAMES} frames in one utterance: its weights are damaged."
            )
        r = self.outputs_per_step
        frames = ends[:, -1].long()
        steps = ((frames + r - 1) // r).clamp(min=1)  # an utterance of no frame at all is one blank step
        at = torch.arange(int(steps.max()) * r, device=text.device).expand(len(text), -1)  # [B, T]
        symbol = torch.searchsorted(ends, at.to(ends.dtype).contiguous(), right=True)
        symbol = symbol.clamp(max=ends.size(1) - 1)  # [B, T] which each frame belongs to
        real = at < frames[:, None]
        starts = F.pad(ends[:, :-1], (1, 0))
        place = (at + 1 - starts.gather(1, symbol)).masked_fill(~real, 0.0)

        def spread(x: Tensor) -> Tensor:  # [B, L, D] -> [B, T, D]
            return blank(x.gather(1, symbol.unsqueeze(-1).expand(-1, -1, x.size(-1))), real)

        told = spread(text) + self.dur_position_encoder(place)
        told = told.reshape(len(text), -1, r * told.size(-1))  # [B, S, r D]
        memory = torch.cat([told, spread(speaker)[:, ::r], spread(emotion)[:, ::r]], dim=-1)
        band = (duration.amax(dim=1) / r + 0.5).long()
        return Regulated(memory, frames, steps, band)

    def predict(
        self, text: Tensor, speaker: Tensor, emotion: Tensor, valid: Tensor | None = None
    ) -> tuple[Prosody, Tensor]:
        """Hidden states [B, L, .] of each symbol -> its prosody, and its text coloured with it."""
        pitch, energy = self.contours(text, speaker, emotion, valid)
        text = self.coloured(text, pitch, energy)
        log_duration = self.duration_predictor(torch.cat([text, speaker, emotion], dim=-1), valid)
        return Prosody(pitch, energy, log_duration), text

    def forward(
        self, text: Tensor, speaker: Tensor, emotion: Tensor, valid: Tensor | None = None
    ) -> tuple[Prosody, Regulated]:
        prosody, text = self.predict(text, speaker, emotion, valid)
        return prosody, self.regulate(text, speaker, emotion, prosody.log_duration.exp() - 1, valid)
