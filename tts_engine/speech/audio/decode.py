"""Reading back the FLAC that we store."""

from collections.abc import Iterator
from typing import BinaryIO, Literal, Protocol

import soundfile

from tts_engine.speech.voice import Samples

BLOCK = 24_000  # samples


class Readable(Protocol):
    """What is opened like a path, and can be sought."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


def sample_rate_of(file: BinaryIO) -> int:
    """The sample rate of a FLAC file, in Hz; leaves the file at its start."""
    file.seek(0)
    with soundfile.SoundFile(file) as audio:
        rate: int = audio.samplerate
    file.seek(0)
    return rate


def decoded(file: BinaryIO) -> Iterator[Samples]:
    """The samples of a mono FLAC file in blocks, as they are read."""
    file.seek(0)
    with soundfile.SoundFile(file) as audio:
        yield from audio.blocks(blocksize=BLOCK, dtype="float32")
