"""Written Mandarin to spoken Mandarin: what is left holds no digit and no sign, only what is said."""

import re
from functools import cache
from itertools import accumulate

from tts_engine.speech.text.characters import CLOSING, HANZI, OPENING, PUNCTUATION, fold
from tts_engine.speech.text.marks import MarkedText
from tts_engine.speech.text.written import Rule, addresses, codes, dates, measures, money, numbers

_SIGN_NAMES = {"%": "百分号", "@": "艾特", "&": "和", "=": "等于", "+": "加", "×": "乘", "÷": "除以", "°": "度", "℃": "摄氏度", "℉": "华氏度",
               "π": "派", "∞": "无穷大", "√": "根号", "Ω": "欧姆", "²": "平方", "³": "立方", "‰": "千分号", "μ": "微"}  # fmt: skip
_SIGN = re.compile("[" + re.escape("".join(_SIGN_NAMES)) + "]")
_LONE_SIGN = re.compile(r"(?<![A-Za-z0-9\u4e00-\u9fff])[%@&=+×÷°℃℉²³μ](?![A-Za-z0-9\u4e00-\u9fff])")
_SET_APART = re.compile(rf"(?<=[{HANZI}]) +(?=[\d¥$€£₩+-])|(?<=[\d%℃°]) +(?=[{HANZI}])")
"""The space that typesetters leave between Hanzi and digits (共 5 个) says nothing."""
_DROPPED = re.compile(f"[^{HANZI}A-Za-z\\s{re.escape(PUNCTUATION)}]")
_LINE_BREAK = re.compile(r" ?\n\s*")
_SPACES = re.compile(r"[ \t]+")
_IDLE_SPACE = re.compile(rf"(?<![A-Za-z{HANZI}]) +|(?<=[A-Za-z]) +(?![A-Za-z])|(?<=[{HANZI}]) +(?![{HANZI}])")
"""A space is kept between two words and between two Hanzi; nowhere else does it say anything."""
_EMPTY_BRACKETS = re.compile(f"[{re.escape(OPENING)}]\\s*[{re.escape(CLOSING)}]")
_REPEATED = re.compile(r"([，、：；,:;—·\-.])\1+")

_WRITTEN = re.compile(r"[\d@°℃℉%‰¥€£₩×÷=~～#_]|://|[A-Za-z]\.[A-Za-z]|\+\+|[\u4e00-\u9fff][-—][\u4e00-\u9fff]")
"""A text without any of these needs no rule."""


@cache
def _rules() -> tuple[Rule, ...]:
    """All rules in the order in which they are tried: names before dates, dates before amounts, counts last."""
    return (
        *addresses.RULES,
        *codes.RULES,
        *numbers.GROUPED,
        *dates.RULES,
        *money.RULES,
        *measures.RULES,
        measures.unit_rule(),
        *numbers.RULES,
    )


def normalise(marked: MarkedText) -> MarkedText:
    """The text as it is said, its pronunciation marks on their characters.

    What remains are Hanzi, Latin letters, punctuation, single spaces and line breaks; nothing else
    gets through, so a text of emoji only comes out empty.
    """
    text = _fold(marked)
    if _WRITTEN.search(text.text):
        text = text.rewrite(_SET_APART, lambda m: "")
        for pattern, replacement in _rules():
            text = text.rewrite(pattern, replacement)
    return _tidy(text)


def _fold(marked: MarkedText) -> MarkedText:
    folded = [fold(char) for char in marked.text]
    if not marked.readings and not marked.bookmarks:
        return MarkedText("".join(folded))
    starts = [0, *accumulate(map(len, folded))]
    readings = {starts[i]: pinyin for i, pinyin in marked.readings.items()}
    return MarkedText("".join(folded), readings, tuple((starts[i], name) for i, name in marked.bookmarks))


def _tidy(text: MarkedText) -> MarkedText:
    """Say the signs that stand in a context, drop the others, and set the spaces."""
    text = text.rewrite(_LONE_SIGN, lambda m: " ")
    text = text.rewrite(_SIGN, lambda m: _SIGN_NAMES[m.group()])
    text = text.rewrite(_DROPPED, lambda m: " ")
    text = text.rewrite(_EMPTY_BRACKETS, lambda m: "")
    text = text.rewrite(_REPEATED, lambda m: m[1])
    text = text.rewrite(_SPACES, lambda m: " ")  # first, so that no run of spaces is tried from each of its ends
    text = text.rewrite(_LINE_BREAK, lambda m: "\n")
    return text.rewrite(_IDLE_SPACE, lambda m: "")
