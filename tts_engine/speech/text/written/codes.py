"""Digits that name something and count nothing: telephone, identity, account, room and order numbers."""

import re

from tts_engine.speech.text.numerals import cardinal, digits
from tts_engine.speech.text.written import Rule

_IDENTITY = re.compile(
    r"(?<![\dA-Za-z])[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
)
_MOBILE = re.compile(r"(?<![\d.])(?:\(?\+?86\)?[- ]?)?1[3-9]\d([- ]?)\d{4}\1\d{4}(?!\d|\.\d)")
_EXTENSION = r"(?:(?:-|转)\d{1,6})?"
_LANDLINE = re.compile(
    rf"(?<![\d.])(?<!\d[ -])(?:(?:\+?86[- ]?)?(?:[(（]0\d{{2,3}}[)）][- ]?|0\d{{2,3}}[- ])|\+?86[- ][1-9]\d{{1,2}}-)\d{{3,4}}[- ]?\d{{4}}{_EXTENSION}(?!\d)"
)
_SERVICE = re.compile(rf"(?<![\d.-])[48]00(?:[- ]?\d){{7}}{_EXTENSION}(?![\d-])")
_ABROAD = re.compile(r"(?<![\d.])(?:\+\d{1,3}(?:[- ]?\(?\d{2,4}\)?){2,4}|00\d{2,3}-\d{6,11})(?![\d.])")
_MASKED = re.compile(r"(?<!\d)(1[3-9]\d)(\*{2,6})(\d{4})(?!\d)")
_SERVICE_NUMBER = r"(?:110|119|120|122|114|123\d\d|95\d{3}|100(?:00|10|86))"
_EMERGENCY = re.compile(
    rf"^{_SERVICE_NUMBER}$|(?<![\d.,:/~-]){_SERVICE_NUMBER}(?=报警|急救|火警|交警|热线|客服|电话|指挥中心|救护车|平台)"
)
_CALLED = r"电话|手机|热线|传真|拨打|致电|来电|打|拨|呼叫|短信|联系方式|客服"
_NAMED = r"QQ|微信|验证码|校验码|密码|口令|尾号|卡号|账号|帐号|账户|订单|单号|编号|工号|学号|证号|号码|代码|邮编|邮政编码|车牌|序列号|流水号|房号|房间号|门牌号|群号|ID"
_AFTER_NAME = re.compile(
    rf"(?:{_CALLED}|{_NAMED})(?:号码?)?(?:分别)?(?:是|为|:|：|[(（])? ?\d[\d -]*(?![\d年月日点个元块次分人倍万亿千百多余条单通名位件台部天小时%]|[.,:]\d)"
)
_PLACE = re.compile(
    r"(?<![\d.])\d{3,5}(?=(?:号房|号?房间|房(?![子价屋产贷租型东])|室|路公交|路车|次列车|次航班|航班|国道|省道|厂房|教室|宿舍|会议室|办公室|包厢|包间|病房|诊室|展厅))"
)
_UNIT_ROOM = re.compile(r"(?<=单元)\d{3,4}(?![\d.个户元])")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][· ]?(?=[A-Z]{0,2}\d)[A-Z\d]{5,6}(?![A-Za-z\d])"
)
_CARD = re.compile(r"(?<![\d.])\d{4}(?: \d{4}){2,3}(?: \d{1,4})?(?![\d.])")
_LONG = re.compile(r"(?<![\d.])\d{15,}(?<!0000)(?![\d.])")


def _as_telephone(match: re.Match[str]) -> str:
    number = re.sub(r"[()（） +-]", "", match.group())
    return re.sub(r"\d+", lambda m: digits(m.group(), one="幺"), number)


def _identity(match: re.Match[str]) -> str:
    number = match.group()
    return digits(number[:-1], one="幺") + (" X" if number[-1] in "Xx" else digits(number[-1], one="幺"))


def _spelt(match: re.Match[str]) -> str:
    """Every digit of it one by one, its separators dropped."""
    return re.sub(r"\d+", lambda m: digits(m.group()), re.sub(r"[· ]", "", match.group()))


def _masked(match: re.Match[str]) -> str:
    return digits(match[1], one="幺") + "星" * len(match[2]) + digits(match[3], one="幺")


def _named(match: re.Match[str]) -> str:
    """尾号1702: keep the name, spell what follows. Two or three digits after a verb are a count: 打50."""
    text = match.group()
    start = re.search(r"\d", text)
    if start is None or len(re.sub(r"\D", "", text)) < 3:
        return text
    name, number = text[: start.start()], text[start.start() :]
    tail = number[len(number.rstrip(" -")) :]
    return name + digits(re.sub(r"\D", "", number), one="幺") + tail


def _place(match: re.Match[str]) -> str:
    number = match.group()
    return cardinal(number) if number.endswith("00") else digits(number)


RULES: tuple[Rule, ...] = (
    (_IDENTITY, _identity),
    (_MOBILE, _as_telephone),
    (_SERVICE, _as_telephone),
    (_LANDLINE, _as_telephone),
    (_ABROAD, _as_telephone),
    (_MASKED, _masked),
    (_PLATE, _spelt),
    (_AFTER_NAME, _named),
    (_CARD, _spelt),
    (_LONG, _spelt),
    (_UNIT_ROOM, _spelt),
    (_EMERGENCY, _as_telephone),
    (_PLACE, _place),
)
