"""What every kind of long text becomes: chapters in order, free of markup."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tts_engine.manuscripts.errors import NothingToRead
from tts_engine.manuscripts.limits import Limits, characters_of


@dataclass(frozen=True, slots=True)
class Chapter:
    """`text` begins with the heading where it has one, for a listener wants to hear it.

    A line is a paragraph. `title` is empty for what comes before the first heading.
    """

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    chapters: tuple[Chapter, ...]


_RUNS_OF_SPACE = re.compile(r"[^\S\n]+")
_SPACE_AT_BREAK = re.compile(r" ?\n[\s]*")


def book_of(chapters: Iterable[Chapter], limits: Limits) -> Book:
    """Those that hold any text, tidied. Raises TooLarge, and NothingToRead where there are none."""
    budget = characters_of(limits)
    kept = []
    for chapter in chapters:
        text = tidy(chapter.text)
        budget.spend(len(text))
        if text:
            kept.append(Chapter(tidy(chapter.title).replace("\n", " "), text))
    if not kept:
        raise NothingToRead("The file holds no text.")
    return Book(tuple(kept))


def tidy(text: str) -> str:
    """A line a paragraph: no space at either end of it, no empty lines, one space where there were more."""
    return _SPACE_AT_BREAK.sub("\n", _RUNS_OF_SPACE.sub(" ", text)).strip()
