"""Cut a text where a sentence ends. Numbers and addresses are spelt out by now: a stop is a stop."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tts_engine.speech.text.characters import HANZI
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
_SOUNDING = re.compile(f"[{HANZI}A-Za-z]")


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence before it is divided into words."""

    marked: MarkedText
    pause: float


def split(marked: MarkedText) -> list[Span]:
    """The sentences in order, none without a sound; punctuation alone joins the sentence before it."""
    spans: list[Span] = []
    for piece, pause in _pieces(marked):
        if _SOUNDING.search(piece.text):
            spans.append(Span(piece, pause))
        elif spans:
            spans[-1] = _joined(spans[-1], piece, pause)
    if spans:
        spans[-1] = Span(spans[-1].marked, LAST_PAUSE)
    return spans


def _pieces(marked: MarkedText) -> Iterator[tuple[MarkedText, float]]:
    start = 0
    for match in _STOP.finditer(marked.text):
        yield _trimmed(marked, start, match.end()), _pause(match.group())
        start = match.end()
    yield _trimmed(marked, start, len(marked.text)), LAST_PAUSE


def _trimmed(marked: MarkedText, start: int, end: int) -> MarkedText:
    text = marked.text[start:end]
    left = len(text) - len(text.lstrip())
    return marked.slice(start + left, start + left + len(text.strip()))


def _joined(span: Span, tail: MarkedText, pause: float) -> Span:
    return Span(span.marked + tail, max(span.pause, pause))


def _pause(stop: str) -> float:
    if "\n" in stop:
        return PARAGRAPH_PAUSE
    return SEMICOLON_PAUSE if stop[0] in "；;" else SENTENCE_PAUSE
