"""Who the demo's teams are, when they speak, and what they say.

`#` in a text stands for four digits of a number that is read digit by digit, so that texts differ and
yet have the same counts.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice, product

PREFIX = "demo-"
DIGITS = "8231"  # in the place of `#` while a text is counted
HOLIDAYS = ((1, 28, 2, 4), (5, 1, 5, 5), (10, 1, 10, 7))  # first and last month and day; a quarter of the work

# Relative loads of the hours 0 to 23.
OFFICE = (1, 1, 0, 0, 0, 1, 3, 8, 22, 40, 44, 38, 20, 24, 40, 44, 40, 30, 14, 8, 5, 4, 3, 2)
LONG_DAY = (3, 2, 1, 1, 1, 3, 10, 24, 34, 38, 36, 34, 32, 30, 32, 34, 36, 40, 42, 40, 34, 24, 14, 7)
NIGHT = (44, 46, 44, 40, 36, 30, 16, 6, 5, 6, 6, 5, 4, 5, 6, 6, 5, 5, 6, 8, 12, 20, 30, 38)
RUSH = (2, 1, 1, 1, 3, 12, 40, 62, 50, 22, 16, 18, 22, 18, 16, 18, 28, 52, 60, 36, 20, 14, 9, 5)
EVENING = (10, 6, 3, 2, 1, 1, 2, 4, 8, 12, 14, 16, 20, 18, 16, 18, 20, 24, 30, 40, 46, 44, 34, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a department does with speech. Choices are lists: what stands there twice is chosen twice as often."""

    name: str
    hours: Sequence[int]
    weekend: float  # of a working day's load
    voices: Sequence[str]
    emotions: Sequence[str]
    formats: Sequence[str]
    cached: float  # part of its requests that repeat an earlier one
    by_members: float  # part that people ask for at the console
    sentences: tuple[int, int]  # least and most in a text
    openings: Sequence[str]
    middles: Sequence[str]
    keys: Sequence[str]


KINDS = (
    Kind(
        name="support",
        hours=OFFICE,
        weekend=0.55,
        cached=0.34,
        by_members=0.04,
        sentences=(1, 3),
        voices=["xiaoxiao", "xiaoxiao", "xiaoxiao", "xiaoyi"],
        emotions=["neutral", "neutral", "neutral", "happy"],
        formats=["mp3", "mp3", "wav"],
        openings=[
            "您好，您的工单号#已受理。",
            "您好，这里是客户服务中心，工单号#有新的进展。",
            "感谢来电，您的验证码#，十分钟内有效。",
        ],
        middles=[
            "工程师将在两小时内与您联系，请保持电话畅通。",
            "如需人工服务，请按0。",
            "本次通话可能会被录音，感谢您的理解。",
            "您反映的问题已经解决，请对我们的服务作出评价，满意请按1。",
            "目前排队人数较多，预计等待3分钟。",
            "您的退款将在3个工作日内原路退回。",
            "祝您生活愉快，再见！",
        ],
        keys=["呼叫中心", "工单系统", "微信客服"],
    ),
    Kind(
        name="logistics",
        hours=LONG_DAY,
        weekend=0.8,
        cached=0.18,
        by_members=0.02,
        sentences=(1, 2),
        voices=["yunxi", "yunxi", "xiaoxiao"],
        emotions=["neutral"],
        formats=["mp3", "opus"],
        openings=[
            "您尾号#的快递已到达驿站，请及时领取。",
            "您的订单号#已发货，预计明天下午送达。",
            "编号#的包裹正在派送，请保持电话畅通。",
        ],
        middles=[
            "如不方便签收，可选择放入快递柜。",
            "取件请出示身份码。",
            "本件为到付件，运费12.5元。",
            "超过48小时未取将退回寄件人。",
            "受天气影响，派送可能延迟，敬请谅解。",
            "签收前请先检查外包装是否完好。",
        ],
        keys=["派送通知", "驿站大屏", "仓库播报"],
    ),
    Kind(
        name="finance",
        hours=OFFICE,
        weekend=0.08,
        cached=0.06,
        by_members=0.03,
        sentences=(2, 4),
        voices=["yunyang", "xiaoxiao", "yunjian"],
        emotions=["neutral"],
        formats=["wav", "mp3"],
        openings=[
            "尊敬的客户，您尾号#的储蓄卡有一笔支出。",
            "尊敬的客户，您尾号#的信用卡本期账单已出。",
            "您正在办理转账，验证码#。",
        ],
        middles=[
            "本期应还金额3,280.50元，到期还款日为每月18日。",
            "请勿向任何人透露验证码，银行工作人员不会向您索要。",
            "当前一年期存款利率为1.45%。",
            "如非本人操作，请立即拨打客服热线。",
            "逾期将影响您的个人征信记录，请按时足额还款。",
            "您可通过手机银行查询明细。",
        ],
        keys=["账单提醒", "风控外呼"],
    ),
    Kind(
        name="reading",
        hours=NIGHT,
        weekend=1.1,
        cached=0.03,
        by_members=0.10,
        sentences=(6, 24),
        voices=["yunjian", "yunjian", "yunyang", "xiaoyi"],
        emotions=["neutral", "neutral", "neutral", "sad", "happy", "angry"],
        formats=["mp3", "flac", "wav"],
        openings=[
            "第十二章，雨夜，编号#。",
            "上回说到，那封编号#的信终于有了回音。",
            "（旁白，编号#）天色渐渐暗了下来。",
        ],
        middles=[
            "他推开窗，雨声一下子涌了进来，混着泥土和青草的气味。",
            "“你怎么才来？”她的声音很轻，像是怕惊动了谁。",
            "街上空无一人，只有路灯还亮着，在水洼里投下一圈圈昏黄的光。",
            "老人没有回答，只是慢慢地点了一支烟。",
            "很多年以后，他仍然会想起那个下午，想起那杯没有喝完的茶。",
            "“走吧。”他说，“再不走就来不及了。”",
            "远处传来火车的汽笛，一声长，一声短，像一个人在叹气。",
            "她终于哭了出来，把信纸一点一点地撕碎。",
            "山那边的天空泛起一线鱼肚白，新的一天就要开始了。",
            "谁也没有想到，这竟是他们最后一次见面。",
        ],
        keys=["有声书流水线", "编辑部"],
    ),
    Kind(
        name="learning",
        hours=LONG_DAY,
        weekend=0.35,
        cached=0.22,
        by_members=0.16,
        sentences=(3, 9),
        voices=["xiaoxiao", "xiaobei", "yunxi"],
        emotions=["neutral", "neutral", "happy"],
        formats=["mp3", "mp3", "wav"],
        openings=[
            "同学们好，欢迎来到编号#的课程。",
            "今天我们学习第3单元，课程编号#。",
            "请打开练习册，完成编号#的题目。",
        ],
        middles=[
            "光合作用把光能转化为化学能，储存在有机物中。",
            "请注意，分母不能为0，这是最容易出错的地方。",
            "唐代诗人李白生于701年，被后人称为“诗仙”。",
            "三角形的内角和等于180度，请试着用两种方法证明。",
            "下面请听一段对话，然后回答问题。",
            "水在标准大气压下的沸点是100℃。",
            "如果没有听清楚，可以再听一遍。",
            "本节课的重点是理解函数的单调性，并会用定义判断。",
        ],
        keys=["课程平台", "题库", "教研组"],
    ),
    Kind(
        name="news",
        hours=RUSH,
        weekend=0.7,
        cached=0.02,
        by_members=0.08,
        sentences=(4, 12),
        voices=["yunyang", "yunyang", "xiaoxiao"],
        emotions=["neutral"],
        formats=["mp3", "aac"],
        openings=[
            "各位听众早上好，欢迎收听编号#期早间新闻。",
            "下面播送要闻，稿件编号#。",
            "本台记者报道，稿件编号#。",
        ],
        middles=[
            "今年前三季度，全市地区生产总值同比增长5.2%。",
            "气象台预计，今天夜间到明天多云转小雨，气温8到15℃。",
            "地铁12号线将于下月1日起延长运营时间。",
            "国产大飞机完成第1000小时商业飞行。",
            "沪指收报3,062点，上涨0.8%。",
            "交管部门提醒，早高峰期间请合理安排出行。",
            "本次马拉松共有来自42个国家和地区的3万名选手参加。",
            "专家建议，换季时节注意增减衣物，预防感冒。",
        ],
        keys=["早间新闻", "短视频配音"],
    ),
    Kind(
        name="travel",
        hours=RUSH,
        weekend=0.9,
        cached=0.52,
        by_members=0.01,
        sentences=(1, 2),
        voices=["xiaoxiao", "yunxi"],
        emotions=["neutral"],
        formats=["opus", "mp3"],
        openings=[
            "前方路口请直行，路段编号#。",
            "车辆编号#即将进站，请注意安全。",
            "前往机场的乘客请换乘，站点编号#。",
        ],
        middles=[
            "前方500米右转，进入辅路。",
            "您已超速，当前限速60公里每小时。",
            "下一站，人民广场，可换乘2号线和8号线。",
            "前方有拥堵，预计通过需要6分钟。",
            "请系好安全带，扶稳坐好。",
        ],
        keys=["车机", "公交报站"],
    ),
    Kind(
        name="games",
        hours=EVENING,
        weekend=1.6,
        cached=0.12,
        by_members=0.22,
        sentences=(1, 3),
        voices=["yunxia", "xiaobei", "yunjian", "xiaoyi"],
        emotions=["neutral", "happy", "angry", "angry", "sad"],
        formats=["wav", "opus"],
        openings=[
            "（台词编号#）站住！此路是我开。",
            "（台词编号#）恭喜，您获得了传说级装备！",
            "（台词编号#）师父，徒儿来晚了。",
        ],
        middles=[
            "想过去，先问问我手中的剑！",
            "快撤，援军马上就到！",
            "三百年了，你还是来了。",
            "哈哈哈，这点本事也敢来闯山？",
            "别怕，有我在。",
            "任务完成，返回主城领取奖励。",
        ],
        keys=["剧情配音", "活动播报"],
    ),
)

PLACES = ("head-office", "east", "south", "north", "west", "cloud", "lab")
MOST_TEAMS = len(PLACES) * len(KINDS)


@dataclass(frozen=True, slots=True)
class Team:
    """One tenant of the demo. Loads are cumulative parts of 1, without the last: what `width_bucket` looks up."""

    name: str
    kind: Kind
    days: list[float]
    hours: list[float]


def teams(count: int, first: date, last: date, dice: random.Random) -> Iterator[Team]:
    """`count` teams, the greatest first; each began at a day of its own and grows at a pace of its own."""
    for number, (place, kind) in enumerate(islice(product(PLACES, KINDS), count)):
        days = (last - first).days + 1
        began = 0 if number < 3 else int(days * 0.8 * dice.random() ** 2)
        growth = dice.uniform(0.5, 3.0)  # how much more a day is at the year's end
        loads = [
            _day_load(first + timedelta(day), kind) * (1 + growth * day / days) * dice.uniform(0.8, 1.2)
            if day >= began
            else 0.0
            for day in range(days)
        ]
        yield Team(f"{PREFIX}{kind.name}-{place}", kind, cumulative(loads), cumulative(kind.hours))


def sizes(count: int) -> list[float]:
    """Loads of the teams, cumulative: few are great and many small (Zipf's law, exponent 0.9)."""
    return cumulative([(rank + 1) ** -0.9 for rank in range(count)])


def cumulative(loads: Sequence[float]) -> list[float]:
    """Where each part but the last ends, of 1."""
    whole, upto, ends = sum(loads), 0.0, []
    for load in loads[:-1]:
        upto += load
        ends.append(upto / whole)
    return ends


def texts(kind: Kind, count: int, dice: random.Random) -> Iterator[list[str]]:
    """The sentences of `count` texts of this kind, with `#` in the first of each."""
    for opening in islice(cycle(kind.openings), count):
        more = dice.randint(*kind.sentences) - 1
        yield [opening, *dice.choices(kind.middles, k=more)]


def _day_load(day: date, kind: Kind) -> float:
    load = kind.weekend if day.weekday() >= 5 else 1.0
    holiday = any((first, of) <= (day.month, day.day) <= (last, to) for first, of, last, to in HOLIDAYS)
    return load * (0.25 if holiday else 1.0)
