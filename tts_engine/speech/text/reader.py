"""All stages in a row: normalise, sentences, segment, pronounce, prosody; for each passage of a script."""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, chain, islice

from tts_engine.speech.errors import ControlCharacter, EmptyText, NothingToSay, ScriptError
from tts_engine.speech.text.alignment import align
from tts_engine.speech.text.marks import IPA
from tts_engine.speech.text.normalise import normalise
from tts_engine.speech.text.pronounce import pronounce
from tts_engine.speech.text.prosody import breathe, mark_breaks
from tts_engine.speech.text.script import Clip, Item, Mark, Passage, Pause, Said, Script, plain_script
from tts_engine.speech.text.segment import segment
from tts_engine.speech.text.sentences import LAST_PAUSE, Span, split
from tts_engine.speech.text.types import Reading, Sentence

_ALLOWED_CONTROLS = "\t\n\r"

ReadItem = Said | Pause | Mark | Clip


def read(text: str) -> Reading:
    """How a plain text is read aloud.

    Deterministic, and needs neither network nor model files of a voice. The first call loads the
    dictionaries (about a second); after it any number of threads may call at once.

    Raises ControlCharacter, EmptyText or NothingToSay, and nothing else.
    """
    return reading_of(read_script(plain_script(text)))


def reading_of(items: Iterable[ReadItem]) -> Reading:
    """All that is said, whoever says it."""
    return Reading(tuple(chain.from_iterable(item.sentences for item in items if isinstance(item, Said))))


def read_script(script: Script) -> list[ReadItem]:
    """The items in order, each passage as it is read aloud. Raises as `read` does, and ScriptError."""
    _refuse_controls(script.plain)
    if not script.plain.strip():
        raise EmptyText("The text is empty: send at least one character that can be read aloud.")
    spans = [split(normalise(item.text)) if isinstance(item, Passage) else [] for item in script.items]
    sentences = [list(chain.from_iterable(map(_sentences, own))) for own in spans]
    if not any(sentences):
        raise NothingToSay("Nothing in the text can be read aloud: it has neither Hanzi nor Latin letters nor digits.")
    origins = [origin for own in spans for span in own for origin in span.marked.origins]
    written = align(list(chain.from_iterable(sentences)), origins, script.plain)
    items = [
        _read_item(item, tuple(islice(written, len(own)))) for item, own in zip(script.items, sentences, strict=True)
    ]
    return _with_ends(list(chain.from_iterable(items)))


def _read_item(item: Item, sentences: tuple[Sentence, ...]) -> list[ReadItem]:
    """The item as it is read; where a passage has no sound nothing is left of it but its bookmarks."""
    if not isinstance(item, Passage):
        return [item]
    if not sentences:
        return [Mark(name) for _, name in item.text.bookmarks]
    return [Said(sentences, item.manner, _ipa(item, sentences), item.place)]


def _ipa(passage: Passage, sentences: Iterable[Sentence]) -> str:
    """All sounds that were given in IPA. Raises ScriptError where one was given to a part of what is said otherwise."""
    given = [reading.strip(IPA) for reading in passage.text.readings.values() if reading.startswith(IPA)]
    if given and given != [word.ipa for sentence in sentences for word in sentence.words if word.ipa]:
        raise ScriptError("IPA cannot be given to a part of a number, a unit or an address.", passage.place)
    return "".join(given)


def _with_ends(items: Sequence[ReadItem]) -> list[ReadItem]:
    """A pause that is asked for stands in place of the text's own; the end of all has one of its own."""
    pause: float | None = LAST_PAUSE  # after the sentence that is looked for; None is as the text says
    ended: list[ReadItem] = []
    for item in reversed(items):
        if isinstance(item, Said) and pause is not None:
            item = item.ending(pause)
        if not isinstance(item, Mark):
            pause = 0.0 if isinstance(item, Pause) else None
        ended.append(item)
    return ended[::-1]


def _sentences(span: Span) -> list[Sentence]:
    tokens = segment(span.marked.text)
    sentences = breathe(mark_breaks(pronounce(span.marked, tokens)), span.pause)
    return _bookmarked(sentences, span.marked.bookmarks) if span.marked.bookmarks else sentences


def _bookmarked(sentences: Sequence[Sentence], bookmarks: Sequence[tuple[int, str]]) -> list[Sentence]:
    """Each bookmark with the sentence of the character it stands before; at the end of all, with the last."""
    starts = [0, *accumulate(len(sentence.text) for sentence in sentences)]
    own: list[list[tuple[int, str]]] = [[] for _ in sentences]
    for position, name in bookmarks:
        index = min(bisect_right(starts, position), len(sentences)) - 1
        own[index].append((position - starts[index], name))
    return [replace(one, bookmarks=tuple(marks)) for one, marks in zip(sentences, own, strict=True)]


def _refuse_controls(text: str) -> None:
    for position, char in enumerate(text):
        if char not in _ALLOWED_CONTROLS and unicodedata.category(char) in ("Cc", "Cs"):
            raise ControlCharacter(
                f"Character {position + 1} of the text is U+{ord(char):04X}, a control character: remove it."
            )
