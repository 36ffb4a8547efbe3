"""The one voice that most tests of a model folder read and change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tts_engine.speech.voices.sambert.folder import ModelFolder, VoiceModel

VOICE = Path("voices/tian")
AM, VOC = VOICE / "am/ckpt/checkpoint_0.pth", VOICE / "voc/ckpt/checkpoint_0.pth"
NSF = {"num_mels": 12, "NSF": True}
SOURCE = {"nsf_params": {"nb_harmonics": 7, "sampling_rate": 16_000}}


def load(folder: Path, name: str = "tian") -> VoiceModel:
    return ModelFolder(folder).load(name)


def change(file: Path, edit: Callable[[dict[str, Any]], object], *path: str) -> None:
    """Edit the tensors below `path` of a checkpoint."""
    content = torch.load(file, weights_only=True)
    part = content["model"]
    for name in path:
        part = part[name]
    edit(part)
    torch.save(content, file)


def mel_of(voice: VoiceModel) -> torch.Tensor:
    units = torch.tensor([[[16, 0, 0, 0], [47, 0, 1, 2], [143, 1, 2, 4]]])
    with torch.inference_mode():
        mel: torch.Tensor = voice.acoustic(
            units, torch.ones(1, 3, dtype=torch.long), torch.zeros(1, 3, dtype=torch.long)
        ).mel
    return mel
