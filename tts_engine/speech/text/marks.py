"""Pronunciations given by hand, 重(chong2)庆, and the text that carries them from stage to stage."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from tts_engine.speech.text.characters import HANZI
from tts_engine.speech.text.data import data_lines

_MARK = re.compile(rf"(?<=[{HANZI}])[(（]([A-Za-zü:Ü]{{1,7}})([1-5])[)）]")


Origin = tuple[int, int]
"""The stretch [start, end) of the written text that a character of the reading stands for; empty if it was put in."""

IPA = "/"  # stands around a reading that is no pinyin


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text, the pinyin given by hand for some of its characters, and where each character comes from.

    At the first letter of a Latin word the reading is its sounds in IPA, between slashes.
    `bookmarks` are named moments: (position of the character before which one lies, its name), in order.
    Origins never go back. A text that is made without any is the written one.
    """

    text: str
    readings: Mapping[int, str] = field(default_factory=dict)
    bookmarks: tuple[tuple[int, str], ...] = ()
    origins: Sequence[Origin] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.origins:
            object.__setattr__(self, "origins", [(i, i + 1) for i in range(len(self.text))])

    def slice(self, start: int, end: int) -> "MarkedText":
        """The text from `start` up to `end`; a bookmark at `end` is the next slice's."""
        readings = {i - start: pinyin for i, pinyin in self.readings.items() if start <= i < end}
        bookmarks = tuple((i - start, name) for i, name in self.bookmarks if start <= i < end)
        return MarkedText(self.text[start:end], readings, bookmarks, self.origins[start:end])

    def strip(self) -> "MarkedText":
        """The text without white space at its ends; no bookmark is lost with it."""
        text = self.text.strip()
        left = len(self.text) - len(self.text.lstrip())
        readings = {i - left: pinyin for i, pinyin in self.readings.items()}
        bookmarks = tuple((min(max(i - left, 0), len(text)), name) for i, name in self.bookmarks)
        return MarkedText(text, readings, bookmarks, self.origins[left : left + len(text)])

    def __add__(self, other: "MarkedText") -> "MarkedText":
        return joined((self, other))

    def standing_for(self, written: str, place: int) -> "MarkedText":
        """The same as what is said for a text that was written at this place of a longer one."""
        head, tail = _common(written, self.text)
        rest = len(self.text) - head - tail
        first, last = place + head, place + len(written) - tail
        origins = [(place + i, place + i + 1) for i in range(head)]
        origins += [(first, last)] * rest + [(last + i, last + i + 1) for i in range(tail)]
        return replace(self, origins=origins)

    def instead_of(self, other: "MarkedText") -> "MarkedText":
        """The same as what is said for all of another text, which is not empty."""
        return replace(self, origins=[other._origin(0, len(other.text))] * len(self.text))

    def rewrite(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> "MarkedText":
        """The text with each match replaced, every reading still on its character, and origins kept.

        A character inside a match keeps its reading and its origin if the replacement begins or ends
        like the match up to it. The others come from all that they stand for, and lose their readings;
        a bookmark among them comes before them.
        """
        parts: list[str] = []
        origins: list[Origin] = []
        readings: dict[int, str] = {}
        bookmarks: list[tuple[int, str]] = []
        left = deque(self.bookmarks)
        done = length = 0

        def keep(end: int) -> None:
            nonlocal done, length
            parts.append(self.text[done:end])
            origins.extend(self.origins[done:end])
            if self.readings:
                readings.update({i - done + length: self.readings[i] for i in range(done, end) if i in self.readings})
            while left and left[0][0] < end:
                position, name = left.popleft()
                bookmarks.append((position - done + length, name))
            length += end - done
            done = end

        for match in pattern.finditer(self.text):
            new = replacement(match)
            head, tail = _common(match.group(), new)
            keep(match.start() + head)
            done = match.end() - tail
            while left and left[0][0] < done:
                bookmarks.append((length, left.popleft()[1]))
            said = new[head : len(new) - tail]
            parts.append(said)
            origins += [self._origin(match.start() + head, done)] * len(said)
            length += len(said)
        if not parts:
            return self
        keep(len(self.text))
        bookmarks += [(length, name) for _, name in left]
        return MarkedText("".join(parts), readings, tuple(bookmarks), origins)

    def _origin(self, start: int, end: int) -> Origin:
        if start < end:
            return self.origins[start][0], self.origins[end - 1][1]
        place = self.origins[start - 1][1] if start else 0
        return place, place


def joined(pieces: Iterable[MarkedText]) -> MarkedText:
    """One text after the other, every reading and bookmark still on its character, and origins kept."""
    texts: list[str] = []
    readings: dict[int, str] = {}
    bookmarks: list[tuple[int, str]] = []
    origins: list[Origin] = []
    length = 0
    for piece in pieces:
        texts.append(piece.text)
        readings |= {i + length: pinyin for i, pinyin in piece.readings.items()}
        bookmarks += [(i + length, name) for i, name in piece.bookmarks]
        origins += piece.origins
        length += len(piece.text)
    return MarkedText("".join(texts), readings, tuple(bookmarks), origins)


def _common(old: str, new: str) -> tuple[int, int]:
    """How many characters two texts have in common at their beginning, and after those at their end."""
    limit = min(len(old), len(new))
    head = next((i for i in range(limit) if old[i] != new[i]), limit)
    tail = next((i for i in range(limit - head) if old[-1 - i] != new[-1 - i]), limit - head)
    return head, tail


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
