"""The acoustic model: linguistic units, emotion, speaker -> mel.

SAM-BERT, the acoustic model of KAN-TTS: a text encoder, a variance adaptor, the PNCA decoder of
RobuTrans (Li et al., 2020) and a postnet. The names of the layers are those of its checkpoints.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts_engine.speech.voices.sambert.config import AcousticConfig, Tables
from tts_engine.speech.voices.sambert.decoder import Decoder
from tts_engine.speech.voices.sambert.encoder import TextEncoder
from tts_engine.speech.voices.sambert.layers import FSMN, blank
from tts_engine.speech.voices.sambert.variance import Prosody, VarianceAdaptor


class PostNet(nn.Module):
    """What to add to each frame, seeing a few frames ahead (layers x (filter / 2 - shift)) and all before."""

    def __init__(self, c: AcousticConfig) -> None:
        super().__init__()
        self.fsmn = FSMN(
            c.num_mels, c.postnet_ffn_inner_dim, c.postnet_num_memory_units, c.postnet_filter_size, c.postnet_shift
        )
        self.lstm = nn.LSTM(c.postnet_num_memory_units, c.postnet_lstm_units, batch_first=True)
        self.fc = nn.Linear(c.postnet_lstm_units, c.num_mels)

    def forward(self, mel: Tensor, valid: Tensor | None = None) -> Tensor:  # [B, T, num_mels], the same
        y, _ = self.lstm(self.fsmn(mel, valid))
        residual: Tensor = self.fc(y)
        return residual


class Speech(NamedTuple):
    """What the acoustic model made of a batch; zero in the padding."""

    mel: Tensor  # [B, T, num_mels], with T a multiple of the frames a step
    coarse: Tensor  # the same before the postnet
    frames: Tensor  # [B] frames of each utterance
    band: Tensor  # [B] steps
    prosody: Prosody


class AcousticModel(nn.Module):
    def __init__(self, c: AcousticConfig, tables: Tables) -> None:
        super().__init__()
        self.text_encoder = TextEncoder(c, tables)
        if not c.se:
            self.spk_tokenizer = nn.Embedding(tables.speaker, c.speaker_units)
        self.emo_tokenizer = nn.Embedding(tables.emotion, c.emotion_units)
        self.variance_adaptor = VarianceAdaptor(c)
        self.mel_decoder = Decoder(c)
        self.mel_postnet = PostNet(c)
        self.se = c.se

    def forward(self, units: Tensor, emotion: Tensor, speaker: Tensor, valid: Tensor | None = None) -> Speech:
        """Speak a batch.

        units [B, L, 4] of (sy, tone, syllable_flag, word_segment); emotion [B, L]; speaker [B, L], or
        the speaker's vector at each symbol [B, L, speaker_units] where the model has no table of them.
        valid [B, L] is true where an utterance has a symbol; None when all are of one length.
        """
        text = self.text_encoder(units, valid)
        emotion = self.emo_tokenizer(emotion)
        speaker = speaker if self.se else self.spk_tokenizer(speaker)
        prosody, regulated = self.variance_adaptor(text, speaker, emotion, valid)
        coarse = self.mel_decoder(regulated.memory, regulated.steps, regulated.band)
        coarse, mel = self.refine(coarse, regulated.frames)
        return Speech(mel, coarse, regulated.frames, regulated.band, prosody)

    def refine(self, coarse: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The decoder's mel [B, T, num_mels] blanked past its end, and the same with the postnet's residual."""
        real = torch.arange(coarse.size(1), device=coarse.device) < frames[:, None]
        coarse = blank(coarse, real)
        return coarse, blank(coarse + self.mel_postnet(coarse, real), real)
