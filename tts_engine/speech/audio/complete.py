"""How long it is, in the header of a WAV or FLAC: of a finished file, or of a stream that knows beforehand."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av

from tts_engine.speech.audio import wav
from tts_engine.speech.audio.formats import Format

FLAC_LENGTH = 21  # where STREAMINFO has its number of samples: the last 36 bits of 40 (RFC 9639, section 8.2)
FLAC_LENGTH_BITS = 36
WAV_MOST = 0xFFFFFFFF - 1024  # bytes of samples; before them lies the header with its label
HEADER = 44  # bytes; the first piece of a WAV has all of its header, and FLAC's has its length up to here


def complete(path: Path, audio_format: Format) -> None:
    """Write its length into the header of a whole file that `encode` made; other formats have none."""
    if audio_format.media_type == "audio/wav":
        wav.complete(path)
    elif audio_format.name == "flac":
        _complete_flac(path)


def _complete_flac(path: Path) -> None:
    with av.open(path) as container:
        stream = container.streams.audio[0]
        ticks = sum(packet.duration or 0 for packet in container.demux(stream))
        samples = round(ticks * stream.time_base * stream.rate)
    with path.open("r+b") as file:
        file.seek(FLAC_LENGTH)
        field = file.read(5)
        file.seek(FLAC_LENGTH)
        file.write(_flac_length(field, samples))


def sized(pieces: Iterable[bytes], audio_format: Format, samples: int) -> Iterator[bytes]:
    """What `encode` yields for so many samples, which its header tells; other formats have none.

    Raises ValueError for a WAV of 4 GB or more, which its header cannot say.
    """
    if audio_format.name == "wav" and 2 * samples > WAV_MOST:
        raise ValueError("A WAV holds less than 4 GB.")
    if audio_format.name not in ("wav", "flac"):
        yield from pieces
        return
    header = bytearray()
    rest = iter(pieces)
    for piece in rest:
        header += piece
        if len(header) >= HEADER:
            break
    if audio_format.name == "wav":
        yield wav.sized(bytes(header), 2 * samples)
    else:
        field = slice(FLAC_LENGTH, FLAC_LENGTH + 5)
        header[field] = _flac_length(header[field], samples)
        yield bytes(header)
    yield from rest


def _flac_length(field: bytes | bytearray, samples: int) -> bytes:
    """The length stands behind four bits of something else."""
    before = int.from_bytes(field, "big") >> FLAC_LENGTH_BITS << FLAC_LENGTH_BITS
    return (before | samples).to_bytes(5, "big")
