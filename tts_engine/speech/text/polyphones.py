"""Rules for everyday characters that have several readings, from data/polyphones.tsv.

They speak where a dictionary of phrases is silent or wrong: 还 before a debt, 得 after a verb, 长
after a measure. A rule is a piece of text around the character, so it sees across words.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from tts_engine.speech.text.data import data_lines

_Rule = tuple[re.Pattern[str], str]
_ALONE = "~"


@cache
def _rules() -> dict[str, tuple[_Rule, ...]]:
    rules: defaultdict[str, list[_Rule]] = defaultdict(list)
    for char, pinyin, patterns in _rows():
        if patterns != _ALONE:
            compiled = [pattern for alternative in patterns.split() for pattern in _compiled(char, alternative)]
            rules[char] += [(pattern, pinyin) for pattern in compiled]
    return {char: tuple(listed) for char, listed in rules.items()}


@cache
def _usual() -> dict[str, str]:
    return {char: pinyin for char, pinyin, patterns in _rows() if patterns == _ALONE}


def _rows() -> Iterator[tuple[str, str, str]]:
    for line in data_lines("polyphones.tsv"):
        char, pinyin, patterns = line.split("\t")
        yield char, pinyin, patterns.strip()


def _compiled(char: str, alternative: str) -> list[re.Pattern[str]]:
    """One pattern for each ~, capturing that one: 数一数 (~一~) holds two characters that the rule reads."""
    pieces = alternative.split("~")
    return [
        re.compile(char.join(pieces[:i]) + f"(?P<it>{char})" + char.join(pieces[i:])) for i in range(1, len(pieces))
    ]


def rule_readings(text: str) -> dict[int, str]:
    """The pinyin of each position of the text for which a rule speaks; of two rules the first."""
    readings: dict[int, str] = {}
    for char in _rules().keys() & set(text):
        for pattern, pinyin in _rules()[char]:
            for match in pattern.finditer(text):
                readings.setdefault(match.start("it"), pinyin)
    return readings


def usual_reading(char: str) -> str | None:
    """The reading of an everyday character that no rule and no phrase decides (a row of ~ alone)."""
    return _usual().get(char)
