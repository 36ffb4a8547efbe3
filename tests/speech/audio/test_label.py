"""The label in a file's metadata, where TC260-PG-202510A puts it, read by a library that did not write it."""

import json
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.oggopus import OggOpus

from tts_engine.speech.audio.complete import complete
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.label import Label, read
from tts_engine.speech.audio.render import rendered

RATE = 8_000
LABEL = Label.generated(producer="声坊 Voxhouse", content_id="6f9619ff-8b86-d011-b42d-00c04fc964ff")
SAMPLES = (np.sin(np.arange(RATE, dtype=np.float32) / 5) / 2).astype(np.float32)
RAW = {"pcm", "mulaw", "alaw"}


def encoded(name: str, label: Label | None = LABEL) -> bytes:
    return b"".join(rendered([SAMPLES], RATE, FORMATS[name], label=label))


def riff_chunk(data: bytes) -> str:
    start = data.index(b"AIGC")
    assert start < data.index(b"data")
    (size,) = struct.unpack("<I", data[start + 4 : start + 8])
    return data[start + 8 : start + 8 + size].decode()


READERS: dict[str, Callable[[bytes], str]] = {
    "mp3": lambda data: str(ID3(BytesIO(data))["TXXX:AIGC"]),
    "aac": lambda data: str(ID3(BytesIO(data))["TXXX:AIGC"]),
    "opus": lambda data: str(OggOpus(BytesIO(data))["AIGC"][0]),
    "flac": lambda data: str(FLAC(BytesIO(data))["AIGC"][0]),
    "wav": riff_chunk,
    "wav_mulaw": riff_chunk,
    "wav_alaw": riff_chunk,
}


def test_every_format_is_looked_at() -> None:
    assert READERS.keys() | RAW == FORMATS.keys()


@pytest.mark.parametrize("name", READERS)
def test_the_label_is_where_others_look_for_it(name: str) -> None:
    """Seven strings in the order of annex E; a finished file is not needed to read it."""
    told = json.loads(READERS[name](encoded(name)[:2_000] if name.startswith("wav") else encoded(name)))
    assert list(told.items()) == [
        ("Label", "1"),
        ("ContentProducer", LABEL.producer),
        ("ProduceID", LABEL.produce_id),
        ("ReservedCode1", ""),
        ("ContentPropagator", ""),
        ("PropagateID", ""),
        ("ReservedCode2", ""),
    ]


@pytest.mark.parametrize("name", READERS)
def test_a_label_changes_no_sound(name: str) -> None:
    """It comes before the audio, and the audio's bytes are the same without it."""
    with_label, without = encoded(name), encoded(name, None)
    assert len(with_label) > len(without)
    tail = RATE // 4
    assert with_label[-tail:] == without[-tail:]
    assert b"AIGC" not in without


@pytest.mark.parametrize("name", sorted(RAW))
def test_samples_alone_carry_none(name: str) -> None:
    """Their bytes are the same either way."""
    assert encoded(name) == encoded(name, None)


@pytest.mark.parametrize("name", READERS)
def test_we_read_what_we_wrote(tmp_path: Path, name: str) -> None:
    """Of a finished file and of a stream that was cut off."""
    file = tmp_path / f"speech{FORMATS[name].extension}"
    file.write_bytes(encoded(name))
    assert read(file) == LABEL
    complete(file, FORMATS[name])
    assert read(file) == LABEL
    file.write_bytes(encoded(name, None))
    assert read(file) is None


def test_a_propagator_may_have_added_to_it(tmp_path: Path) -> None:
    """Whoever passed it on named itself."""
    passed_on = Label("1", "Voxhouse", "7", "", "播客", "8", "c2ln")
    file = tmp_path / "speech.mp3"
    file.write_bytes(encoded("mp3", passed_on))
    assert read(file) == passed_on


def test_a_file_without_ours(tmp_path: Path) -> None:
    """Another's recording has no label, nor has what is no sound; one that is damaged is an error."""
    recorded = tmp_path / "recorded.wav"
    soundfile.write(recorded, SAMPLES, RATE)
    assert read(recorded) is None
    with soundfile.SoundFile(recorded.with_suffix(".flac"), "w", RATE, 1) as commented:
        commented.comment = "a fine day"
        commented.write(SAMPLES)
    assert read(recorded.with_suffix(".flac")) is None
    broken = tmp_path / "broken.wav"
    broken.write_bytes(encoded("wav").replace(b'{"Label"', b'["Label"'))
    with pytest.raises(ValueError, match="AIGC"):
        read(broken)
    text = tmp_path / "notes.txt"
    text.write_text("no sound at all")
    assert read(text) is None
