"""Words that are to be said in another way than the front end would say them: a pronunciation dictionary.

An entry gives a word its pinyin, or what is said in its place. Entries are looked for in the text as
it was written, before anything is normalised: at each place, from the left, the longest word that
stands there, and on behind it. What is said in the place of a word is not looked at again. Writing
counts (`AI` is not `ai`), and a word that begins or ends with a Latin letter or a digit is not found
inside a longer run of such: AI not in MAIL, but GB in 8GB.

What the writer marked, 重(chong2)庆, wins: it keeps its reading under an entry of pinyin, and a word
with a mark in it is not replaced.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tts_engine.speech.errors import EntryError
from tts_engine.speech.text.characters import is_hanzi
from tts_engine.speech.text.marks import MarkedText, joined, parse_pinyin, read_marks

_SYLLABLE = re.compile(r"([A-Za-zü:Ü]{1,7})([1-5])")
_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f]")


class Kind(StrEnum):
    """What an entry says of its word."""

    PINYIN = "pinyin"
    REPLACEMENT = "replacement"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word and how it is said; `make_entry` makes one that is sound.

    `value` is, of PINYIN, a syllable with its tone for each Hanzi of the word, `chong2 qing4`; of
    REPLACEMENT, the text that is read in its place, in which pronunciation marks may stand.
    """

    word: str
    kind: Kind
    value: str


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

    def found_in(self, text: str) -> tuple[Entry, ...]:
        """The entries that occur, each once. A dictionary of these alone does to this text what the whole one does."""
        return tuple(dict.fromkeys(match.entry for match in self.matches(text)))

    def apply(self, marked: MarkedText) -> MarkedText:
        """The text as the dictionary has it said."""
        pieces: list[MarkedText] = []
        done = 0
        for match in self.matches(marked.text):
            written = marked.slice(match.start, match.end)
            pieces += [marked.slice(done, match.start), _said(match.entry, written)]
            done = match.end
        if not pieces:
            return marked
        return joined([*pieces, marked.slice(done, len(marked.text))])

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


def _said(entry: Entry, written: MarkedText) -> MarkedText:
    """What is said where the word stands, which may carry marks of the writer's."""
    if entry.kind is Kind.PINYIN:
        return MarkedText(written.text, {**_readings(entry), **written.readings})
    return written if written.readings else _replacement(entry.value)


def _readings(entry: Entry) -> dict[int, str]:
    hanzi = (position for position, char in enumerate(entry.word) if is_hanzi(char))
    return dict(zip(hanzi, entry.value.split(), strict=True))


@lru_cache(maxsize=1024)
def _replacement(value: str) -> MarkedText:
    return read_marks(value)
