"""The label of generated speech that a file carries in its metadata (隐式标识).

GB 45438-2025, annex E: a field AIGC whose value is JSON of seven strings. Where it lies in a sound file
follows the practice guide TC260-PG-202510A: a Vorbis comment in FLAC and Ogg, a TXXX frame of ID3v2 in
MP3, a chunk of its own in WAV. The guide names no place in an AAC stream; there it is ID3v2 too.
"""

import json
from dataclasses import astuple, dataclass
from typing import BinaryIO, Self

import av
from av.error import InvalidDataError

from tts_engine.speech.audio import wav
from tts_engine.speech.audio.decode import Readable

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
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ValueError(f"The field AIGC is not JSON: {error}.") from error
        if not isinstance(values, dict):
            raise ValueError(f"The field AIGC is not a JSON object: {text!r}.")
        return cls(*(str(values.get(field, "")) for field in FIELDS))

    def as_json(self) -> str:
        """ASCII alone: a chunk of WAV says of no character set what it is."""
        return json.dumps(dict(zip(FIELDS, astuple(self), strict=True)), separators=(",", ":"))


def read(recording: Readable) -> Label | None:
    """The label in a file; None where there is none, as in raw samples. Raises ValueError for one that is damaged."""
    with recording.open("rb") as file:
        written = wav.chunk(file, KEY.encode()) if wav.is_wav(file) else None
        value = written.decode("ascii") if written else _tagged(file)
    return Label.from_json(value) if value else None


def _tagged(file: BinaryIO) -> str | None:
    file.seek(0)
    try:
        with av.open(file) as container:
            tags: dict[str, str] = {**container.metadata, **container.streams[0].metadata}
    except InvalidDataError:  # no format that has a place for one
        return None
    if KEY not in tags and (comment := tags.get("comment", "")).startswith(f'{{"{FIELDS[0]}":'):
        return comment  # so in our masters: the library that writes them knows no names but its own
    return tags.get(KEY)
