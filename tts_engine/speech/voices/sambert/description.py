"""What a compiled voice is, as `voice.json` in its folder says it.

voice.json       this description
inventory.json   the names of its units, emotions and speakers, in the order of their rows
acoustic.*, encoder.onnx, memory.onnx, step-*.onnx, postnet.onnx   of acoustic_files.py
vocoder.json, vocoder-*.onnx                                       of vocoder_files.py
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voice import Range, Speaker, VoiceInfo
from tts_engine.speech.voices.sambert.f0 import F0Scale
from tts_engine.speech.voices.sambert.inventory import Inventory

FILE = "voice.json"
INVENTORY = "inventory.json"
FAMILY = "sambert"
BATCH_SIZE = 8  # of a voice on which none was measured
GRAPHS = 4  # raised when the runtimes ask something else of a compiled folder, which must then be compiled again
SOUND = 1  # raised when this code gives other samples for the same files; part of every revision

# What ModelScope calls the voices it has published (their model cards).
PUBLISHED = {
    "zhitian_emo": ("知甜", "female"),
    "zhizhe_emo": ("知哲", "male"),
    "zhiyan_emo": ("知燕", "female"),
    "zhibei_emo": ("知贝", "female"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a voice came from: a ModelScope id and revision, or a folder; SHA-256 of each file that was read."""

    model: str
    revision: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Description:
    id: str
    licence: str
    sample_rate: int  # Hz
    speakers: Sequence[str]  # names of rows, the first is the default
    emotions: Sequence[str]
    f0: F0Scale | None  # of NSF voices
    source: Source
    files: Mapping[str, str]  # SHA-256 of the compiled files
    batch_size: int = BATCH_SIZE  # measured when it was added; see tts_engine.speech.batching
    graphs: int = GRAPHS

    @classmethod
    def read(cls, folder: Path) -> "Description":
        """Raises VoiceUnavailable for a description that is missing, damaged or of another version's graphs."""
        file = folder / FILE
        try:
            said = json.loads(file.read_bytes())
            if said.get("graphs") != GRAPHS:
                raise ValueError("it was compiled by another version")
            said["source"] = Source(**said["source"])
            said["f0"] = said["f0"] and F0Scale(**said["f0"])
            return cls(**said)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise VoiceUnavailable(f"{file} does not describe a voice ({error}); add the voice again.") from error

    def write(self, folder: Path) -> "Description":
        """The description with the sums of the files that are in `folder` now, written beside them."""
        files = {file.name: sha256(file) for file in sorted(folder.iterdir()) if file.name != FILE}
        complete = replace(self, files=files)
        (folder / FILE).write_text(json.dumps(asdict(complete), indent=2, ensure_ascii=False) + "\n", "utf-8")
        return complete

    @property
    def info(self) -> VoiceInfo:
        emotional = len(self.emotions) > 1
        return VoiceInfo(
            id=self.id,
            family=FAMILY,
            name=PUBLISHED.get(self.id, (self.id, ""))[0],
            revision=f"{self._fingerprint()}-{SOUND}",
            licence=self.licence,
            sample_rate=self.sample_rate,
            speakers=self._speakers(),
            emotions=tuple(self.emotions),
            emotion_intensity=Range(0.0, 2.0) if emotional else None,
            speed=Range(0.25, 4.0),
            pitch=Range(-12.0, 12.0),
            batch_size=self.batch_size,
        )

    def _speakers(self) -> tuple[Speaker, ...]:
        """The default speaker goes by the voice's own name; ModelScope's pipeline never asks for another."""
        name, gender = PUBLISHED.get(self.id, (self.id, "unknown"))
        rest = (
            Speaker(f"{self.id}:{other}", f"{name} {other}", "unknown", listed=False) for other in self.speakers[1:]
        )
        return (Speaker(self.id, name, gender), *rest)

    def row_name(self, speaker: str) -> str:
        """The row of the speaker table for a speaker's id: that after the colon, or the default."""
        return speaker.removeprefix(f"{self.id}:") if ":" in speaker else self.speakers[0]

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(sorted(self.files.items())).encode()).hexdigest()[:12]


def verify(folder: Path, description: Description) -> None:
    """Raise VoiceUnavailable unless every file is the one that was compiled (0.1 s for 80 MB)."""
    for name, sum_ in description.files.items():
        file = folder / name
        if not file.is_file() or sha256(file) != sum_:
            raise VoiceUnavailable(f"{file} is missing or damaged; add the voice {description.id} again.")


def write_inventory(inventory: Inventory, folder: Path) -> None:
    names = {table: list(rows) for table, rows in inventory.tables.items()}
    (folder / INVENTORY).write_text(json.dumps(names, ensure_ascii=False), "utf-8")


def read_inventory(folder: Path) -> Inventory:
    return Inventory.of_names(json.loads((folder / INVENTORY).read_text("utf-8")))


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
