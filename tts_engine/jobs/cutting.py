"""A long text is cut where a speaker would pause anyway: after a paragraph, a sentence, a comma, a word.

The parts, one after the other, are the text to the last character: white space stays with the part before it.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate

from tts_engine.speech.text.tags import TAG

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


def cut_tagged(text: str, *, most: int) -> Iterator[str]:
    """The same for a text with voice tags, none of which is cut: a part may be longer by one tag at its beginning."""
    tags = [match.span() for match in TAG.finditer(text)]
    without = TAG.sub(lambda match: "~" * len(match.group()), text)  # of the same length, nothing to cut after
    start = 0
    for end in accumulate(map(len, cut(without, most=most))):
        tag = tags[bisect(tags, (end,)) - 1] if tags else (0, 0)  # the last that begins before the end
        if tag[0] < end < tag[1]:
            end = tag[0]
        if end > start:
            yield text[start:end]
        start = max(start, end)


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
