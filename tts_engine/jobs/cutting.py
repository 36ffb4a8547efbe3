"""A long text is cut where a speaker would pause anyway: after a paragraph, a sentence, a comma, a word.

The parts, one after the other, are the text to the last character: white space stays with the part before it.
"""

import re
from collections.abc import Iterator

_SPACE = re.compile(r"\s*")
# The first kind that is found decides; each ends where a part may.
_ENDS = (
    re.compile(r"\n"),
    re.compile(r"[。！？!?…；;][”’」』）)】》\"']*|\.(?=\s)"),
    re.compile(r"[，、：,:—]"),
    re.compile(r"\s"),
    # Not between a character and the mark of its reading, 字(zi4), nor within the mark.
    re.compile(r"[^\x00-\x7f](?![(（])|\)"),
)
_WORD = re.compile(r"\w")


def cut(text: str, *, most: int) -> Iterator[str]:
    """Parts of at most `most` characters, as they are counted: without white space at both ends.

    What no voice has a sound for, as a line of dashes at the end, is no part of its own.
    """
    pending = ""
    for part in _parts(text, most):
        if pending and _WORD.search(part):
            yield pending
            pending = part
        else:
            pending += part
    if pending:
        yield pending


def _parts(text: str, most: int) -> Iterator[str]:
    start = 0
    begin = _after_space(text, 0)
    last = len(text.rstrip())
    while begin < last:
        end = len(text) if last - begin <= most else _end(text, begin, begin + most)
        end = _after_space(text, end)
        yield text[start:end]
        start = begin = end
    if start < len(text):
        yield text[start:]


def _end(text: str, begin: int, most: int) -> int:
    """The last good end of a part that lies in (begin, most]; `most` itself where there is none."""
    for kind in _ENDS:
        ends = [match.end() for match in kind.finditer(text, begin, most)]
        if ends:
            return ends[-1]
    return most


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
