"""Cut a text where a sentence ends. Numbers and addresses are spelt out by now: a stop is a stop."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_engine.speech.text.characters import CLAUSE_MARKS, HANZI, LIST_MARKS
from tts_engine.speech.text.marks import MarkedText

SENTENCE_PAUSE = 0.45
SEMICOLON_PAUSE = 0.35
PARAGRAPH_PAUSE = 0.7
CUT_PAUSE = 0.25
LAST_PAUSE = 0.2
"""Silence in seconds after a full stop, a semicolon, a line break, a cut inside a long sentence, and the end."""

_CLOSERS = "”’」』）》〉】)\"'"
_STOP = re.compile(
    rf"(?:[。！？!?；;…]+|[.．](?= |$|\n|[{_CLOSERS}]+(?: |$|\n)|(?<=[{HANZI}][.．])(?=[{HANZI}])))[{_CLOSERS}]*|\n+"
)
_CLAUSE_ENDS = tuple(CLAUSE_MARKS + LIST_MARKS)
_SOUNDING = re.compile(f"[{HANZI}A-Za-z]")


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence before it is divided into words."""

    marked: MarkedText
    pause: float


def split(marked: MarkedText) -> list[Span]:
    """The sentences in order, none without a sound; punctuation alone joins the sentence beside it.

    The pause of the last is that of its own punctuation; 0 where it ends without.
    """
    spans: list[Span] = []
    before: tuple[tuple[int, str], ...] = ()  # bookmarks of punctuation at the start, of which nothing else is kept
    for piece, pause in _pieces(marked):
        if _SOUNDING.search(piece.text):
            spans.append(Span(replace(piece, bookmarks=before + piece.bookmarks) if before else piece, pause))
            before = ()
        elif spans:
            spans[-1] = Span(spans[-1].marked + piece, max(spans[-1].pause, pause))
        else:
            before += tuple((0, name) for _, name in piece.bookmarks)
    return spans


def _pieces(marked: MarkedText) -> Iterator[tuple[MarkedText, float]]:
    start = 0
    for match in _STOP.finditer(marked.text):
        yield marked.slice(start, match.end()).strip(), _pause(match.group())
        start = match.end()
    rest = marked.slice(start, len(marked.text) + 1).strip()  # with the bookmarks at the very end
    yield rest, CUT_PAUSE if rest.text.endswith(_CLAUSE_ENDS) else 0.0


def _pause(stop: str) -> float:
    if "\n" in stop:
        return PARAGRAPH_PAUSE
    return SEMICOLON_PAUSE if stop[0] in "；;" else SENTENCE_PAUSE
