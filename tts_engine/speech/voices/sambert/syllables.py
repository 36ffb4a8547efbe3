"""A syllable of Mandarin as the phones of the model, by the table `data/py2phoneMap.txt`.

The table (KAN-TTS, MIT) gives each of 661 syllables without its tone one or two phones; 250 of them
are erhua forms, huar -> h_c uar_c. They all follow one rule, the final takes an r, so only that rule is
used: it also reaches syllables the table forgot (cair, wangr). Three finals have no such form
(er, io, ueng); after them 儿 is a syllable of its own, as it is where it stands alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from tts_engine.speech.errors import UnknownUnit
from tts_engine.speech.text.types import Character

_ALONE = "er5"


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable, Mandarin or English, and the characters [first, end) of the sentence it speaks."""

    phones: tuple[str, ...]
    tone: int  # 1 to 4, 5 neutral; English: 1 stressed, 0 not
    first: int
    end: int


def mandarin(characters: Sequence[Character], first: int) -> list[Syllable]:
    """The syllables of a word whose first character is the sentence's character `first`.

    A 儿 that is erhua colours the syllable before it; characters without pinyin are silent.
    Raises UnknownUnit for a syllable that is not in the table.
    """
    syllables: list[Syllable] = []
    for at, character in enumerate(characters, first):
        if character.pinyin is None:
            continue
        coloured = _coloured(syllables[-1].phones) if character.erhua and syllables else None
        if coloured is not None:
            syllables[-1] = replace(syllables[-1], phones=coloured, end=at + 1)
        else:
            pinyin = _ALONE if character.erhua else character.pinyin
            syllables.append(Syllable(phones_of(pinyin[:-1]), int(pinyin[-1]), at, at + 1))
    return syllables


def phones_of(pinyin: str) -> tuple[str, ...]:
    """`quan` -> q_c van_c: the phones of a syllable without its tone. Raises UnknownUnit."""
    spelt = pinyin[0] + "v" + pinyin[2:] if pinyin[:2] in ("ju", "qu", "xu", "yu") else pinyin
    try:
        return table()[spelt]
    except KeyError:
        raise UnknownUnit([pinyin]) from None


@cache
def table() -> Mapping[str, tuple[str, ...]]:
    """Syllable to phones, as published: ü is v, also after j, q, x and y."""
    text = files(__package__).joinpath("data", "py2phoneMap.txt").read_text("utf-8")
    rows = (line.split() for line in text.splitlines())
    return {syllable: tuple(phones) for syllable, *phones in rows}


def _coloured(phones: tuple[str, ...]) -> tuple[str, ...] | None:
    """h_c ua_c -> h_c uar_c; None if the model has no such final."""
    final = phones[-1].removesuffix("_c") + "r_c"
    return (*phones[:-1], final) if final in _finals() else None


@cache
def _finals() -> frozenset[str]:
    return frozenset(phones[-1] for phones in table().values())
