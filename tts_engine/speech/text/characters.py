"""What a character is to the front end: a Hanzi, a Latin letter, a punctuation mark, or nothing.

`fold` is the gate every character passes: full-width letters become plain ones, accents fall off,
look-alikes become what they look like, and what cannot be read aloud (emoji, other scripts)
becomes nothing, so that it never reaches a voice.
"""

import re
import unicodedata
from functools import lru_cache

# Unified ideographs with extensions A to H, the compatibility block and 〇.
HANZI = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
is_hanzi = re.compile(f"[{HANZI}]").match
is_latin = re.compile("[A-Za-z]").match

SENTENCE_MARKS = "。！？!?；;…．"
CLAUSE_MARKS = "，,：:—"
LIST_MARKS = "、"
OPENING = "“‘「『（《〈【〔([{"
CLOSING = "”’」』）》〉】〕)]}\"'"
PUNCTUATION = SENTENCE_MARKS + CLAUSE_MARKS + LIST_MARKS + OPENING + CLOSING + ".·～-"

# Signs that later stages read aloud; any that is left over is dropped when the text is tidied.
_SIGNS = "0123456789+-*/\\=<>%@#$&^~_|`°℃℉‰¥€£₩×÷±≈≠≤≥√∞π–−~～′″"

# What stands for another character. Circled and Roman numerals and fractions say their value.
_FOLDED = {
    "￥": "¥", "﹩": "$", "＄": "$", "〜": "~", "∼": "~", "～": "~", "‐": "-", "‑": "-", "‒": "-", "−": "-", "―": "—",
    "﹣": "-", "－": "-", "║": " ", "｜": " ", "º": "°", "˚": "°", "㎡": "m²", "㎥": "m³", "№": "No.", "•": "·",
    "・": "·", "‧": "·", "｡": "。", "､": "、", "⋯": "…", "‥": "…", "％": "%", "〝": "“", "〞": "”", "〟": "”", "＂": '"',
    "μ": "μ", "µ": "μ", "²": "²", "³": "³", "\u2126": "Ω", "π": "π", "兒": "兒", "\u2044": "/", "∶": ":", "：": "：",
    "½": "2分之1", "⅓": "3分之1", "⅔": "3分之2", "¼": "4分之1", "¾": "4分之3", "⅛": "8分之1",
}  # fmt: skip
_FOLDED |= dict(zip("⁰¹⁴⁵⁶⁷⁸⁹⁻", ["^0", "^1", "^4", "^5", "^6", "^7", "^8", "^9", "^-"], strict=True))
_FOLDED |= {chr(0x2160 + i): str(i + 1) for i in range(12)}  # Ⅰ to Ⅻ
_FOLDED |= {chr(0x2460 + i): str(i + 1) for i in range(20)}  # ① to ⑳
_FOLDED |= {chr(0x2776 + i): str(i + 1) for i in range(10)}  # ❶ to ❿
_FOLDED |= dict(
    zip(
        "αβγδεθλσφω",
        ["阿尔法", "贝塔", "伽马", "德尔塔", "艾普西隆", "西塔", "兰姆达", "西格玛", "斐", "欧米伽"],
        strict=True,
    )
)

_KEPT = frozenset(PUNCTUATION + _SIGNS + "²³μΩ \t\n")


@lru_cache(maxsize=8192)
def fold(char: str) -> str:
    """What is read in place of one character; empty when it has no reading."""
    if char in _FOLDED:
        return _FOLDED[char]
    if char in _KEPT or is_hanzi(char) or is_latin(char):
        return char
    if char.isspace():
        return "\n" if char in "\r\u2028\u2029" else " "
    decomposed = unicodedata.normalize("NFKD", char)
    if decomposed == char:
        return ""
    return "".join(fold(c) for c in decomposed if not unicodedata.combining(c))
