"""WAV: a RIFF file of chunks, each an id, a 32-bit size and so many bytes, padded to an even number.

Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991), and RFC 2361 for
G.711 in it. What is streamed cannot know its sizes; `complete` writes them into the finished file.
"""

import struct
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

PCM, ALAW, MULAW = 1, 6, 7  # format tags
UNKNOWN = 0xFFFFFFFF  # a size that is not known yet
HEAD = 12  # bytes before the first chunk


def header(tag: int, sample_rate: int, *, extra: bytes = b"") -> bytes:
    """All that comes before mono samples of a stream: 16 bits each for PCM, 8 for G.711.

    `extra` are whole chunks that are put before the samples.
    """
    width = 2 if tag == PCM else 1
    described = struct.pack("<HHIIHH", tag, 1, sample_rate, width * sample_rate, width, 8 * width)
    if tag == PCM:
        told = packed(b"fmt ", described)
    else:  # everything but PCM has an extension, if an empty one, and says how many samples there are
        told = packed(b"fmt ", described + struct.pack("<H", 0)) + packed(b"fact", struct.pack("<I", UNKNOWN))
    return b"".join(
        [struct.pack("<4sI4s", b"RIFF", UNKNOWN, b"WAVE"), told, extra, struct.pack("<4sI", b"data", UNKNOWN)]
    )


def packed(name: bytes, body: bytes) -> bytes:
    """One whole chunk."""
    return struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)


def is_wav(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(HEAD)
    return head[:4] == b"RIFF" and head[8:] == b"WAVE"


def chunk(file: BinaryIO, name: bytes) -> bytes | None:
    """The body of a chunk that lies before the samples."""
    for found, start, size in _chunks(file):
        if found == name:
            file.seek(start)
            return file.read(size)
    return None


def complete(path: Path) -> None:
    """Write every size into a whole file that begins with a `header` of ours."""
    with path.open("r+b") as file:
        starts = _starts(file)
        samples = file.seek(0, 2) - starts[b"data"]
        file.write(bytes(samples % 2))
        _tell(file, starts, samples)


def sized(head: bytes, samples: int) -> bytes:
    """A `header` of ours, with the sizes of so many bytes of samples that are yet to come."""
    file = BytesIO(head)
    _tell(file, _starts(file), samples)
    return file.getvalue()


def _starts(file: BinaryIO) -> dict[bytes, int]:
    return {name: start for name, start, _ in _chunks(file)}


def _tell(file: BinaryIO, starts: Mapping[bytes, int], samples: int) -> None:
    """Write the sizes of a file that has, or will have, so many bytes of samples."""
    _write(file, 4, starts[b"data"] + samples + samples % 2 - 8)
    _write(file, starts[b"data"] - 4, samples)
    if b"fact" in starts:
        _write(file, starts[b"fact"], samples)  # of 8 bits: as many as bytes


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(name, where its body starts, size) up to the samples."""
    start = HEAD
    name = b""
    while name != b"data":
        file.seek(start)
        if len(told := file.read(8)) < 8:
            return
        name, size = struct.unpack("<4sI", told)
        yield name, start + 8, size
        start += 8 + size + size % 2


def _write(file: BinaryIO, position: int, number: int) -> None:
    file.seek(position)
    file.write(struct.pack("<I", number))
