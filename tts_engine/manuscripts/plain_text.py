"""A TXT file: a line is a paragraph, and `第三章 风雪` alone in its line begins a chapter."""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from tts_engine.manuscripts.book import Chapter
from tts_engine.manuscripts.encoding import text_of
from tts_engine.manuscripts.limits import Limits, characters_of

# As publishers and web novels write it; what is longer than a heading, or ends like a sentence, is none.
_HEADING = re.compile(
    r"\s*(?:第[〇零一二两三四五六七八九十百千万\d]{1,9}[章回卷部篇集节]"
    r"(?:[\s:：、.．·-].{0,40}|[^，。！？；,.!?;]{0,30})"
    r"|序章|序言|前言|楔子|引子|尾声|后记|Chapter \d+.{0,60})\s*"
)


def read_plain_text(file: BinaryIO, limits: Limits) -> Iterator[Chapter]:
    """The chapters of a TXT file. Raises UnknownEncoding, TooLarge."""
    with text_of(file) as text:
        yield from _chapters(_lines(text, limits))


def _lines(text: Iterable[str], limits: Limits) -> Iterator[str]:
    """Counted as they are read, so that one line of gigabytes is not waited for at its end."""
    budget = characters_of(limits)
    for line in text:
        budget.spend(len(line))
        yield from line.splitlines() or [""]


def _chapters(lines: Iterable[str]) -> Iterator[Chapter]:
    title, paragraphs = "", list[str]()
    for line in lines:
        if _HEADING.fullmatch(line):
            yield Chapter(title, "\n".join(paragraphs))
            title, paragraphs = line.strip(), []
        paragraphs.append(line)
    yield Chapter(title, "\n".join(paragraphs))
