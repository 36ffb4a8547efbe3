"""What is packed in an EPUB or XLSX, unpacked in memory, a piece at a time, and counted meanwhile.

Nothing is ever written to disk, so a member's name can lead nowhere. Sizes that the archive claims
are not believed: what counts is what comes out.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from tts_engine.manuscripts.errors import Damaged, Hostile, TooLarge
from tts_engine.manuscripts.limits import Budget, Limits

PIECE = 64 * 1024  # bytes
SMALL_PART = 4 * 1024 * 1024  # bytes of a part that is held as a whole: tables of contents, styles
MOST_RATIO = 200  # times; text packs 3 to 10 times, a table of one repeated row 60
RATIO_COUNTS_FROM = 1024 * 1024  # bytes; below, a ratio says nothing
MOST_DIRECTORY = 4 * 1024 * 1024  # bytes of the list of members, some 40,000 of them

_END = b"PK\x05\x06"  # APPNOTE.TXT of PKWARE, section 4.3.16
_END_SIZE = 22
_LOCATOR_64 = b"PK\x06\x07"
_LOCATOR_64_SIZE = 20
_ENCRYPTED = 0x1
_COMPOUND_FILE = bytes.fromhex("d0cf11e0a1b11ae1")  # MS-CFB: old XLS, and an XLSX with a password
# What `zipfile`, and the file beneath it, say of an archive whose fields are wrong.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    ValueError,
)


class Archive:
    """A ZIP file that somebody else made. Raises Damaged, Hostile and TooLarge wherever it shows."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        _check_beginning(file)
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise Damaged(f"The file is damaged: {error}. Save it anew.") from error
        self._budget = Budget(limits.unpacked_bytes, "Unpacked, the file has more than {most} bytes: divide it.")

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """A small part as a whole."""
        content = bytearray()
        for piece in self.pieces(name):
            content += piece
            if len(content) > SMALL_PART:
                raise TooLarge(f"'{name}' in the file is larger than {SMALL_PART:,} bytes.")
        return bytes(content)

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part, as it is unpacked."""
        info = self._zip.NameToInfo.get(name)
        if info is None:
            raise Damaged(f"The file lacks its part '{name}'. Save it anew.")
        if info.flag_bits & _ENCRYPTED:
            raise Damaged(f"'{name}' in the file is protected by a password: save it without.")
        # Others than these two unpack a block at once, however large it becomes; neither format allows them.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Hostile(f"'{name}' in the file is packed in a way that its format does not allow.")
        size = 0
        try:
            with self._zip.open(info) as part:
                while piece := part.read(PIECE):
                    size += len(piece)
                    self._budget.spend(len(piece))
                    if size > RATIO_COUNTS_FROM and size > MOST_RATIO * info.compress_size:
                        raise Hostile(f"'{name}' in the file unpacks to more than {MOST_RATIO} times its size.")
                    yield piece
        except _BROKEN as error:
            raise Damaged(f"'{name}' in the file is damaged: {error}. Save it anew.") from error


def _check_beginning(file: BinaryIO) -> None:
    file.seek(0)
    if file.read(len(_COMPOUND_FILE)) == _COMPOUND_FILE:
        raise Damaged("The file is protected by a password, or an old XLS: save it as XLSX without a password.")


def _check_directory(file: BinaryIO) -> None:
    """Refuse a list of members so long that reading it alone would fill the memory."""
    size = file.seek(0, 2)
    start = max(size - _END_SIZE - 0xFFFF - _LOCATOR_64_SIZE, 0)  # a comment of 64 KB may follow
    file.seek(start)
    tail = file.read()
    found = tail.rfind(_END)
    if found < 0 or found + _END_SIZE > len(tail):
        raise Damaged("The file is no EPUB or XLSX: it does not end as a ZIP archive does.")
    if tail[max(found - _LOCATOR_64_SIZE, 0) :].startswith(_LOCATOR_64):
        raise TooLarge("The file is a ZIP archive of the large kind, which no EPUB or XLSX of this size needs.")
    (directory,) = struct.unpack_from("<I", tail, found + 12)
    if directory > MOST_DIRECTORY:
        raise TooLarge(f"The file has more parts than are read: their list is larger than {MOST_DIRECTORY:,} bytes.")
    file.seek(0)
