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
def _rules() -> tuple[Mapping[str, list[_Rule]], Mapping[str, list[_Rule]]]:
    """The strong and the weak rules of each character, in their order."""
    strong: defaultdict[str, list[_Rule]] = defaultdict(list)
    weak: defaultdict[str, list[_Rule]] = defaultdict(list)
    for line in data_lines("polyphones.tsv"):
        char, pinyin, patterns = line.split("\t")
        rules = weak if pinyin.endswith(_WEAK) else strong
        for alternative in patterns.split():
            rules[char] += [(pattern, pinyin.removesuffix(_WEAK)) for pattern in _compiled(char, alternative)]
    return strong, weak


def _compiled(char: str, alternative: str) -> list[re.Pattern[str]]:
    """One pattern for each ~, capturing that one: 数一数 (~一~) holds two characters that the rule reads."""
    pieces = alternative.split("~")
    return [
        re.compile(char.join(pieces[:i]) + f"(?P<it>{char})" + char.join(pieces[i:])) for i in range(1, len(pieces))
    ]


def strong_readings(text: str) -> dict[int, str]:
    """The pinyin of each position for which a strong rule speaks; of two rules the first."""
    return _readings(_rules()[0], text)


def weak_readings(text: str) -> dict[int, str]:
    """The same of the weak rules."""
    return _readings(_rules()[1], text)


def _readings(rules: Mapping[str, list[_Rule]], text: str) -> dict[int, str]:
    readings: dict[int, str] = {}
    for char in rules.keys() & set(text):
        for pattern, pinyin in rules[char]:
            for match in pattern.finditer(text):
                readings.setdefault(match.start("it"), pinyin)
    return readings
