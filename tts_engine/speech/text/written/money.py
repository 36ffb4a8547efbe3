"""Amounts of money with a sign or a code: the currency is said after the amount."""

import re

from tts_engine.speech.text.written import NUMBER, RANGE, Rule
from tts_engine.speech.text.written.measures import unit_name

_NAMES = {
    "US$": "美元", "JP¥": "日元", "CN¥": "元", "HK$": "港元", "NT$": "新台币", "A$": "澳元", "C$": "加元", "S$": "新加坡元", "¥": "元", "$": "美元", "€": "欧元",
    "£": "英镑", "₩": "韩元", "RMB": "元", "CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元",
    "KRW": "韩元", "AUD": "澳元", "CAD": "加元", "CHF": "瑞士法郎", "SGD": "新加坡元", "TWD": "新台币",
}  # fmt: skip
_SIGN = "|".join(re.escape(name) for name in _NAMES)
_SCALE = r"(?: ?(?:百万亿|千亿|百亿|十亿|千万|百万|十万|万亿|[十百千万亿]))?"
_UNITS = "元|圆|美元|美金|欧元|英镑|日元|港元|港币|韩元|澳元|块"
_LEADING = re.compile(
    rf"(?<![A-Za-z])(-?)({_SIGN}) ?(-?)({NUMBER})({_SCALE})(?:{RANGE}(?:{_SIGN})?({NUMBER})({_SCALE}))?(?:人民币|{_UNITS})?"
)
_TRAILING = re.compile(rf"(?<![\d.])({NUMBER}{_SCALE}) ?({_SIGN})(?![A-Za-z\d])")
_PER = re.compile(r"(?<=[元镑币块金])/(?=[\u4e00-\u9fff])")
_PER_MORE = re.compile(r"(?<=每[人个天间])[·/](?=[天日月年次晚])")
_PER_UNIT = re.compile(r"(?<=[元镑币块金])/(kg|g|t|m²|m2|m³|m3|L|l|km|h|min|kWh|GB|MB|W)(?![A-Za-z\d])")


def _leading(match: re.Match[str]) -> str:
    minus, sign, inner_minus, amount, scale, upper, upper_scale = match.groups()
    said = ("负" if minus or inner_minus else "") + amount + scale.strip()
    if upper:
        said += "到" + upper + upper_scale.strip()
    return said + _NAMES[sign]


RULES: tuple[Rule, ...] = (
    (_LEADING, _leading),
    (_TRAILING, lambda m: m[1] + _NAMES[m[2]]),
    (_PER, lambda m: "每"),
    (_PER_MORE, lambda m: "每"),
    (_PER_UNIT, lambda m: "每" + unit_name(m[1])),
)
