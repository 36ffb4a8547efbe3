"""Dates and times of day."""

import re

from tts_engine.speech.text.numerals import cardinal, digits
from tts_engine.speech.text.written import NUMBER_START, RANGE, Rule

_MONTH = r"(?:0?[1-9]|1[0-2])"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:1\d|20)\d\d"
_END = r"(?![\d.])"
_YMD = re.compile(rf"(?<![\d.-])({_YEAR})([-/.·])({_MONTH})\2({_DAY})(?![\d])")
_DMY = re.compile(rf"(?<![\d.-])(0[1-9]|1[0-2])([-/.])(0[1-9]|[12]\d|3[01])\2({_YEAR})(?![\d.])")
_SHORT_YMD = re.compile(rf"(?<![\dA-Za-z./])(?<![A-Za-z] )(?<!版本)(?<!本号)(\d\d)([./])({_MONTH})\2({_DAY})(?![\d./])")
_YM = re.compile(rf"(?<![\d.-])({_YEAR})[-/.](0[1-9]|1[0-2])(?![\d./-])")
_MD = re.compile(
    r"(?<![\d./-])(?:(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])|(0[1-9])-([0-3]\d)|(1[0-2])-(0[1-9]))(?![\d./-]| ?[\u4e00-\u9fff]?[%℃°])"
)
_COMPACT = re.compile(
    r"(?<![\d.])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?![\d.]|[元块人个万亿多次名件只])"
)
_OF_DAY = re.compile(r"(?<=[日号])T(?=\d\d?:\d\d)")
_ZONE = re.compile(r"(?<=\d:\d\d)Z\b")
_FEAST = re.compile(
    r"(?<![\d./])(\d{1,2})[./·](\d{1,2})(?=劳动节|妇女节|儿童节|青年节|国庆|黄金周|事件|事变|大促|购物节|电商节|大地震|地震|晚会|运动(?!会))"
)
_ERA = re.compile(rf"{NUMBER_START}(\d{{1,4}}) ?(a\.?d\.?|b\.?c\.?)(?![A-Za-z.])", re.I)

_HOUR = r"(?:[01]?\d|2[0-4])"
_TIME = rf"({_HOUR})[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?: ?([aApP])\.?[mM]\b\.?)?"
_CLOCK = re.compile(rf"(?<![\d.])(?<!\d[:：]){_TIME}(?![\d:：]|\.\d)")
_HALF_DAY = re.compile(rf"(?<![\d:：.])({_HOUR}) ?([aApP])\.?[mM]\b\.?")
_CLOCK_RANGE = re.compile(rf"(?<=[点分秒]){RANGE}(?=(?:上午|下午)?\d)")
_SCORE = re.compile(
    r"(?:比分|比例|比值|配比|战胜|击败|战平|领先|获胜|险胜|大胜|完胜|负于|不敌|惜败|落后|[以赢输胜负])[^\d，。；,;]{0,6}$"
)
_SCORE_WINDOW = 12

_YEAR_RANGE = re.compile(rf"{NUMBER_START}(\d{{4}}){RANGE}(\d{{4}}|\d\d)(?=年)")
_SEASON = re.compile(r"(?<![\d./-])((?:19|20)\d\d)[/-](\d\d)(?=赛季|学年|财年|年度)")
_YEAR_SPAN = re.compile(rf"{NUMBER_START}((?:19|20)\d\d){RANGE}((?:19|20)\d\d)(?![\d.]|[元块人个万亿多次名件只米克])")
_OLD_YEAR = re.compile(r"(公元前?|纪元前?)(\d{1,4})(?=年)")
_LONG_AGO = re.compile(rf"{NUMBER_START}\d[05]00(?=多?年(?:的?历史|的?文明|来|以来|以上|前|间|之久|时间))")
_FOUR_DIGIT_YEAR = re.compile(rf"{NUMBER_START}[12]\d{{3}}(?=年(?!级))")
_THREE_DIGIT_YEAR = re.compile(r"(?<=[于在自至从到])\d{3}(?=年(?!级|[前后以来]|时间))")
_TWO_DIGIT_YEAR = re.compile(
    rf"{NUMBER_START}(?:0\d(?=年)|\d\d(?=年(?:0?\d|1[0-2])月)|[4-9]\d(?=年(?:初|底|末|的?春|的?夏|的?秋|的?冬|生|出生|级|款|版|毕业|入学|参加)))"
)
_DECADE = re.compile(rf"{NUMBER_START}((?:1[89]|20)\d0)s(?![A-Za-z])")
_GENERATION = re.compile(rf"{NUMBER_START}[0156789][05](?=(?:[、和及] ?[0156789][05])*后(?!\d|来|面))")
_YEARS_WITHOUT_SIGN = re.compile(rf"{NUMBER_START}((?:19|20)\d\d)(?=届|级(?!别)|财年|学年|赛季|奥运|世界杯|世博)")
_LEADING_ZERO = re.compile(rf"{NUMBER_START}0(\d)(?=月|日|号|点|时(?!代))")
_NO_SECONDS = re.compile(r"(?<![\d.])00(?=秒|分(?!之))")
_SPACE_AFTER_DAY = re.compile(r"(?<=[年月日号午晨晚]) +(?=\d)")
_DAY_RANGE = re.compile(r"(?<=[年月日号]) ?[-~–—]{1,2} ?(?=\d|[零一二])")
_TWO_O_CLOCK = re.compile(rf"{NUMBER_START}2(?=点(?!\d*%)|点钟)")


def _day(month: str, day: str) -> str:
    return f"{int(month)}月{int(day)}日"


def _full(match: re.Match[str]) -> str:
    return f"{digits(match[1])}年{_day(match[3], match[4])}"


def _feast(match: re.Match[str]) -> str:
    """5.1劳动节 -> 五一, 9.18事变 -> 九一八; 10.1 is 十一."""
    month, day = match.groups()
    return cardinal("11") if (month, day) == ("10", "1") else digits(month + day)


def _month_and_day(match: re.Match[str]) -> str:
    month, day = (part for part in match.groups() if part)
    return _day(month, day)


def _era(match: re.Match[str]) -> str:
    return ("公元" if match[2][0] in "aA" else "公元前") + digits(match[1]) + "年"


def _clock(match: re.Match[str]) -> str:
    """8:30 -> 8点30分, 03:04pm -> 下午3点零4分. After 比分 and the like 21:15 is a score: no clock."""
    hour, minute, second, half = match.groups()
    before = match.string[max(0, match.start() - _SCORE_WINDOW) : match.start()]
    if half is None and second is None and _SCORE.search(before):
        return match.group()
    said = f"{int(hour)}点"
    if minute != "00" or second:
        said += _small(minute) + "分"
    if second:
        said += _small(second) + "秒"
    return _half(half) + said


def _small(two_digits: str) -> str:
    value = int(two_digits)
    return cardinal(str(value)) if value >= 10 or value == 0 else "零" + cardinal(str(value))


def _half(letter: str | None) -> str:
    return {"a": "上午", "p": "下午"}[letter.lower()] if letter else ""


def _year_range(match: re.Match[str]) -> str:
    return f"{digits(match[1])}到{digits(match[2])}"


def _spelt(match: re.Match[str]) -> str:
    return digits(match.group())


RULES: tuple[Rule, ...] = (
    (_COMPACT, _spelt),
    (_FEAST, _feast),
    (_ZONE, lambda m: ""),
    (_YMD, _full),
    (_DMY, lambda m: f"{digits(m[4])}年{_day(m[1], m[3])}"),
    (_YM, lambda m: f"{digits(m[1])}年{int(m[2])}月"),
    (_SHORT_YMD, _full),
    (_MD, _month_and_day),
    (_OF_DAY, lambda m: ""),
    (_ERA, _era),
    (_CLOCK, _clock),
    (_HALF_DAY, lambda m: f"{_half(m[2])}{int(m[1])}点"),
    (_CLOCK_RANGE, lambda m: "到"),
    (_YEAR_RANGE, _year_range),
    (_SEASON, lambda m: f"{digits(m[1])}到{digits(m[2])}"),
    (_YEAR_SPAN, _year_range),
    (_OLD_YEAR, lambda m: m[1] + digits(m[2])),
    (_LONG_AGO, lambda m: cardinal(m.group())),
    (_FOUR_DIGIT_YEAR, _spelt),
    (_THREE_DIGIT_YEAR, _spelt),
    (_TWO_DIGIT_YEAR, _spelt),
    (_DECADE, lambda m: digits(m[1]) + "年代"),
    (_GENERATION, _spelt),
    (_YEARS_WITHOUT_SIGN, _spelt),
    (_LEADING_ZERO, lambda m: m[1]),
    (_NO_SECONDS, lambda m: "0"),
    (_SPACE_AFTER_DAY, lambda m: ""),
    (_DAY_RANGE, lambda m: "到"),
    (_TWO_O_CLOCK, lambda m: "两"),
)
