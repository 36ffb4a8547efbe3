"""The files of a compiled vocoder, by which its compiler and its runtime agree."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.contexts import Contexts

VocoderPrecision = Literal["fp32", "mixed", "int8"]  # from the nearest to the fastest
GRAPH: dict[VocoderPrecision, str] = {
    "fp32": "vocoder-fp32.onnx",
    "mixed": "vocoder-mixed.onnx",
    "int8": "vocoder-int8.onnx",
}
DESCRIPTION = "vocoder.json"


@dataclass(frozen=True, slots=True)
class Description:
    """What the graphs do not say of themselves."""

    precision: VocoderPrecision  # the one to serve
    sample_rate: int  # Hz
    hop: int  # samples a frame
    mels: int
    harmonics: int  # of an NSF generator, F0 among them, whose frames have F0 (Hz) and voicing after the mels; else 0
    contexts: Contexts

    @classmethod
    def read(cls, folder: Path) -> "Description":
        """Raises VoiceUnavailable."""
        try:
            fields = json.loads((folder / DESCRIPTION).read_text("utf-8"))
            contexts = {name: tuple(each) for name, each in fields.pop("contexts").items()}
            return cls(**fields, contexts=Contexts(**contexts))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise VoiceUnavailable(f"{folder} holds no compiled vocoder: {error}. Add the voice again.") from error

    def write(self, folder: Path) -> None:
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
