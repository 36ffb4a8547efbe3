"""A finished file can say what its stream could not know when it began: how long it is."""

from pathlib import Path

import av

from tts_engine.speech.audio import wav
from tts_engine.speech.audio.formats import Format

FLAC_LENGTH = 21  # where STREAMINFO has its number of samples: the last 36 bits of 40 (RFC 9639, section 8.2)
FLAC_LENGTH_BITS = 36


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
        rest = int.from_bytes(file.read(5), "big") >> FLAC_LENGTH_BITS << FLAC_LENGTH_BITS
        file.seek(FLAC_LENGTH)
        file.write((rest | samples).to_bytes(5, "big"))
