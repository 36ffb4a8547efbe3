"""The tables of right answers for the text front end, and what it makes of them.

They lie beside the tests (tests/speech/text/*.tsv), which assert them; bench.frontend publishes the shares.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tts_engine.speech.text import read
from tts_engine.speech.text.marks import MarkedText
from tts_engine.speech.text.normalise import normalise
from tts_engine.speech.text.pronounce import lexical_readings
from tts_engine.speech.text.segment import segment
from tts_engine.speech.text.sentences import split

TABLES = Path(__file__).parents[1] / "tests/speech/text"
_ASKED = "*"
_ASKED_IN_CPP = "▁"


@dataclass(frozen=True, slots=True)
class Polyphone:
    """A sentence, the positions whose reading is asked, and the readings that are right for them."""

    sentence: str
    positions: tuple[int, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A text, what it is said as, and its pinyin (empty: not asked)."""

    text: str
    said: str
    pinyin: str

    def mistake(self) -> str | None:
        """What is wrong with its reading; None if nothing is."""
        reading = read(self.text)
        if reading.text != self.said:
            return f"{self.text}: {reading.text}, right is {self.said}"
        pinyin = " ".join(c.pinyin for c in reading.characters if c.pinyin)
        if self.pinyin and pinyin != self.pinyin:
            return f"{self.text}: {pinyin}, right is {self.pinyin}"
        return None


def _rows(table: str) -> Iterator[list[str]]:
    for line in (TABLES / table).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def polyphones(table: str) -> list[Polyphone]:
    """Rows of a sentence with * before each asked character, and its readings with / between."""
    return [_polyphone(sentence, right, _ASKED) for sentence, right in _rows(table)]


def _polyphone(marked: str, right: str, mark: str) -> Polyphone:
    pieces = marked.split(mark)
    positions = [len("".join(pieces[:i])) for i in range(1, len(pieces))]
    return Polyphone("".join(pieces), tuple(positions), tuple(right.split("/")))


def cpp(sentences: Path, labels: Path) -> list[Polyphone]:
    """The two gzipped files of one part of CPP (kakaobrain/g2pM), where ▁ stands on both sides of the character."""
    with gzip.open(sentences, "rt") as texts, gzip.open(labels, "rt") as answers:
        return [
            Polyphone(text.strip().replace(_ASKED_IN_CPP, ""), (text.index(_ASKED_IN_CPP),), (label,))
            for text, label in zip(texts, (line.strip().replace("u:", "v") for line in answers), strict=True)
        ]


def written(table: str) -> list[Written]:
    return [Written(text, said, pinyin) for text, said, pinyin in _rows(table)]


def lexical_reading(sentence: str, position: int) -> str | None:
    """The reading of one character before any change of tone; None if it is not spoken as written."""
    tracked = MarkedText(sentence, {position: ""})  # a mark stays on its character through the first stages
    for span in split(normalise(tracked)):
        for place in span.marked.readings:
            plain = MarkedText(span.marked.text)
            return lexical_readings(plain, segment(plain.text)).get(place)
    return None


def mistakes(cases: list[Polyphone]) -> list[str]:
    """The cases of which a character is read wrong, with what it is read as."""
    found = []
    for case in cases:
        got = [lexical_reading(case.sentence, position) for position in case.positions]
        if any(reading not in case.right for reading in got):
            where = "/".join(case.sentence[position] for position in case.positions)
            found.append(f"{case.sentence} ({where}): {got}, right is {' or '.join(case.right)}")
    return found
