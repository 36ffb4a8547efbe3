"""The digits that no other rule has taken: signs of arithmetic, ranges, names of models, counts."""

import re

from tts_engine.speech.text.numerals import cardinal, decimal, digits, ordinal
from tts_engine.speech.text.written import NUMBER, NUMBER_START, RANGE, Rule

_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_BARE_POINT = re.compile(r"(?<![\w.\u4e00-\u9fff])\.(?=\d)")
_SUPERSCRIPTS = re.compile(r"\^-?\d(?:\^\d)+|\^-\^\d(?:\^\d)*")
_SCIENTIFIC = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]\+?(-?\d{1,3})(?![\w.])")
_POWER = re.compile(r"(?<=[\dA-Za-z)）]) ?\^ ?(-?\d+|[a-z](?![A-Za-z]))")
_DOTTED = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d])")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

_MATCH = "比分|比赛|战胜|击败|战平|领先|获胜|险胜|大胜|完胜|负于|不敌|惜败|逼平|爆冷|主场|客场|总比分|[以胜负平][^\\d]{0,4}$|队[^\\d]{0,2}$"
_SCORE_BEFORE = re.compile(_MATCH)
_SCORE = re.compile(
    rf"{NUMBER_START}(\d{{1,3}}) ?- ?(\d{{1,3}})(?![\d.-])(?! ?[A-Za-z%°℃个天年月日号岁元次人名位倍米斤])"
)
_NAME_BEFORE = re.compile(
    r"[\u4e00-\u9fff]{2} ?$(?<![第周表图页卷课题章节组评分级层楼号段期为是] )(?<![第周表图页卷课题章节组评分级层楼号段期为是])"
)
_WON_AFTER = re.compile(
    r" ?(?:领先|获胜|战胜|击败|取胜|落后|逆转|险胜|大胜|完胜|轻取|力克|告负|不敌|负于|战平|逼平|横扫)"
)
_END_AFTER = re.compile(r"$|[，。！？；,;!?]")
_RATIO = re.compile(r"(?<=\d) ?[:：] ?(?=\d)")
_RANGE = re.compile(rf"({NUMBER_START}{NUMBER}(?:[百千万亿]*|[kKwW])) ?(?:-|~|—{{1,2}}|–) ?(?=-?{NUMBER}(?!\d*[-]\d))")
_HANZI_RANGE = re.compile(
    r"(?<=[\u4e00-\u9fff]) ?[~～] ?(?=\d|负|[零一二三四五六七八九十百])|(?<=[一二两三四五六七八九十百千])[~-](?=[二三四五六七八九十]+[天个年月日周岁人次名位米斤元倍度章节页])|(?<=[周期拜][一二三四五六])[-~—](?=周|星期|礼拜)"
)
_FORMATION = re.compile(r"(?<![\d-])(\d(?:-\d){2,3})(?= ?阵[型容式])")
_LONG_CHAIN = re.compile(r"(?<![\d-])\d+(?:-\d+){2,}(?![\d-])")
_CHAIN = re.compile(r"(?<=\d)-(?=\d)")
_SIGNED = re.compile(r"(?<![\dA-Za-z)）])([-+±]) ?(?=\d)")
_SIGNS = {"-": "负", "+": "正", "±": "正负"}
_OPERATORS = {"+": "加", "-": "减", "×": "乘", "*": "乘", "÷": "除以", "/": "除以", "=": "等于", "≈": "约等于", "≠": "不等于", "<": "小于",
              ">": "大于", "≤": "小于等于", "≥": "大于等于", "±": "正负", "^": "的次方"}  # fmt: skip
_OPERAND = r"[\d零一二三四五六七八九十百千万亿πA-Za-z)）]"
_OPERATOR = re.compile(rf"(?<={_OPERAND}) ?([+×*÷=≈≠<>≤≥±]) ?(?=[-+±]?[\d(（πA-Za-z])")
_BOUND = re.compile(r"([<>≤≥≈]) ?(?=\d|负|百分之|千分之)")
_ABOUT = re.compile(r"(?<![\w\u4e00-\u9fff)）%℃]) ?~ ?(?=\d)")
_MINUS_IN_SUM = re.compile(r"(?<=\d)\s-\s(?=\d)|(?<=\d)-(?=\d+(?:\.\d+)? ?=)")
_MORE = re.compile(r"(?<=[\d万亿])\+(?=[\u4e00-\u9fff])(?!加)")
_PLUS_AFTER = re.compile(r"(?<=[\d万亿])\+(?![\d])")
_FEET = re.compile(r"(?<![\d.])(\d)['′](\d|1[01])[\"″]")
_RACE_TIME = re.compile(r"(?<![\d.°])(\d{1,2})['′]([0-5]\d(?:\.\d+)?)[\"″]")
_NUMERO = re.compile(r"(?<![A-Za-z])[Nn][Oo]\. ?(?=\d)")


_ORDINALS = re.compile(rf"第 ?\d+(?:(?:{RANGE}| ?[、,和与及] ?)第?\d+)+(?![\d.:：%]|[年月日元点])")
_ORDINAL = re.compile(r"第 ?(\d+)(?![\d.])")
_MODEL = re.compile(rf"(?<![A-Za-z])(?<!\d)([A-Za-z]+)-?({NUMBER})((?:-\d+)?)(?![\d-])")
_AIRLINER = re.compile(r"(波音|空客|宝马|标致|Boeing|Airbus) ?([A-Z]?)(\d{3})(?:-(\d{2,4}))?(?![\d.])")
_WEAPON = re.compile(
    r"(?<=[歼轰运直强苏图])-(?=\d)|(?<=东风|长征|神舟|红旗|鹰击|巨浪|米格|长剑|霹雳|空警|伊尔|快舟|力箭|朱雀|天宫)-(?=\d)"
)
_BUILDING = re.compile(r"(?<=\d)#")
_PLUS_PLUS = re.compile(r"(?<=[A-Za-z])\+\+")
_C_SHARP = re.compile(r"(?<![A-Za-z])C#")
_MODEL_SPACED = re.compile(r"(?<=[A-Za-z])\s(\d{3,4})(?![\d年月日号点元个人次名位万亿千百倍天岁多余%]|[.,:]\d)")
_RESOLUTION = re.compile(rf"{NUMBER_START}(\d{{3,4}})(?=[pPiI](?![A-Za-z]))")
_DISCOUNT = re.compile(rf"{NUMBER_START}[1-9]\d(?=折(?![叠返合算线页腾旧射磨断]))")
_SAME_UNIT = re.compile(rf"({NUMBER_START}{NUMBER})([\u4e00-\u9fff]{{1,5}}) ?([-–—~+]) ?(?={NUMBER}\2)")
_AFTER_UNIT = re.compile(r"(?<=\d[米秒])\d\d(?![\d.:]| ?[\u4e00-\u9fff]?(?:米|秒|厘米|分米|分钟|个|人))")

_COUNTED = (
    "个|只|条(?!款)|张|本|件|块|片|位|名(?!著)|家|座|台|辆|部(?!分)|架|艘|匹|头|双|对|副|套|组|批|种|类|样|项|份|封|颗|粒|根|支|枝|把|面|"
    "幅|首|篇|章|节|课|段|句|行|列|排|层|栋|幢|间|扇|盏|场|次(?!元|方)|回|趟|遍|下|顿|餐|杯|瓶|碗|盘|盒|箱|包|袋|桶|罐|串|束|群|伙|"
    "斤|公斤|千克|克|毫克|吨|米|厘米|毫米|公里|千米|平方|立方|里|尺|升|毫升|天|年(?!级|代|[度生])|周|星期|小时|钟头|分钟|秒|刻钟|"
    "元(?!素|次|一次)|块|毛|万|亿|千|百(?!分)|倍|成|折|岁|局|轮|球|票|门|笔|户|口|所|国|省|市|县|校|人|者|边|侧|端|半|拳|滴|册|页|道|题|"
    "处|支|棵|株|朵|桌|席|剂|款|美元|欧元|英镑|港元|日元|韩元|摄氏度|千瓦|瓦|兆|吉字节|字节|大|多(?=[个年月])|"
    "角(?![度落色])|分钱|丈|寸|亩|公顷|海里|英里|英尺|英寸|磅|盎司|集|期(?!待)|届|起|例|桩|宗|则|番|盆|筐|车|船|队|班人|屋|身|股|团|堆|叠|卷|枚|发|声|眼|口|杯|夜|晚|餐"
)
_TWO = re.compile(rf"(?<![第\d.初二周期负])2(?=(?: ?[到至]\d+(?:\.\d+)?)? ?(?:{_COUNTED}))")
_COUNT = re.compile(NUMBER)


def _score(match: re.Match[str]) -> str:
    """1-2 is a score after words of sport, and after a name where nothing follows that could be counted."""
    before = match.string[max(0, match.start() - 12) : match.start()]
    lone = _NAME_BEFORE.search(before) and _END_AFTER.match(match.string, match.end())
    return (
        f"{match[1]}比{match[2]}"
        if lone or _WON_AFTER.match(match.string, match.end()) or _SCORE_BEFORE.search(before)
        else match.group()
    )


def _dotted(match: re.Match[str]) -> str:
    """192.168.1.1 digit by digit, the version 2.10.1 number by number."""
    say = digits if _ADDRESS.fullmatch(match.group()) else cardinal
    return "点".join(say(part) for part in match.group().split("."))


def _model(match: re.Match[str]) -> str:
    """C919 -> C九一九, iPhone15 -> iPhone十五, GPT-4 -> GPT四: a hyphen is not said."""
    name, number, rest = match.groups()
    short = len(number.partition(".")[0]) < 3 and not number.startswith("0")
    said = name + (decimal(number) if short or "." in number else digits(number))
    return said + ("杠" + digits(rest[1:]) if rest else "")


def _airliner(match: re.Match[str]) -> str:
    """波音747-400: three digits one by one, the variant as a number."""
    maker, letter, number, variant = match.groups()
    return maker + letter + digits(number) + ("杠" + cardinal(variant) if variant else "")


def _ordinals(match: re.Match[str]) -> str:
    """第3-5章 -> 第三到五章, 第1、2名 -> 第一、二名."""
    said = re.sub(r"\d+", lambda m: ordinal(m.group()), match.group().replace(" ", ""))
    return re.sub(r"[-~—–]+", "到", said)


GROUPED: tuple[Rule, ...] = (
    (_THOUSANDS, lambda m: m.group().replace(",", "")),
    (_BARE_POINT, lambda m: "0."),
    (_SUPERSCRIPTS, lambda m: m.group()[:1] + m.group()[1:].replace("^", "")),
    (_SCIENTIFIC, lambda m: f"{m[1]}乘10的{m[2]}次方"),
    (_POWER, lambda m: f"的{m[1]}次方"),
)
"""1,234,567 loses its commas before anything else looks at it."""

RULES: tuple[Rule, ...] = (
    (_DOTTED, _dotted),
    (_RACE_TIME, lambda m: f"{m[1]}分{m[2]}秒"),
    (_FEET, lambda m: f"{m[1]}英尺{m[2]}英寸"),
    (_NUMERO, lambda m: "第"),
    (_FORMATION, lambda m: digits(m[1].replace("-", ""))),
    (_LONG_CHAIN, lambda m: "杠".join(digits(part) for part in m.group().split("-"))),
    (_ORDINALS, _ordinals),
    (_ORDINAL, lambda m: "第" + ordinal(m[1])),
    (_AIRLINER, _airliner),
    (_WEAPON, lambda m: ""),
    (_PLUS_PLUS, lambda m: "加加"),
    (_C_SHARP, lambda m: "C井"),
    (_BUILDING, lambda m: "号"),
    (_DISCOUNT, lambda m: digits(m.group())),
    (_MODEL, _model),
    (_MODEL_SPACED, lambda m: " " + digits(m[1])),
    (_RESOLUTION, lambda m: digits(m[1])),
    (_SAME_UNIT, lambda m: m[1] + m[2] + ("加" if m[3] == "+" else "到")),
    (_AFTER_UNIT, lambda m: digits(m.group())),
    (_SCORE, _score),
    (_RATIO, lambda m: "比"),
    (_MINUS_IN_SUM, lambda m: "减"),
    (_RANGE, lambda m: m[1] + "到"),
    (_HANZI_RANGE, lambda m: "到"),
    (_CHAIN, lambda m: "杠"),
    (_MORE, lambda m: "多"),
    (_PLUS_AFTER, lambda m: "加"),
    (_OPERATOR, lambda m: _OPERATORS[m[1]]),
    (_ABOUT, lambda m: "约"),
    (_BOUND, lambda m: _OPERATORS[m[1]]),
    (_SIGNED, lambda m: _SIGNS[m[1]]),
    (_TWO, lambda m: "两"),
    (_COUNT, lambda m: decimal(m.group())),
)
