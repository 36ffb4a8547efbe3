"""A long text in parts that one request may have, each ending where a reader would draw breath."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tts_engine.manuscripts.book import Book

# What a part would best end with, the best first; each match ends where the next part may begin.
_ENDS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n+",
        r"(?:[。！？!?…]+|\.(?=\s))[”’」』）》〉】)\"']*\s*",
        r"(?:[；;：]|:(?=\s))\s*",
        r"(?:[，、]|,(?!\d))\s*",
        r"\s+",
    )
)
# What must stay together: a character with its reading, `行(hang2)`, or with what modifies it.
_UNIT = re.compile(r".(?:\([a-z]{1,6}[1-5]\)|[\u0300-\u036f\u200d\ufe00-\ufe0f]+)", re.DOTALL)
_REACH = 64  # characters; how far a run of marks at the bound is looked at


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    chapter: str  # its title


def parts_of(book: Book, *, most: int) -> Iterator[Part]:
    """The whole book in parts of at most `most` characters; none reaches into another chapter."""
    for chapter in book.chapters:
        for text in cut(chapter.text, most=most):
            yield Part(text, chapter.title)


def cut(text: str, *, most: int) -> Iterator[str]:
    """Parts of at most `most` characters that joined are the text again, without white space at its end.

    Each is as long as it can be and yet ends with a paragraph; where that would leave it half empty,
    with a sentence, else with less. Text without any such place is cut at the bound.
    """
    start = 0
    end = len(text.rstrip())
    while end - start > most:
        middle = _end(text, start, most)
        yield text[start:middle]
        start = middle
    if start < end:
        yield text[start:end]


def _end(text: str, start: int, most: int) -> int:
    """Where a part that begins at `start` ends, in a text that goes on beyond it."""
    bound = start + most
    for pattern in _ENDS:
        ends = [found.end() for found in pattern.finditer(text, start + most // 2, bound + _REACH)]
        if within := [end for end in ends if end <= bound]:
            return within[-1]
    spanning = (
        found.start() for found in _UNIT.finditer(text, max(bound - 9, start), bound + 9) if found.end() > bound
    )
    return max(start + 1, min([bound, *spanning]))
