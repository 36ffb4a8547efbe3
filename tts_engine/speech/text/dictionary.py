"""Words that are to be said in another way than the front end would say them: a pronunciation dictionary.

An entry gives a word its pinyin, what is said in its place, or SSML. Entries are looked for in the text
as it was written, before anything is normalised: at each place, from the left, the longest word that
stands there, and on behind it. What is said in the place of a word is not looked at again. Writing
counts (`AI` is not `ai`), and a word that begins or ends with a Latin letter or a digit is not found
inside a longer run of such: AI not in MAIL, but GB in 8GB.

What the writer marked, 重(chong2)庆 or by SSML's phoneme, wins: it keeps its reading under an entry of
pinyin, and a word with a mark in it is not replaced.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import chain, groupby

from tts_engine.speech.errors import EntryError, ScriptError
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.characters import is_hanzi
from tts_engine.speech.text.marks import IPA, MarkedText, joined, parse_pinyin, read_marks
from tts_engine.speech.text.script import Item, Manner, Passage, Pause, Script
from tts_engine.speech.text.ssml import read_ssml

_SYLLABLE = re.compile(r"([A-Za-zü:Ü]{1,7})([1-5])")
_SPEAK = re.compile(r"<speak[\s>]")
_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f]")


class Kind(StrEnum):
    """What an entry says of its word."""

    PINYIN = "pinyin"
    REPLACEMENT = "replacement"
    SSML = "ssml"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word and how it is said; `make_entry` makes one that is sound.

    `value` is, of PINYIN, a syllable with its tone for each Hanzi of the word, `chong2 qing4`; of
    REPLACEMENT, the text that is read in its place, in which pronunciation marks may stand; of SSML, a
    `<speak>` of text, phoneme with pinyin, sub, say-as and break.
    """

    word: str
    kind: Kind
    value: str

    @property
    def noted(self) -> tuple[str, str, str]:
        """As plain strings, for storage."""
        return self.word, self.kind.value, self.value


@dataclass(frozen=True, slots=True)
class Match:
    """An entry, and where its word stands in a text."""

    start: int
    end: int
    entry: Entry


def make_entry(word: str, kind: Kind, value: str) -> Entry:
    """A sound entry: white space around word and value taken off, pinyin in its one form. Raises EntryError."""
    word, value = word.strip(), value.strip()
    for param, given in (("word", word), (kind.value, value)):
        if not given:
            raise EntryError("{param} is empty: write something there.", param=param, reason="empty")
        _refuse_controls(given, param)
    if kind is Kind.PINYIN:
        value = " ".join(_syllables(word, value))
    if kind is Kind.SSML:
        value = value if _SPEAK.match(value) else f"<speak>{value}</speak>"
        _fragment(value)
    return Entry(word, kind, value)


def _refuse_controls(given: str, param: str) -> None:
    for char in given:
        if unicodedata.category(char) in ("Cc", "Cs"):
            message = "{param} holds U+{char}, a control character or line break: remove it."
            raise EntryError(message, param=param, reason="control_character", char=f"{ord(char):04X}")


def _syllables(word: str, value: str) -> list[str]:
    """`chóng qìng`, `Chong2 qing4` and `chong2qing4` are all chong2, qing4."""
    hanzi = sum(1 for char in word if is_hanzi(char))
    if not hanzi:
        message = "{word} holds no Chinese character, and only such have pinyin: give a replacement instead."
        raise EntryError(message, param="pinyin", reason="no_hanzi", word=word)
    spaced = _SYLLABLE.sub(lambda found: f"{found[1]}{found[2]} ", value)
    syllables = [_syllable(written) for written in spaced.replace("'", " ").split()]
    if len(syllables) != hanzi:
        message = "{word} has {hanzi} Chinese characters and the pinyin {syllables} syllables: give one for each."
        raise EntryError(
            message, param="pinyin", reason="syllable_count", word=word, hanzi=hanzi, syllables=len(syllables)
        )
    return syllables


def _syllable(written: str) -> str:
    """One syllable with its tone as a digit. Raises EntryError."""
    plain, tone = written, ""
    if found := _SYLLABLE.fullmatch(written):
        plain, tone = found[1], found[2]
    else:
        apart = unicodedata.normalize("NFD", written)
        tone = "".join(_TONES.get(char, "") for char in apart)
        plain = unicodedata.normalize("NFC", "".join(char for char in apart if char not in _TONES))
    syllable = parse_pinyin(plain, tone) if plain and len(tone) == 1 else None
    if syllable is None:
        message = "'{syllable}' is no syllable of pinyin with its tone: write hao3 or hǎo, and 5 for the neutral tone."
        raise EntryError(message, param="pinyin", reason="no_syllable", syllable=written)
    return syllable


class Dictionary:
    """Entries, ready to be looked for. Making one takes time with their number, looking does not."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {entry.word: entry for entry in entries}
        lengths: dict[str, set[int]] = {}
        for word in self._entries:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self._first = re.compile(f"[{re.escape(''.join(lengths))}]" if lengths else "(?!)")

    def __bool__(self) -> bool:
        return bool(self._entries)

    def matches(self, text: str) -> Iterator[Match]:
        """Where words of the dictionary stand in a text without marks: from the left, the longest, none in another."""
        at = 0
        while first := self._first.search(text, at):
            match = self._match(text, first.start())
            if match:
                yield match
            at = match.end if match else first.end()

    def found_in(self, script: Script) -> tuple[Entry, ...]:
        """The entries that occur, each once. A dictionary of these alone does to this script what the whole one does."""
        passages = (item.text.text for item in script.items if isinstance(item, Passage))
        return tuple(dict.fromkeys(match.entry for match in chain.from_iterable(map(self.matches, passages))))

    def apply(self, script: Script) -> Script:
        """The script as the dictionary has it said; what was written stays."""
        items = (self._said(item) if isinstance(item, Passage) else (item,) for item in script.items)
        return replace(script, items=tuple(chain.from_iterable(items)))

    def _said(self, passage: Passage) -> Iterator[Item]:
        """The passage, in parts where a pause is put into it."""
        for silent, pieces in groupby(self._pieces(passage.text), key=lambda piece: isinstance(piece, Pause)):
            if silent:
                yield from (piece for piece in pieces if isinstance(piece, Pause))
            else:
                yield replace(passage, text=joined(piece for piece in pieces if isinstance(piece, MarkedText)))

    def _pieces(self, marked: MarkedText) -> Iterator[MarkedText | Pause]:
        done = 0
        for match in self.matches(marked.text):
            yield marked.slice(done, match.start)
            yield from _said(match.entry, marked.slice(match.start, match.end))
            done = match.end
        yield marked.slice(done, len(marked.text) + 1)  # with the bookmarks at its end

    def _match(self, text: str, start: int) -> Match | None:
        for length in self._lengths[text[start]]:
            word = text[start : start + length]  # a shorter one where the text ends
            entry = self._entries.get(word)
            if entry and not _inside_a_run(text, start, start + len(word)):
                return Match(start, start + len(word), entry)
        return None


NO_ENTRIES = Dictionary()


def _inside_a_run(text: str, start: int, end: int) -> bool:
    """Whether letters go on beyond a letter, or digits beyond a digit, at either end."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return any(
        (_LETTER.match(inner) and _LETTER.match(outer)) or (inner.isdecimal() and outer.isdecimal())
        for inner, outer in ((text[start], before), (text[end - 1], after))
    )


def _said(entry: Entry, written: MarkedText) -> Iterable[MarkedText | Pause]:
    """What is said where the word stands, which may carry marks of the writer's."""
    if entry.kind is Kind.PINYIN:
        return [replace(written, readings={**_readings(entry), **written.readings})]
    if written.readings:
        return [written]
    bookmarks = MarkedText("", bookmarks=tuple((0, name) for _, name in written.bookmarks))
    said = _fragment(entry.value) if entry.kind is Kind.SSML else [_replacement(entry.value)]
    return [bookmarks, *(piece.instead_of(written) if isinstance(piece, MarkedText) else piece for piece in said)]


def _readings(entry: Entry) -> dict[int, str]:
    hanzi = (position for position, char in enumerate(entry.word) if is_hanzi(char))
    return dict(zip(hanzi, entry.value.split(), strict=True))


@lru_cache(maxsize=1024)
def _replacement(value: str) -> MarkedText:
    return read_marks(value)


@lru_cache(maxsize=1024)
def _fragment(value: str) -> tuple[MarkedText | Pause, ...]:
    """The pieces of an SSML text that only says something. Raises EntryError."""
    try:
        items = read_ssml(value, {}, Limits()).items
    except ScriptError as error:
        message = "The SSML cannot be read: {problem}"
        raise EntryError(message, param="ssml", reason="ssml", problem=str(error)) from error
    pieces = tuple(piece for item in items if (piece := _piece(item)))
    if len(pieces) < len(items) or not any(isinstance(piece, MarkedText) for piece in pieces):
        message = (
            "The SSML of an entry holds what is said, and no elements but phoneme with pinyin, sub, say-as and break."
        )
        raise EntryError(message, param="ssml", reason="ssml_elements")
    return pieces


def _piece(item: Item) -> MarkedText | Pause | None:
    """Nothing of what would change the voice or the manner, is no speech, or not every voice can say (IPA)."""
    if isinstance(item, Passage):
        plain = item.manner == Manner() and not item.text.bookmarks
        return item.text if plain and not any(map(_is_ipa, item.text.readings.values())) else None
    return item if isinstance(item, Pause) else None


def _is_ipa(reading: str) -> bool:
    return reading.startswith(IPA)
