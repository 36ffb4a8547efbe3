"""Readings of words and of single characters, from our own word list first and pypinyin's after it."""

import unicodedata
from functools import cache, lru_cache

from tts_engine.speech.text.data import data_lines
from tts_engine.speech.text.marks import pinyin_syllables

_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_INTERJECTIONS = {"n": "en", "ng": "en", "m": "en", "hm": "hen", "hng": "heng", "ê": "ei"}  # no voice has these
_LONGEST_PHRASE = 8


@cache
def _own_words() -> dict[str, tuple[str, ...]]:
    words = (line.split("\t") for line in data_lines("words.tsv"))
    return {word: tuple(pinyin.split()) for word, pinyin in words}


@cache
def _phrases() -> dict[str, list[list[str]]]:
    from pypinyin.phrases_dict import phrases_dict

    return phrases_dict


@cache
def _characters() -> dict[int, str]:
    from pypinyin.pinyin_dict import pinyin_dict

    return pinyin_dict


@cache
def _neutral_words() -> frozenset[str]:
    return frozenset(word for line in data_lines("neutral.txt") for word in line.split())


def ends_neutral(word: str) -> bool:
    """Whether its last syllable has lost its tone: 朋友, 好朋友."""
    return any(word[start:] in _neutral_words() for start in range(len(word) - 1))


def has_phrase(word: str) -> bool:
    return word in _own_words() or word in _phrases()


@lru_cache(maxsize=16384)
def phrase_reading(word: str) -> tuple[str, ...] | None:
    """One pinyin a character, or None if no dictionary has the word."""
    own = _own_words().get(word)
    if own:
        return own
    marked = _phrases().get(word)
    if not marked or len(marked) != len(word):
        return None
    return tuple(numbered(syllable[0]) for syllable in marked)


def phrases_inside(word: str) -> list[tuple[int, tuple[str, ...]]]:
    """Start and reading of the phrases in a word that is none itself, the longest first from the left."""
    found = []
    start = 0
    while start < len(word) - 1:
        for end in range(min(len(word), start + _LONGEST_PHRASE), start + 1, -1):
            reading = phrase_reading(word[start:end])
            if reading:
                found.append((start, reading))
                break
        else:
            end = start + 1
        start = end
    return found


@lru_cache(maxsize=16384)
def character_reading(char: str) -> str | None:
    """The commonest reading of a character alone; None if it has none."""
    readings = character_readings(char)
    return readings[0] if readings else None


@lru_cache(maxsize=16384)
def character_readings(char: str) -> tuple[str, ...]:
    """All readings of a character that dictionaries give, the commonest first; empty if it has none."""
    marked = _characters().get(ord(char))
    return tuple(dict.fromkeys(numbered(syllable) for syllable in marked.split(","))) if marked else ()


@lru_cache(maxsize=4096)
def numbered(syllable: str) -> str:
    """nǚ -> nv3, de -> de5."""
    tone = "5"
    plain = ""
    for char in unicodedata.normalize("NFD", syllable):
        if char in _TONES:
            tone = _TONES[char]
        elif char == "\u0308":  # the dots of ü
            plain = plain[:-1] + "v"
        elif char == "\u0302":
            plain += char
        else:
            plain += char
    plain = unicodedata.normalize("NFC", plain)
    plain = _INTERJECTIONS.get(plain, plain)
    return (plain if plain in pinyin_syllables() else "en") + tone
