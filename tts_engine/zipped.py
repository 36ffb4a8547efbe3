"""Files as one ZIP archive, written as it is read: no file is copied, none is held in memory.

Stored, not packed, for audio packs to nothing. Archives of more than 65,535 files or 4 GB use ZIP64.
The list of members that ends an archive waits on disk. APPNOTE.TXT of PKWARE, version 6.3.10.
"""

import struct
import tempfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from tts_engine.speech.audio.decode import Readable
from tts_engine.streaming import PIECE, gathered

_VERSION, _VERSION_64 = 20, 45
_UTF8_NAME = 0x800
_MOST_FILES, _MOST_BYTES = 0xFFFF, 0xFFFFFFFF
_SEE_64_SHORT, _SEE_64 = 0xFFFF, 0xFFFFFFFF  # in a field whose value is in the ZIP64 record
_REGULAR_FILE = 0o100644 << 16  # what Unix takes it for, readable by all
_UNIX = 3 << 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A file under a name; it is opened when its turn comes, and must stay as it is while it is read."""

    name: str
    file: Readable
    modified: datetime


def zipped(entries: Iterable[Entry]) -> Generator[bytes, None, None]:
    """The bytes of the archive in pieces of 64 KB or more. Raises ValueError for a file of 4 GB or more."""
    with tempfile.TemporaryFile() as directory:
        yield from gathered(_archive(entries, directory), least=PIECE)


def _archive(entries: Iterable[Entry], directory: BinaryIO) -> Iterator[bytes]:
    offset = count = 0
    for entry in entries:
        with entry.file.open("rb") as file:
            crc, size = _checked(file)
            header = _local_header(entry, crc, size)
            directory.write(_directory_record(entry, crc, size, offset))
            yield header
            yield from _pieces(file)
        offset += len(header) + size
        count += 1
    size = directory.tell()
    yield from _pieces(directory)
    yield _end(count, size, offset)


def _checked(file: BinaryIO) -> tuple[int, int]:
    """CRC-32 and size in bytes, which stand before a file's bytes so that it can be unpacked as it comes."""
    crc = size = 0
    for piece in _pieces(file):
        crc = zlib.crc32(piece, crc)
        size += len(piece)
    if size >= _MOST_BYTES:
        raise ValueError("A file in the archive has 4 GB or more.")
    return crc, size


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def _local_header(entry: Entry, crc: int, size: int) -> bytes:
    name = entry.name.encode()
    fields = (_VERSION, _UTF8_NAME, 0, *_dos_time(entry.modified), crc, size, size, len(name), 0)
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields) + name


def _directory_record(entry: Entry, crc: int, size: int, offset: int) -> bytes:
    name = entry.name.encode()
    far = offset >= _MOST_BYTES
    extra = struct.pack("<2HQ", 1, 8, offset) if far else b""
    version = _VERSION_64 if far else _VERSION
    fields = (_UNIX | version, version, _UTF8_NAME, 0, *_dos_time(entry.modified), crc, size, size)
    places = (len(name), len(extra), 0, 0, 0, _REGULAR_FILE, _SEE_64 if far else offset)
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fields, *places) + name + extra


def _end(count: int, size: int, offset: int) -> bytes:
    """`size` of the directory, which begins at `offset`."""
    if count <= _MOST_FILES and offset + size <= _MOST_BYTES:
        return struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, size, offset, 0)
    versions = (_UNIX | _VERSION_64, _VERSION_64)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, *versions, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + size, 1)
    see_64 = (_SEE_64_SHORT, _SEE_64_SHORT, _SEE_64, _SEE_64)
    return record + locator + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *see_64, 0)


def _dos_time(moment: datetime) -> tuple[int, int]:
    """Time and date as DOS had them, two seconds a tick, from 1980."""
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, max(moment.year - 1980, 0) << 9 | moment.month << 5 | moment.day
