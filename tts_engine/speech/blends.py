"""A voice between voices: `xiaobei(2)+yunxi(1)` is two parts of one speaker and one of another."""

import math
import re
from fractions import Fraction
from functools import lru_cache

MOST = 4  # speakers

_PART = r"([^()+\s]{1,63})(?:\((\d{1,3}(?:\.\d{1,2})?)\))?"
_SPEAKER = re.compile(_PART)
_BLEND = re.compile(rf"{_PART}(?:\+{_PART}){{0,{MOST - 1}}}")


@lru_cache(maxsize=256)
def parts_of(name: str) -> tuple[tuple[str, int], ...]:
    """The speakers of a blend in the order of their names, each with its weight, in lowest terms.

    A name alone is a blend of one; a weight that is not given is 1. Raises ValueError for what is no blend.
    """
    if not _BLEND.fullmatch(name):
        raise ValueError(f"a blend names 1 to {MOST} speakers with their weights, as xiaobei(2)+yunxi(1)")
    weights: dict[str, Fraction] = {}
    for speaker, weight in _SPEAKER.findall(name):
        weights[speaker] = weights.get(speaker, Fraction(0)) + Fraction(weight or 1)
    if not all(weights.values()):
        raise ValueError("no weight of a blend may be 0")
    scale = math.lcm(*(weight.denominator for weight in weights.values()))
    whole = {speaker: int(weight * scale) for speaker, weight in sorted(weights.items())}
    divisor = math.gcd(*whole.values())
    return tuple((speaker, weight // divisor) for speaker, weight in whole.items())


def name_of(parts: tuple[tuple[str, int], ...]) -> str:
    """The one name of a blend, however it was written."""
    if len(parts) == 1:
        return parts[0][0]
    return "+".join(f"{speaker}({weight})" for speaker, weight in parts)
