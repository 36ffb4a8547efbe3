"""Numbers as Mandarin says them. Input is decimal digits as a string, so that none is too long."""

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_LONGEST = 4 * len(_GROUPS)  # 9,999,999,999,999,999; what is longer is read digit by digit


def digits(number: str, one: str = "一") -> str:
    """138 -> 一三八; in telephone numbers 1 is said yao (幺)."""
    return "".join(_DIGITS[int(digit)] for digit in number).replace("一", one)


def cardinal(number: str) -> str:
    """2500 -> 两千五百. A leading zero or too many digits: digit by digit."""
    if len(number) > _LONGEST or (number[0] == "0" and len(number) > 1):
        return digits(number)
    said = _groups(number)
    if said[0] == "二" and said[1:2] in ("百", "千", "万", "亿"):
        said = "两" + said[1:]
    return said


def ordinal(number: str) -> str:
    """As cardinal, but never 两: 第二百."""
    return cardinal(number).replace("两", "二")


def decimal(number: str) -> str:
    """3.14 -> 三点一四; without a point as cardinal."""
    whole, point, fraction = number.partition(".")
    return cardinal(whole or "0") + ("点" + digits(fraction) if point and fraction else "")


def _groups(number: str) -> str:
    """Join the groups of four digits; 零 stands for any run of empty places inside the number."""
    said = ""
    gap = False
    for start in range(-(-len(number) % 4), len(number), 4):
        group = number[max(start, 0) : start + 4].zfill(4)
        rank = (len(number) - start - 4) // 4
        if group == "0000":
            gap = bool(said)
            continue
        if said and (gap or group[0] == "0"):
            said += "零"
        said += _four(group, bare_ten=not said or (rank > 0 and group.startswith("001"))) + _GROUPS[rank]
        gap = False
    return said or "零"


def _four(group: str, bare_ten: bool) -> str:
    """Up to four digits, 0012 -> 十二 (bare) or 一十二 (after another group)."""
    said = ""
    last_zero = False
    for place, digit in zip(reversed(_PLACES), group, strict=True):
        if digit != "0":
            if said and last_zero:
                said += "零"
            said += _DIGITS[int(digit)] + place
        last_zero = digit == "0"
    return said[1:] if bare_ten and said.startswith("一十") else said
