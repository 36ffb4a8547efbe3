"""Rules for everyday characters that have several readings, from data/polyphones.tsv.

They speak where a dictionary of phrases is silent or wrong: 还 before a debt, 得 after a verb, 长
after a measure. A rule is a piece of text around the character, so it sees across words. A strong
rule overrules the dictionary; a weak one speaks for a character that stands in no phrase.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from tts_engine.speech.text.data import data_lines

_Rule = tuple[re.Pattern[str], str]
_WEAK = "?"


@cache
def _written(strong: bool) -> Mapping[str, list[tuple[str, str]]]:
    """Text and pinyin of each character's rules, in their order."""
    rules: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in data_lines("polyphones.tsv"):
        char, pinyin, patterns = line.split("\t")
        if strong is not pinyin.endswith(_WEAK):
            rules[char] += [(alternative, pinyin.removesuffix(_WEAK)) for alternative in patterns.split()]
    return rules


@cache
def _rules(strong: bool, char: str) -> list[_Rule]:
    """Compiled for the first text that has the character: all at once would keep every start waiting for half a second."""
    return [(pattern, pinyin) for text, pinyin in _written(strong)[char] for pattern in _patterns(char, text)]


def _patterns(char: str, alternative: str) -> list[re.Pattern[str]]:
    """One pattern for each ~, capturing that one: 数一数 (~一~) holds two characters that the rule reads."""
    pieces = alternative.split("~")
    return [
        re.compile(char.join(pieces[:i]) + f"(?P<it>{char})" + char.join(pieces[i:])) for i in range(1, len(pieces))
    ]


def strong_readings(text: str) -> dict[int, str]:
    """The pinyin of each position for which a strong rule speaks; of two rules the first."""
    return _readings(True, text)


def weak_readings(text: str) -> dict[int, str]:
    """The same of the weak rules."""
    return _readings(False, text)


def _readings(strong: bool, text: str) -> dict[int, str]:
    readings: dict[int, str] = {}
    for char in _written(strong).keys() & set(text):
        for pattern, pinyin in _rules(strong, char):
            for match in pattern.finditer(text):
                readings.setdefault(match.start("it"), pinyin)
    return readings
