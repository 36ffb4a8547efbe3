"""Values of attributes as W3C, Azure and Alibaba write them. What cannot be read is a ValueError that says what can."""

import math
import re
from collections.abc import Callable

MOST_DECIBELS = 20.0
SILENT = -math.inf  # dB

# W3C names the words, Azure the numbers.
RATES = {"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "default": 1.0, "fast": 1.55, "x-fast": 2.0}
PITCHES = {"x-low": 0.55, "low": 0.8, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.45}
VOLUMES = {"silent": SILENT, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 8.0}
STRENGTHS = {"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25}  # seconds

_TIME = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)")
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(%|st|dB|Hz|)", re.I)


def seconds(value: str) -> float:
    """`500ms` or `1.5s`."""
    match = _TIME.fullmatch(value.strip())
    if not match:
        raise ValueError("write a time as 500ms or 1.5s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def strength(value: str) -> float:
    """Seconds of a break."""
    if value not in STRENGTHS:
        raise ValueError(f"use one of {', '.join(STRENGTHS)}")
    return STRENGTHS[value]


def rate(value: str, around: float) -> float:
    """The speed as a ratio to the request's, inside an element of the speed `around`.

    Words and plain numbers count from the request's speed, percentages from the speed around: +20% is
    1.2 times as fast; without a sign 80% is 0.8 times as fast, as W3C has it.
    """
    if value in RATES:
        return RATES[value]
    sign, number, unit = _number(value)
    changed = around * _ratio(sign, number) if unit == "%" else number
    if changed <= 0 or (unit != "%" and (unit or sign)):
        raise ValueError(f"use one of {', '.join(RATES)}, a ratio as 1.2, or a change as +20%")
    return changed


def pitch(value: str, around: float) -> float:
    """Semitones above the request's, inside an element that many semitones above it: a word, `+2st`, `-10%`."""
    if value in PITCHES:
        return semitones(PITCHES[value])
    sign, number, unit = _number(value)
    if unit == "st":
        return around + (-number if sign == "-" else number)
    if unit == "%" and sign:
        return around + semitones(_ratio(sign, number))
    if unit == "hz":
        raise ValueError("no voice here knows its pitch in Hz; write +2st or +10%")
    raise ValueError(f"use one of {', '.join(PITCHES)}, or a change as +2st or -10%")


def volume(value: str, around: float) -> float:
    """dB above the request's, inside an element that many dB above it.

    Words and plain numbers of 0 to 100 (100 is the request's) count from the request's volume; changes
    from that around: `+6dB`, `-20%` or `-20` of the amplitude.
    """
    if value in VOLUMES:
        return VOLUMES[value]
    sign, number, unit = _number(value)
    if unit == "db":
        changed = around + (-number if sign == "-" else number)
    elif unit not in ("", "%") or (not sign and number > 100):
        raise ValueError(f"use one of {', '.join(VOLUMES)}, 0 to 100, or a change as +6dB or -20%")
    elif sign:
        changed = around + decibels(_ratio(sign, number))
    else:
        changed = decibels(number / 100)
    if changed > MOST_DECIBELS:
        raise ValueError(f"no louder than {MOST_DECIBELS:g} dB above the request's")
    return changed


def alibaba_rate(value: str, around: float) -> float:
    """Of Alibaba's `speak`: -500 to 500 (half to twice as fast), or CosyVoice's ratio 0.5 to 2."""
    number = _between(value, -500, 500)
    if 0.5 <= number <= 2:
        return around * number
    return around / (1 - number / (500 if number < 0 else 1000))


def alibaba_pitch(value: str, around: float) -> float:
    """Of Alibaba's `speak`: -500 to 500, here an octave down to an octave up, or CosyVoice's ratio 0.5 to 2."""
    number = _between(value, -500, 500)
    return around + (semitones(number) if 0.5 <= number <= 2 else number / 500 * 12)


def alibaba_volume(value: str, around: float) -> float:
    """Of Alibaba's `speak`: 0 to 100 of the amplitude, 50 is the request's."""
    return around + decibels(_between(value, 0, 100) / 50)


def between(low: float, high: float) -> Callable[[str], float]:
    """A reader of plain numbers inside these bounds."""
    return lambda value: _between(value, low, high)


def semitones(ratio: float) -> float:
    if ratio <= 0:
        raise ValueError("a pitch cannot fall by 100% or more")
    return 12 * math.log2(ratio)


def decibels(ratio: float) -> float:
    return 20 * math.log10(ratio) if ratio > 0 else SILENT


def _ratio(sign: str, percent: float) -> float:
    return {"+": 1 + percent / 100, "-": 1 - percent / 100, "": percent / 100}[sign]


def _number(value: str) -> tuple[str, float, str]:
    """Sign, size and unit in small letters."""
    match = _NUMBER.fullmatch(value.strip())
    return (match[1], float(match[2]), match[3].lower()) if match else ("?", 0.0, "?")


def _between(value: str, low: float, high: float) -> float:
    sign, number, unit = _number(value)
    signed = -number if sign == "-" else number
    if unit or not low <= signed <= high:
        raise ValueError(f"a number from {low:g} to {high:g}")
    return signed
