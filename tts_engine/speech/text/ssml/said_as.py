"""What `say-as` makes of what is written: the same rewritten so that the front end reads it that way."""

import re
from collections.abc import Callable

from tts_engine.speech.text.marks import MarkedText
from tts_engine.speech.text.numerals import cardinal, decimal, digits, ordinal

_NUMBER = re.compile(r"([+-]?)(\d[\d,]*(?:\.\d+)?)")
_DATE_PARTS = {"y": "年", "m": "月", "d": "日"}
_CURRENCY = re.compile(r"[A-Za-z$¥￥€£₩].*|.*[A-Za-z$¥￥€£₩元圆块角分]", re.S)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([aApP])\.?[mM]?\.?)?")
_LENGTH = re.compile(r"(?:(\d+):)?(\d+):(\d+)|(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")

_SIGN_NAMES = {
    "，": "逗号", ",": "逗号", "。": "句号", ".": "点", "、": "顿号", "；": "分号", ";": "分号", "：": "冒号", ":": "冒号",
    "？": "问号", "?": "问号", "！": "感叹号", "!": "感叹号", "…": "省略号", "—": "破折号", "-": "杠", "_": "下划线",
    "“": "左引号", "”": "右引号", '"': "引号", "'": "单引号", "（": "左括号", "）": "右括号", "(": "左括号", ")": "右括号",
    "《": "左书名号", "》": "右书名号", "/": "斜杠", "\\": "反斜杠", "@": "艾特", "#": "井号", "*": "星号", "&": "和",
    "+": "加", "=": "等号", "%": "百分号", "$": "美元符号", "~": "波浪号", "<": "小于号", ">": "大于号", "|": "竖线",
}  # fmt: skip

_SURNAMES = {
    "单": "shan4", "解": "xie4", "仇": "qiu2", "任": "ren2", "曾": "zeng1", "查": "zha1", "区": "ou1", "朴": "piao2",
    "盖": "ge3", "缪": "miao4", "华": "hua4", "宁": "ning4", "员": "yun4", "覃": "qin2", "翟": "zhai2", "冼": "xian3",
    "折": "she2", "繁": "po2", "召": "shao4", "种": "chong2", "祭": "zhai4", "燕": "yan1", "应": "ying1", "葛": "ge3",
    "纪": "ji3", "柏": "bai3", "过": "guo1", "那": "na1", "车": "che1", "句": "gou1", "乐": "yue4",
    "石": "shi2", "卜": "bu3", "薄": "bo2", "洗": "xian3", "黑": "he4", "哈": "ha3", "尉": "wei4",
    "尉迟": "yu4 chi2", "万俟": "mo4 qi2", "长孙": "zhang3 sun1", "令狐": "ling2 hu2", "澹台": "tan2 tai2", "单于": "chan2 yu2",
}  # fmt: skip


def _plain_number(text: str) -> tuple[str, str]:
    """The sign and the digits of a number, its separators dropped."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise ValueError("write a number as 1234.5")
    return match[1], match[2].replace(",", "")


def _cardinal(text: str, _detail: str) -> str:
    sign, number = _plain_number(text)
    return ("负" if sign == "-" else "") + decimal(number)


def _ordinal(text: str, _detail: str) -> str:
    number = text.strip().removeprefix("第")
    if not number.isascii() or not number.isdigit():
        raise ValueError("write a whole number")
    return "第" + ordinal(number)


def _digits(text: str, _detail: str) -> str:
    return re.sub(r"[0-9]+", lambda m: digits(m.group()), text)


def _telephone(text: str, _detail: str) -> str:
    """Digit by digit, 1 as yao, with a short rest where the number is divided."""
    groups = [group for group in re.split(r"[\s()（）\-.]+", text.strip()) if group]
    said = "、".join(re.sub(r"[0-9]+", lambda m: digits(m.group(), one="幺"), group) for group in groups)
    return said.replace("+", "加")


def _characters(text: str, _detail: str) -> str:
    """Each character by its name, letters as letters."""
    return "".join(_name_of(char) for char in text if not char.isspace())


def _name_of(char: str, one: str = "一") -> str:
    if char.isascii() and char.isdigit():
        return digits(char, one)
    if char.isascii() and char.isalpha():
        return char.upper() + " "  # apart from the next, so that they are no word
    return _SIGN_NAMES.get(char, char)


def _punctuation(text: str, _detail: str) -> str:
    return "".join(_SIGN_NAMES.get(char, char) for char in text)


def _date(text: str, detail: str) -> str:
    """`format` names the order of the parts, such as ymd (when none is given), mdy, dm or y."""
    order = (detail or "ymd").lower()
    parts = re.findall(r"[0-9]+", text)
    if len(parts) == 1 and len(parts[0]) == 8 and order == "ymd":
        parts = [parts[0][:4], parts[0][4:6], parts[0][6:]]
    if not detail and len(parts) < len(order):
        order = "ym" if parts and len(parts[0]) == 4 else "md"
    if not set(order) <= set(_DATE_PARTS) or len(set(order)) != len(order):
        raise ValueError("the format of a date is made of y, m and d, as ymd")
    if len(parts) != len(order):
        raise ValueError(f"a date of the format {order} has {len(order)} numbers")
    values = dict(zip(order, parts, strict=True))
    said = {part: digits(number) if part == "y" else cardinal(str(int(number))) for part, number in values.items()}
    return "".join(said[part] + sign for part, sign in _DATE_PARTS.items() if part in said)


def _time(text: str, _detail: str) -> str:
    match = _CLOCK.fullmatch(text.strip().replace("：", ":"))
    if not match:
        raise ValueError("write a time as 14:30, 14:30:15 or 2:30pm")
    hour, minute, second, half = match.groups()
    said = (
        {"a": "上午", "p": "下午"}.get((half or "").lower(), "")
        + ("两" if int(hour) == 2 else cardinal(str(int(hour))))
        + "点"
    )
    if int(minute) or second:
        said += ("零" if 0 < int(minute) < 10 else "") + cardinal(str(int(minute))) + "分"
    if second:
        said += ("零" if 0 < int(second) < 10 else "") + cardinal(str(int(second))) + "秒"
    return said


def _duration(text: str, _detail: str) -> str:
    match = _LENGTH.fullmatch(text.strip().replace("：", ":"))
    parts = [match[1] or match[4], match[2] or match[5], match[3] or match[6]] if match else []
    if not any(parts):
        raise ValueError("write a length of time as 1:30:15 or 1h30m15s")
    return (
        "".join(
            cardinal(str(int(part))) + unit
            for part, unit in zip(parts, ("小时", "分钟", "秒"), strict=True)
            if part and int(part)
        )
        or "零秒"
    )


def _currency(text: str, detail: str) -> str:
    """An amount with its sign or code, or with the currency in `detail`; the front end knows their names."""
    amount = text.strip()
    if not _CURRENCY.fullmatch(amount):
        _plain_number(amount)
        return f"{detail or 'CNY'}{amount.replace(',', '')}"
    return amount


def _fraction(text: str, _detail: str) -> str:
    above, stroke, below = text.strip().partition("/")
    if not (stroke and above.isdigit() and below.isdigit()):
        raise ValueError("write a fraction as 3/4")
    return f"{cardinal(below)}分之{cardinal(above)}"


def _address(text: str, _detail: str) -> str:
    """Room, post and house numbers of three digits and more digit by digit."""
    return re.sub(r"[0-9]{3,}", lambda m: digits(m.group(), one="幺"), text)


def _identity(text: str, _detail: str) -> str:
    """Every digit and letter for itself."""
    return "".join(_name_of(char, one="幺") for char in text if char.isalnum())


def _as_written(text: str, _detail: str) -> str:
    return text


_KINDS: dict[str, Callable[[str, str], str]] = {
    **dict.fromkeys(("cardinal", "number", "value"), _cardinal),
    "ordinal": _ordinal,
    **dict.fromkeys(("digits", "digit", "number_digit"), _digits),
    **dict.fromkeys(("telephone", "phone"), _telephone),
    **dict.fromkeys(("characters", "character", "letters", "spell-out", "spell", "verbatim"), _characters),
    "punctuation": _punctuation,
    "date": _date,
    "time": _time,
    "duration": _duration,
    **dict.fromkeys(("currency", "money"), _currency),
    "fraction": _fraction,
    "address": _address,
    **dict.fromkeys(("id", "nick"), _identity),
    **dict.fromkeys(("measure", "unit"), _as_written),
}


def said_as(text: str, kind: str, detail: str) -> MarkedText:
    """`text` as a `kind` of thing is said; `detail` is say-as's `format` or `detail`. Raises ValueError."""
    if kind == "name":
        return _name(text)
    if kind not in _KINDS:
        raise ValueError(f"use one of {', '.join(_KINDS)}, name")
    return MarkedText(_KINDS[kind](text, detail))


def _name(text: str) -> MarkedText:
    """A person's name: a surname is read as a surname, 单(shan4)."""
    start = len(text) - len(text.lstrip())
    for length in (2, 1):
        if pinyin := _SURNAMES.get(text[start : start + length]):
            return MarkedText(text, dict(enumerate(pinyin.split(), start)))
    return MarkedText(text)
