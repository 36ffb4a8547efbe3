"""The files of a compiled acoustic model, by which its compiler and its runtime agree."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tts_engine.speech.errors import VoiceUnavailable

Precision = Literal["fp32", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")

ENCODER, MEMORY = "encoder.onnx", "memory.onnx"
STEP: dict[Precision, str] = {"fp32": "step-fp32.onnx", "int8": "step-int8.onnx"}
POSTNET: dict[Precision, str] = {"fp32": "postnet-fp32.onnx", "int8": "postnet-int8.onnx"}
SIZES = "acoustic.json"
TABLES = "acoustic.npz"  # emotion [rows, De]; speaker [rows, Ds] where there is a table; timescales [Dt]

CARRIED = "_out"  # ends the name of an output that is an input of the next run


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the graphs do not say of themselves."""

    precision: Precision  # of the decoder and the postnet, the one to serve
    num_mels: int
    frames_a_step: int
    look_ahead: tuple[int, ...]  # frames, of each layer of the postnet
    longest: int  # symbols of one utterance
    pitch_centre: float  # mean over deviation of the F0 (Hz) that pitch is normalised by

    @classmethod
    def read(cls, folder: Path) -> "Sizes":
        try:
            said = json.loads((folder / SIZES).read_text("utf-8"))
            return cls(**said | {"look_ahead": tuple(said["look_ahead"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise VoiceUnavailable(
                f"{folder / SIZES} describes no compiled voice: {error}. Add the voice again."
            ) from error

    def write(self, folder: Path) -> None:
        (folder / SIZES).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
