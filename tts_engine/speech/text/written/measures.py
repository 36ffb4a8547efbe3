"""Percentages, fractions, temperatures and the signs of units."""

import re
from functools import cache

from tts_engine.speech.text.data import data_lines
from tts_engine.speech.text.written import NUMBER, NUMBER_START, RANGE, Rule

_MINUS = r"(?:(?<![\dA-Za-z)）])- ?)?"
_SIGN = r"(?:(?<![\dA-Za-z)）])[-+±] ?)?"
_SPOKEN_SIGN = {"": "", "-": "负", "+": "正", "±": "正负"}
_PERCENT_RANGE = re.compile(rf"{NUMBER_START}({NUMBER}) ?%?{RANGE}({NUMBER}) ?%")
_PERCENT = re.compile(rf"({_SIGN}){NUMBER_START}({NUMBER}) ?([%‰])")
_MIXED = re.compile(rf"{NUMBER_START}(\d+)又(\d+)(?:/|分之)(\d+)")
_MIXED_SPACED = re.compile(r"(?<![\d./])(\d+) (\d{1,2})/(\d{1,2})(?![\d./])")
_FRACTION = re.compile(rf"({_MINUS})(?<![\d./])(\d+) ?/ ?(\d+)(?![\d./])")
_SAID_FRACTION = re.compile(r"(?<![\d.])-(?=(?:\d+|百|千|万)分之)")
_TEMPERATURE_RANGE = re.compile(
    rf"({_MINUS}){NUMBER_START}({NUMBER}) ?(?:℃|°C|°)?(?:{RANGE})(-?)({NUMBER}) ?(℃|°C|摄氏度|°)"
)
_TEMPERATURE = re.compile(rf"({_MINUS}){NUMBER_START}({NUMBER}) ?(℃|°C|℉|°F|摄氏度|华氏度)")
_HOURS_AND_MINUTES = re.compile(rf"{NUMBER_START}(\d+) ?h ?(\d+) ?(?:min|m)?(?![A-Za-z\d])")
_BLOOD_PRESSURE = re.compile(r"(?<![\d./])(\d{2,3})/(\d{2,3})(?= ?(?:mmHg|毫米汞柱))")
_SCREEN = re.compile(rf"{NUMBER_START}({NUMBER}) ?[\"″](?=屏|显示|电视|大屏|触)")
_DEGREES = {"℃": "摄氏度", "°C": "摄氏度", "℉": "华氏度", "°F": "华氏度", "°": "度"}


@cache
def _units() -> dict[str, str]:
    return dict(line.split("\t") for line in data_lines("units.tsv"))


def unit_name(sign: str) -> str:
    """kg -> 千克"""
    return _units()[sign]


@cache
def _unit_pattern() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted(_units(), key=len, reverse=True))
    return re.compile(
        rf"{NUMBER_START}({NUMBER})((?:{RANGE}{NUMBER})?) ?({signs})(?:(/)(?=[\u4e00-\u9fff])|(?![A-Za-z²³/]|\d))"
    )


def _percent(match: re.Match[str]) -> str:
    minus, number, sign = match.groups()
    return _SPOKEN_SIGN[minus.strip()] + ("百" if sign == "%" else "千") + "分之" + number


def _fraction(match: re.Match[str]) -> str:
    minus, upper, lower = match.groups()
    return ("负" if minus else "") + f"{lower}分之{upper}"


def _temperature(match: re.Match[str]) -> str:
    minus, number, unit = match.groups()
    return ("负" if minus else "") + number + _DEGREES.get(unit, unit)


def _temperature_range(match: re.Match[str]) -> str:
    low_minus, low, minus, high, unit = match.groups()
    return f"{'负' if low_minus else ''}{low}到{'负' if minus else ''}{high}{_DEGREES.get(unit, unit)}"


def _unit(match: re.Match[str]) -> str:
    number, upper, sign, per = match.groups()
    said = _units()[sign]
    number = number + re.sub(rf"^{RANGE}", "到", upper)
    said = said.replace("~", number) if "~" in said else number + said  # 每小时~公里
    return said + ("每" if per else "")


RULES: tuple[Rule, ...] = (
    (_HOURS_AND_MINUTES, lambda m: f"{m[1]}小时{m[2]}分钟"),
    (_BLOOD_PRESSURE, lambda m: f"{m[1]}比{m[2]}"),
    (_SCREEN, lambda m: f"{m[1]}英寸"),
    (_TEMPERATURE_RANGE, _temperature_range),
    (_TEMPERATURE, _temperature),
    (_PERCENT_RANGE, lambda m: f"百分之{m[1]}到百分之{m[2]}"),
    (_PERCENT, _percent),
    (_MIXED, lambda m: f"{m[1]}又{m[2]}分之{m[3]}" if "分之" in m.group() else f"{m[1]}又{m[3]}分之{m[2]}"),
    (_SAID_FRACTION, lambda m: "负"),
    (_MIXED_SPACED, lambda m: f"{m[1]}又{m[3]}分之{m[2]}"),
    (_FRACTION, _fraction),
)


def unit_rule() -> Rule:
    """The rule of the signs of units; made from its file at first use, so that importing reads nothing."""
    return _unit_pattern(), _unit
