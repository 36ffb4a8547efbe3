"""The label of generated speech that a file carries in its metadata (隐式标识).

GB 45438-2025, annex E: a field AIGC whose value is JSON of seven strings. Where it lies in a sound file
follows the practice guide TC260-PG-202510A: a Vorbis comment in FLAC and Ogg, a TXXX frame of ID3v2 in
MP3, a chunk of its own in WAV. The guide names no place in an AAC stream; there it is ID3v2 too.
"""

import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

import av

from tts_engine.speech.audio import wav

KEY = "AIGC"
GENERATED = "1"  # 属于人工智能生成合成内容; 2 is perhaps, 3 suspected, which only a propagator says
FIELDS = (
    "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """Annex E, in its order. Whoever passes the content on fills in the propagator; the codes may hold a signature."""

    label: str
    producer: str
    produce_id: str
    reserved_code_1: str = ""
    propagator: str = ""
    propagate_id: str = ""
    reserved_code_2: str = ""

    @classmethod
    def generated(cls, *, producer: str, content_id: str) -> Self:
        """Of speech that `producer` made; `content_id` is unique among all that it made."""
        return cls(GENERATED, producer, content_id)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError for what is not annex E's."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError(f"{text!r} is not a JSON object.")
        return cls(*(str(values.get(field, "")) for field in FIELDS))

    def as_json(self) -> str:
        """ASCII alone: a chunk of WAV says of no character set what it is."""
        return json.dumps(dict(zip(FIELDS, astuple(self), strict=True)), separators=(",", ":"))


def read(path: Path) -> Label | None:
    """The label in a sound file; None where there is none. Raises ValueError for one that cannot be understood.

    Raises av.error.FFmpegError for what is no sound file.
    """
    with path.open("rb") as file:
        written = wav.chunk(file, KEY.encode()) if wav.is_wav(file) else None
    value = written.decode("ascii") if written else _tagged(path)
    return Label.from_json(value) if value else None


def _tagged(path: Path) -> str | None:
    with av.open(path) as container:
        tags = {**container.metadata, **container.streams[0].metadata}
    # Our masters have it as a comment: the library that writes them knows no names but its own.
    return next((tags[name] for name in (KEY, "comment") if name in tags), None)
