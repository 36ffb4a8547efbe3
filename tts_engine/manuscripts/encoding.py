"""Bytes of a file become text: UTF-8, UTF-16 with its mark, GBK and its successor GB18030.

What is strict decides, not what is likely: bytes that are valid UTF-8 are UTF-8, for no Chinese text
in GB18030 of more than a few characters is. GB18030 in turn takes nearly any bytes, so what it gives
must look like Chinese: GB 2312 put the 3,755 everyday Hanzi into its rows 16 to 55, and other
encodings read as GB18030 scatter over the 27,484 that it has.
"""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tts_engine.manuscripts.errors import UnknownEncoding

PIECE = 64 * 1024  # bytes
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_EVERYDAY = 0.75  # the least share of everyday Hanzi; Chinese prose has 0.95, a list of names 0.85
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_ADVICE = "Save it as UTF-8 (in Excel: 'CSV UTF-8')."


@contextmanager
def text_of(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """The file as text, read as it is asked for; line breaks are kept as they are, and the file open.

    Raises UnknownEncoding, before a character is given.
    """
    encoding = encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield text
    finally:
        if not file.closed:
            text.detach()


def encoding_of(file: BinaryIO) -> str:
    """Python's name of the file's encoding; all of it is looked at. Raises UnknownEncoding."""
    file.seek(0)
    beginning = file.read(4)
    if beginning in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise UnknownEncoding(f"The file is UTF-32. {_ADVICE}")
    if encoding := encoding_of_mark(beginning):
        if not _decodes(file, encoding):
            raise UnknownEncoding(f"The file begins as {encoding[:6].upper()} and then is not. {_ADVICE}")
        return encoding
    if _decodes(file, "utf-8"):
        return "utf-8"
    if _decodes(file, "gb18030") and _looks_chinese(file):
        return "gb18030"
    raise UnknownEncoding(f"The file is text in neither UTF-8, UTF-16 nor GB18030 (GBK). {_ADVICE}")


def encoding_of_mark(beginning: bytes) -> str | None:
    """Python's name of the encoding that a byte order mark tells; None where there is none."""
    return next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), None)


def _decodes(file: BinaryIO, encoding: str) -> bool:
    try:
        for piece in _pieces(file, encoding):
            if control := CONTROL.search(piece):
                raise UnknownEncoding(f"The file holds the control character U+{ord(control[0]):04X}: it is no text.")
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(file: BinaryIO) -> bool:
    """Whether text in GB18030 has the characters that Chinese has."""
    hanzi = everyday = 0
    for piece in _pieces(file, "gb18030"):
        found = [char.encode("gb18030") for char in piece if "\u3400" <= char <= "\u9fff" or char > "\uffff"]
        hanzi += len(found)
        everyday += sum(len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1 for code in found)
    return hanzi > 0 and everyday >= _EVERYDAY * hanzi


def _pieces(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    while data := file.read(PIECE):
        yield decoder.decode(data)
    yield decoder.decode(b"", final=True)
