"""Pronunciations given by hand, 重(chong2)庆, and the text that carries them from stage to stage."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from tts_engine.speech.text.characters import HANZI
from tts_engine.speech.text.data import data_lines

_MARK = re.compile(rf"(?<=[{HANZI}])[(（]([A-Za-zü:Ü]{{1,7}})([1-5])[)）]")


IPA = "/"  # stands around a reading that is no pinyin


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text, and the pinyin given by hand for the characters at some of its positions.

    At the first letter of a Latin word the reading is its sounds in IPA, between slashes.
    `bookmarks` are named moments: (position of the character before which one lies, its name), in order.
    """

    text: str
    readings: Mapping[int, str] = field(default_factory=dict)
    bookmarks: tuple[tuple[int, str], ...] = ()

    def slice(self, start: int, end: int) -> "MarkedText":
        """The text from `start` up to `end`; a bookmark at `end` is the next slice's."""
        readings = {i - start: pinyin for i, pinyin in self.readings.items() if start <= i < end}
        bookmarks = tuple((i - start, name) for i, name in self.bookmarks if start <= i < end)
        return MarkedText(self.text[start:end], readings, bookmarks)

    def strip(self) -> "MarkedText":
        """The text without white space at its ends; no bookmark is lost with it."""
        text = self.text.strip()
        left = len(self.text) - len(self.text.lstrip())
        readings = {i - left: pinyin for i, pinyin in self.readings.items()}
        bookmarks = tuple((min(max(i - left, 0), len(text)), name) for i, name in self.bookmarks)
        return MarkedText(text, readings, bookmarks)

    def __add__(self, other: "MarkedText") -> "MarkedText":
        return joined((self, other))

    def rewrite(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> "MarkedText":
        """The text with each match replaced, and every reading still on its character.

        A marked character inside a match keeps its reading if the replacement begins or ends like
        the match up to it; one that is rewritten loses it.
        """
        if not self.readings and not self.bookmarks:
            return MarkedText(pattern.sub(replacement, self.text))
        parts: list[str] = []
        origins: list[int] = []  # for each new character its old position, -1 if it has none
        done = 0
        for match in pattern.finditer(self.text):
            new = replacement(match)
            parts += [self.text[done : match.start()], new]
            origins += [*range(done, match.start()), *_origins(match.group(), new, match.start())]
            done = match.end()
        parts.append(self.text[done:])
        origins += range(done, len(self.text))
        moved = {new: self.readings[old] for new, old in enumerate(origins) if old in self.readings}
        return MarkedText("".join(parts), moved, tuple(_moved(self.bookmarks, origins)))


def joined(pieces: Iterable[MarkedText]) -> MarkedText:
    """One text after the other, every reading and bookmark still on its character."""
    texts: list[str] = []
    readings: dict[int, str] = {}
    bookmarks: list[tuple[int, str]] = []
    length = 0
    for piece in pieces:
        texts.append(piece.text)
        readings |= {i + length: pinyin for i, pinyin in piece.readings.items()}
        bookmarks += [(i + length, name) for i, name in piece.bookmarks]
        length += len(piece.text)
    return MarkedText("".join(texts), readings, tuple(bookmarks))


def _moved(bookmarks: Iterable[tuple[int, str]], origins: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Each before the first character that is left of those it stood before; what is rewritten begins anew."""
    at = 0
    for position, name in bookmarks:
        while at < len(origins) and origins[at] < position:
            at += 1
        yield at, name


def _origins(old: str, new: str, start: int) -> list[int]:
    limit = min(len(old), len(new))
    head = next((i for i in range(limit) if old[i] != new[i]), limit)
    tail = next((i for i in range(limit - head) if old[-1 - i] != new[-1 - i]), limit - head)
    kept_head = list(range(start, start + head))
    kept_tail = list(range(start + len(old) - tail, start + len(old)))
    return kept_head + [-1] * (len(new) - head - tail) + kept_tail


@cache
def pinyin_syllables() -> frozenset[str]:
    """Every syllable of Standard Mandarin without its tone; ü is v, `r` is the 儿 of erhua."""
    return frozenset(syllable for line in data_lines("syllables.txt") for syllable in line.split())


def parse_pinyin(syllable: str, tone: str) -> str | None:
    """`Lü`, `lu:` and `lv` with tone 4 are all `lv4`; None if no such syllable exists."""
    plain = syllable.lower().replace("u:", "v").replace("ü", "v")
    if plain[0] in "jqxy":
        plain = plain.replace("v", "u")
    return plain + tone if plain in pinyin_syllables() else None


def read_marks(text: str) -> MarkedText:
    """Take the pronunciations out of the text; brackets that hold none stay as they are."""
    parts: list[str] = []
    readings: dict[int, str] = {}
    length = done = 0
    for match in _MARK.finditer(text):
        pinyin = parse_pinyin(match[1], match[2])
        if pinyin is None:
            continue
        parts.append(text[done : match.start()])
        length += match.start() - done
        readings[length - 1] = pinyin
        done = match.end()
    parts.append(text[done:])
    return MarkedText("".join(parts), readings)


def plain_text(text: str) -> str:
    """The text without its pronunciation marks: what is shown, and what billing counts."""
    return read_marks(text).text
