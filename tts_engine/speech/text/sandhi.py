"""Tones that change by their neighbours: 一 and 不, which are always written as they are said, and the
third tone, which voices change only if their model does not do it by itself."""

import re
from collections.abc import Mapping, Sequence

from tts_engine.speech.text.types import Character, Word, WordKind

_NUMERALS = frozenset("零一二三四五六七八九十百千万亿两几幺〇点")
_ORDINAL_BEFORE = frozenset("第初十百千万亿零〇周期统唯惟单之专归逐")
_YI_ALONE = frozenset("月日号楼班级线等流环")  # what comes after a 一 that counts as a name, not a quantity
_POTENTIAL = re.compile(
    "[看听说想找买吃做办来去走跑拿放写学记认猜赶追比够受用靠弄搞睡站坐住装打抓赢开关分舍恨巴差对了过下上进出回起免少忍禁耐数]不"
    "[起了到见懂清出上下过住动完着得及开多定够来去进掉透成尽惯]"
)
_FALLING, _RISING, _FIRST, _NEUTRAL = "4", "2", "1", "5"


def change_tones(text: str, readings: Mapping[int, str], fixed: frozenset[int]) -> dict[int, str]:
    """The readings with 一 and 不 as they sound in this place; positions in `fixed` are left alone.

    不 is bu2 before a fourth tone, neutral between a verb and what it cannot
    reach (看不见, 对不起); 一 is yi2 before a fourth tone, yi4 before the others, yi1 in
    numbers, ordinals and at the end; between a repeated word (看一看, 好不好) both are neutral.
    """
    changed = dict(readings)
    for position in sorted(readings):
        if position in fixed:
            continue
        if text[position] == "不":
            changed[position] = "bu" + _bu_tone(text, readings, position)
        elif text[position] == "一":
            changed[position] = "yi" + _yi_tone(text, readings, position)
    return changed


def _between_repeats(text: str, position: int) -> bool:
    return 0 < position < len(text) - 1 and text[position - 1] == text[position + 1]


def _bu_tone(text: str, readings: Mapping[int, str], position: int) -> str:
    if _between_repeats(text, position) or (position and _POTENTIAL.match(text, position - 1)):
        return _NEUTRAL
    return _RISING if readings.get(position + 1, "").endswith(_FALLING) else _FALLING


def _yi_tone(text: str, readings: Mapping[int, str], position: int) -> str:
    before = text[position - 1] if position else ""
    after = text[position + 1 : position + 2]
    following = readings.get(position + 1, "")
    if before in _ORDINAL_BEFORE or not following or (after in _NUMERALS and after not in "百千万亿两几十"):
        return _FIRST
    if (before in _NUMERALS and before) or after == "十" or _names(text, position):
        return _FIRST
    if _between_repeats(text, position):
        return _NEUTRAL
    # 个 is neutral in speech but was a fourth tone, and 一 still answers to that.
    return _RISING if following.endswith(_FALLING) or after == "个" else _FALLING


def _names(text: str, position: int) -> bool:
    """一月, 一号楼, 统一 and 之一: the numeral as a name."""
    after = text[position + 1 : position + 2]
    return after in _YI_ALONE


def third_tone_sandhi(words: Sequence[Word]) -> list[tuple[Character, ...]]:
    """The characters of each word as said in a row of third tones: each before another becomes a second tone.

    Inside a word the change runs from left to right (你好 ni2 hao3, 展览馆 zhan2 lan2 guan3); between
    words only the last syllable before a following third tone changes, and no pause or Latin word is
    crossed. For voices whose model does not do it by itself.
    """
    flat = [character for word in words for character in word.characters]
    joined = [word.kind is WordKind.HANZI for word in words for _ in word.characters]
    said: list[Character] = []
    for index, character in enumerate(flat):
        following = flat[index + 1] if index + 1 < len(flat) and joined[index + 1] else None
        said.append(_raised(character, following))
    result = []
    start = 0
    for word in words:
        result.append(tuple(said[start : start + len(word.characters)]))
        start += len(word.characters)
    return result


def _raised(character: Character, following: Character | None) -> Character:
    if character.pinyin is None or following is None or following.pinyin is None:
        return character
    if character.pinyin.endswith("3") and following.pinyin.endswith("3"):
        return Character(character.char, character.pinyin[:-1] + _RISING, character.erhua)
    return character
