"""What a cell of a spreadsheet shows: its number in its number format (ECMA-376 part 1, 18.8.30 and 18.8.31).

Dates, decimals, thousands, percent and literal text are as Excel in China shows them; fractions and
exponents, which nobody reads aloud, are shown as plain numbers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

GENERAL = "General"
BUILT_IN: Mapping[int, str] = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"',
    30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 34: '上午/下午h"时"mm"分"',
    35: '上午/下午h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"', 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss", 48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"',
    52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'm"月"d"日"', 55: '上午/下午h"时"mm"分"',
    56: '上午/下午h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}  # fmt: skip

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]|[_*]."
    r"|(?P<noon>AM/PM|A/P|上午/下午)|(?P<date>y+|m+|d+|h+|s+|a{3,4})|(?P<number>[0#?][0#?,.]*|\.0+)|(?P<sign>.)",
    re.IGNORECASE | re.DOTALL,
)
# What the computer's own settings decide; in China they are these.
_OF_THE_SYSTEM = {"[$-F800]": 'yyyy"年"m"月"d"日"', "[$-F400]": "h:mm:ss"}
_WEEKDAYS = "一二三四五六日"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FOUR_DIGIT_SERIALS = 2_958_466  # the day after 9999-12-31


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # text, date, noon, elapsed, number
    value: str


def shown(number: str, number_format: str, *, from_1904: bool = False) -> str:
    """The cell's text. `number` is as the file has it; days are counted from 1900, or from 1904."""
    try:
        value = Decimal(number)
    except ArithmeticError:
        return number
    if not value.is_finite() or abs(value.adjusted()) > 300:
        return number
    sections = _sections(number_format)
    section = sections[_section_for(value, len(sections))]
    kinds = {token.kind for token in section}
    if kinds & {"date", "noon", "elapsed"}:
        return _date(value, section, from_1904)
    if "number" not in kinds:
        return plain(value)
    minus = "-" if value < 0 and len(sections) == 1 else ""
    return minus + "".join(_part(token, abs(value), section) for token in section)


def plain(value: Decimal) -> str:
    """A number without format: all digits of a long one, none that only binary fractions have."""
    rounded = Decimal(f"{value:.15g}") if value != value.to_integral_value() else value
    return f"{rounded.normalize():f}" if rounded else "0"


def _section_for(value: Decimal, count: int) -> int:
    """A format has a section for positive numbers, and may have one for negative ones and one for zero."""
    if value < 0 and count > 1:
        return 1
    return 2 if value == 0 and count > 2 else 0


@lru_cache(maxsize=256)
def _sections(number_format: str) -> tuple[tuple[_Token, ...], ...]:
    """Empty where the format is general, or is of a kind that is shown plainly."""
    number_format = _OF_THE_SYSTEM.get(number_format[:8], number_format)
    sections: list[list[_Token]] = [[]]
    for match in _TOKEN.finditer("" if _is_plain(number_format) else number_format):
        kind = match.lastgroup
        value = "" if kind is None else match[kind]
        if kind == "sign" and value == ";":
            sections.append([])
        elif kind in ("date", "noon", "elapsed", "number"):
            sections[-1].append(_Token(kind, value.lower() if kind != "number" else value))
        elif value:
            sections[-1].append(_Token("text", value))
    return tuple(tuple(section) for section in sections)


def _is_plain(number_format: str) -> bool:
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", number_format)
    return (
        bare.lower().startswith(("general", "g/")) or bare == "@" or bool(re.search(r"E[+-]|[0#?]\s*/\s*[0#?\d]", bare))
    )


def _part(token: _Token, value: Decimal, section: tuple[_Token, ...]) -> str:
    if token.kind != "number":
        return token.value
    percents = sum(each.value.count("%") for each in section if each.kind == "text")
    bare = token.value.rstrip(",")
    whole, _, fraction = bare.partition(".")
    scaled = value * 100**percents / 1000 ** (len(token.value) - len(bare))  # each comma at the end is thousands
    rounded = scaled.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    digits = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    before, _, after = digits.partition(".")
    after = after.rstrip("0") + "0" * (fraction.count("0") - len(after.rstrip("0"))) if after else ""
    return before.zfill(whole.count("0")) + (f".{after}" if after else "")


def _date(value: Decimal, section: tuple[_Token, ...], from_1904: bool) -> str:
    if not 0 <= value < _FOUR_DIGIT_SERIALS:
        return plain(value)
    moment = _moment(value, from_1904, fractions="number" in {token.kind for token in section})
    half_days = any(token.kind == "noon" for token in section)
    dates = [token.value[0] if token.kind in ("date", "elapsed") else "" for token in section]
    words = []
    for place, token in enumerate(section):
        if token.kind == "noon":
            words.append(_noon(token.value, moment))
        elif token.kind == "elapsed":
            words.append(_elapsed(token.value, value))
        elif token.kind == "date":
            minutes = token.value[0] == "m" and _beside_hours(dates, place)
            words.append(_field(token.value, moment, minutes=minutes, half_days=half_days))
        else:
            words.append(token.value if token.kind == "text" else "")
    return "".join(words)


def _moment(value: Decimal, from_1904: bool, *, fractions: bool) -> datetime:
    """Day 60 of 1900 is a 29 February that never was; the days before it are counted from a day later."""
    start = date(1904, 1, 1) if from_1904 else date(1899, 12, 31 if value < 60 else 30)
    seconds = (value * 86_400).quantize(Decimal("0.001") if fractions else Decimal(1), ROUND_HALF_UP)
    return datetime.combine(start, time()) + timedelta(seconds=float(seconds))


def _beside_hours(dates: list[str], place: int) -> bool:
    """`m` is minutes right after hours or right before seconds, else months."""
    before = next((each for each in reversed(dates[:place]) if each), "")
    after = next((each for each in dates[place + 1 :] if each), "")
    return before == "h" or after == "s"


def _noon(token: str, moment: datetime) -> str:
    first, second = token.upper().split("/")
    return first if moment.hour < 12 else second


def _elapsed(token: str, value: Decimal) -> str:
    seconds = int((value * 86_400).to_integral_value(ROUND_HALF_UP))
    unit = {"h": 3600, "m": 60, "s": 1}[token[0]]
    return str(seconds // unit).zfill(len(token))


def _field(code: str, moment: datetime, *, minutes: bool, half_days: bool) -> str:
    kind, size = code[0], len(code)
    if kind == "a" or (kind == "d" and size > 2):
        weekday = _WEEKDAYS[moment.weekday()]
        return weekday if code == "aaa" else f"星期{weekday}"
    if kind == "m" and not minutes and size > 2:
        return _MONTHS[moment.month - 1]
    if kind == "y":
        return f"{moment.year:04}" if size > 2 else f"{moment.year % 100:02}"
    hour = (moment.hour - 1) % 12 + 1 if half_days else moment.hour
    number = {"d": moment.day, "h": hour, "s": moment.second, "m": moment.minute if minutes else moment.month}[kind]
    return str(number).zfill(min(size, 2))
