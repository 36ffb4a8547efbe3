"""SSML as W3C, Azure and Alibaba write it, read into a script; hostile or unknown, it is refused where it stands."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_engine.speech.errors import ScriptError, TextError
from tts_engine.speech.text import read_script, reading_of
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.script import Clip, Item, Manner, Mark, Passage, Pause, Script
from tts_engine.speech.text.ssml import read_ssml

AZURE = (Path(__file__).parent / "azure.ssml").read_text("utf-8")
ALIBABA = (Path(__file__).parent / "alibaba.ssml").read_text("utf-8")


def read(source: str, aliases: dict[str, str] | None = None, **limits: Any) -> Script:
    return read_ssml(source, aliases or {}, Limits(**limits))


def items(inside: str, **aliases: str) -> tuple[Item, ...]:
    return read(f"<speak>{inside}</speak>", aliases).items


def manner(inside: str, **aliases: str) -> Manner:
    """Of the last passage."""
    last = [item for item in items(inside, **aliases) if isinstance(item, Passage)][-1]
    return last.manner


def said(inside: str) -> str:
    return reading_of(read_script(read(f"<speak>{inside}</speak>"))).text


def refusal(source: str, **limits: Any) -> str:
    with pytest.raises(ScriptError) as refused:
        read(source, **limits)
    return str(refused.value)


# --- customers' own -------------------------------------------------------------------------------


def test_azure_s_ssml_runs_unchanged() -> None:
    """Voices by Azure's names, styles as emotions, changes of prosody, breaks, say-as, sapi pinyin, bookmarks."""
    script = read(AZURE)
    assert script.plain == ("快走吧，路上一定要注意安全，早去早回。您的余额是12345元，请在2026-11-26前缴费。重要提示。")
    cheerful, quick, pause, *rest = script.items
    assert isinstance(cheerful, Passage)
    assert cheerful.manner == Manner(voice="xiaoxiao", emotion="happy", emotion_intensity=2.0)
    assert isinstance(quick, Passage)
    assert quick.manner.voice == "yunxi"
    assert quick.manner.speed == pytest.approx(1.3)
    assert quick.manner.pitch == pytest.approx(12 * math.log2(0.95))
    assert quick.manner.volume == pytest.approx(20 * math.log10(0.8))
    assert pause == Pause(0.5)
    (last,) = rest
    assert isinstance(last, Passage)
    assert last.text.readings == {last.text.text.index("重"): "zhong4", last.text.text.index("要"): "yao4"}
    assert reading_of(read_script(script)).text == (
        "快走吧，路上一定要注意安全，早去早回。您的余额是一万二千三百四十五元，请在二零二六年十一月二十六日前缴费。重要提示。"
    )
    assert [name for s in read_script(script)[-1].sentences for _, name in s.bookmarks] == ["paid"]  # type: ignore[union-attr]


def test_alibaba_s_ssml_runs_unchanged() -> None:
    """say-as, sub, py pinyin, its emotion element, breaks."""
    script = read(ALIBABA)
    first, happy, pause, end = script.items
    assert isinstance(first, Passage)
    assert isinstance(happy, Passage)
    assert happy.manner == Manner(emotion="happy", emotion_intensity=1.5)
    assert pause == Pause(0.5)
    assert isinstance(end, Passage)
    assert reading_of(read_script(script)).text.replace(" ", "") == (
        "幺幺四帮我查网络协议标准的电话。一百二十三开始。校验码是一二三四，单伟的包裹，富路国际一号楼三单元三零四，"
        "去典当行把这个玩意当掉。真好啊"
    )
    pinyin = [(c.char, c.pinyin) for c in reading_of(read_script(script)).characters if c.char in "单行当"]
    assert pinyin == [
        ("单", "shan4"), ("单", "dan1"), ("当", "dang4"), ("行", "hang2"), ("当", "dang4")
    ]  # fmt: skip


def test_alibaba_s_text_may_stand_around_speak() -> None:
    """Alibaba takes speak elements in the middle of a text, each with a voice, speed, pitch and volume of its own."""
    before, inside, after = read('你好<speak voice="xiaoyi" rate="500" pitch="-500" volume="100">甲</speak>再见').items
    assert isinstance(inside, Passage)
    assert inside.manner.voice == "xiaoyi"
    assert (inside.manner.speed, inside.manner.pitch) == (2.0, -12.0)
    assert inside.manner.volume == pytest.approx(6.02, abs=0.01)
    assert isinstance(before, Passage)
    assert isinstance(after, Passage)
    assert before.manner == after.manner == Manner()


@pytest.mark.parametrize(
    ("rate", "speed"), [("-500", 0.5), ("-125", 0.8), ("0", 1.0), ("166", 1.2), ("500", 2.0), ("1.5", 1.5)]
)
def test_alibaba_s_rates_are_those_it_documents(rate: str, speed: float) -> None:
    """Half to twice as fast, by the formula of its pages; CosyVoice writes the ratio itself."""
    (passage,) = read(f'<speak rate="{rate}">好</speak>').items
    assert isinstance(passage, Passage)
    assert passage.manner.speed == pytest.approx(speed, abs=0.001)


# --- one element after the other --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "seconds"),
    [
        ("<break/>", 0.75),
        ('<break strength="none"/>', 0.0),
        ('<break strength="x-strong"/>', 1.25),
        ('<break time="200ms"/>', 0.2),
        ('<break time="1.5s" strength="weak"/>', 1.5),
        ('<mstts:silence type="Leading" value="2s"/>', 2.0),
    ],
)
def test_a_break_is_a_pause(element: str, seconds: float) -> None:
    """Its time decides, else its strength, else medium."""
    assert items(f"你{element}好")[1] == Pause(seconds)


@pytest.mark.parametrize(
    ("prosody", "wanted"),
    [
        ('rate="slow"', Manner(speed=0.64)),
        ('rate="1.2"', Manner(speed=1.2)),
        ('rate="-50%"', Manner(speed=0.5)),
        ('rate="80%"', Manner(speed=0.8)),
        ('pitch="+2st"', Manner(pitch=2.0)),
        ('pitch="-1.5ST"', Manner(pitch=-1.5)),
        ('pitch="+100%"', Manner(pitch=12.0)),
        ('pitch="default"', Manner()),
        ('volume="+6dB"', Manner(volume=6.0)),
        ('volume="50"', Manner(volume=20 * math.log10(0.5))),
        ('volume="soft"', Manner(volume=-6.0)),
        ('volume="silent"', Manner(volume=-math.inf)),
        ('volume="0"', Manner(volume=-math.inf)),
    ],
)
def test_prosody_in_every_spelling(prosody: str, wanted: Manner) -> None:
    """Words, ratios, percentages, semitones, decibels."""
    found = manner(f"<prosody {prosody}>好</prosody>")
    assert (found.speed, found.pitch, found.volume) == pytest.approx((wanted.speed, wanted.pitch, wanted.volume))


def test_changes_inside_each_other_add_up() -> None:
    """A percentage counts from what is around it, a word from the request."""
    assert manner('<prosody rate="+20%"><prosody rate="+50%">好</prosody></prosody>').speed == pytest.approx(1.8)
    assert manner('<prosody rate="+20%"><prosody rate="medium">好</prosody></prosody>').speed == 1.0
    assert manner('<prosody pitch="+2st"><prosody pitch="+1st">好</prosody></prosody>').pitch == 3.0


def test_emphasis_is_longer_and_louder() -> None:
    """By its level; none and reduced are there too."""
    strong, moderate = manner('<emphasis level="strong">好</emphasis>'), manner("<emphasis>好</emphasis>")
    assert strong.speed < moderate.speed < 1.0
    assert strong.volume > moderate.volume > 0.0
    assert manner('<emphasis level="none">好</emphasis>') == Manner()


@pytest.mark.parametrize(
    ("element", "reading"),
    [
        ('<say-as interpret-as="cardinal">1,234.5</say-as>', "一千二百三十四点五"),
        ('<say-as interpret-as="number">-20</say-as>', "负二十"),
        ('<say-as interpret-as="ordinal">3</say-as>', "第三"),
        ('<say-as interpret-as="digits">2026</say-as>', "二零二六"),
        ('<say-as interpret-as="telephone">010-6234</say-as>', "零幺零、六二三四"),
        ('<say-as interpret-as="date" format="mdy">11/26/2026</say-as>', "二零二六年十一月二十六日"),
        ('<say-as interpret-as="date">11-26</say-as>', "十一月二十六日"),
        ('<say-as interpret-as="date">20261126</say-as>', "二零二六年十一月二十六日"),
        ('<say-as interpret-as="time" format="hms12">2:05pm</say-as>', "下午两点零五分"),
        ('<say-as interpret-as="duration">1:30:15</say-as>', "一小时三十分钟十五秒"),
        ('<say-as interpret-as="currency">￥1,234.5</say-as>', "一千二百三十四点五元"),
        ('<say-as interpret-as="currency" detail="USD">50</say-as>', "五十美元"),
        ('<say-as interpret-as="characters">A1-b</say-as>', "A一杠B"),
        ('<say-as interpret-as="punctuation">你好！</say-as>', "你好感叹号"),
        ('<say-as interpret-as="fraction">3/4</say-as>', "四分之三"),
        ('<say-as interpret-as="address">10号楼1204室</say-as>', "十号楼幺二零四室"),
        ('<say-as interpret-as="id">dell0101</say-as>', "D E L L零幺零幺"),
        ('<say-as interpret-as="measure">5kg</say-as>', "五千克"),
        ('<sub alias="万维网联盟">W3C</sub>', "万维网联盟"),
    ],
)
def test_what_is_written_is_said_as_asked(element: str, reading: str) -> None:
    """say-as in all its kinds, and sub."""
    assert said(element) == reading


def test_pinyin_is_given_in_every_spelling() -> None:
    """Alibaba's, Azure's, and ours; erhua in one syllable or in two."""
    for ph, alphabet in (("chong2 qing4", "py"), ("chong 2 - qing 4", "sapi"), ("Chong2'qing4", "x-microsoft-sapi")):
        (passage,) = items(f'<phoneme alphabet="{alphabet}" ph="{ph}">重庆</phoneme>')
        assert isinstance(passage, Passage)
        assert passage.text.readings == {0: "chong2", 1: "qing4"}
    for ph in ("huar1", "hua1 r5"):
        (passage,) = items(f'<phoneme alphabet="py" ph="{ph}">花儿</phoneme>')
        assert isinstance(passage, Passage)
        assert passage.text.readings == {0: "hua1", 1: "r5"}
    (passage,) = items("重(chong2)新")
    assert isinstance(passage, Passage)
    assert (passage.text.text, passage.text.readings) == ("重新", {0: "chong2"})


def test_paragraphs_and_sentences_end_what_was_written_before_them() -> None:
    """s ends a sentence even without a stop, p a paragraph; the rests are those of a full stop and a line break."""
    (said,) = read_script(read("<speak><p>一<s>二</s>三。</p><p>四</p>五</speak>"))
    rests = [(s.text.rstrip("。\n"), s.pause) for s in said.sentences]  # type: ignore[union-attr]
    assert rests == [("一", 0.45), ("二", 0.45), ("三", 0.7), ("四", 0.7), ("五", 0.2)]


def test_the_cast_of_a_dialogue() -> None:
    """A name that is given to a voice is a role; others are voices, by Azure's long names too."""
    cast = manner('<voice name="店员">好</voice>', 店员="xiaobei")
    assert (cast.voice, cast.role) == ("xiaobei", "店员")
    long = "Microsoft Server Speech Text to Speech Voice (zh-CN, XiaoyiNeural)"
    assert manner(f'<voice name="{long}" gender="Female">好</voice>') == Manner(voice="xiaoyi")
    assert manner('<voice name="zh-CN-XiaoyiNeural">好</voice>', **{"zh-CN-XiaoyiNeural": "yunxi"}).voice == "yunxi"
    assert manner('<voice name="xiaobei(2)+yunxi(1)">好</voice>').voice == "xiaobei(2)+yunxi(1)"


def test_a_mark_divides_nothing() -> None:
    """It lies on the character behind it; between pauses it is an item of its own."""
    (passage,) = items('银<mark name="m"/>行')
    assert isinstance(passage, Passage)
    assert (passage.text.text, passage.text.bookmarks) == ("银行", ((1, "m"),))
    assert items('好<break/><mark name="m"/><break/>')[1:] == (Pause(0.75), Mark("m"), Pause(0.75))


def test_a_recording_of_one_s_own_lies_between() -> None:
    """Its stand-in text is not spoken and does not count."""
    script = read('<speak>你<audio src="history:0b4f2c1e-0000-4000-8000-000000000000">铃声</audio>好</speak>')
    assert script.items[1] == Clip("history:0b4f2c1e-0000-4000-8000-000000000000")
    assert script.plain == "你好"


# --- what counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("<speak>\n  你好\n  世界  \n</speak>", "你好世界"),
        ("<speak>hello\n world <emphasis>again</emphasis> now</speak>", "hello world again now"),
        ("<speak>\n<p>\n你好\n</p>\n<p> 世界 </p></speak>", "你好世界"),
        ('<speak>重(chong2)新<sub alias="甲乙">x</sub></speak>', "重新甲乙"),
        ("<speak>1 &lt; 2 &amp; 3</speak>", "1 < 2 & 3"),
        ("<speak>你 <break/> 好</speak>", "你好"),
    ],
)
def test_what_counts_is_the_text_without_tags(source: str, plain: str) -> None:
    """White space of the layout says nothing; an alias is what is spoken, so it counts."""
    assert read(source).plain == plain


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "place", "names"),
    [
        ("<speak>你\n  <blink>好</blink></speak>", "Line 2, column 3", "<blink>"),
        ('<speak>你<break tim="1s"/></speak>', "Line 1, column 9", "'tim'"),
        ('<speak>\n你<break time="soon"/></speak>', "Line 2, column 2", "time='soon'"),
        ('<speak><prosody pitch="600Hz">好</prosody></speak>', "Line 1, column 8", "Hz"),
        ('<speak><prosody contour="(0%,+20Hz)">好</prosody></speak>', "Line 1, column 8", "'contour'"),
        ('<speak><prosody volume="+99dB">好</prosody></speak>', "Line 1, column 8", "no louder"),
        ('<speak><prosody rate="-100%">好</prosody></speak>', "Line 1, column 8", "rate"),
        ('<speak><say-as interpret-as="song">好</say-as></speak>', "Line 1, column 8", "song"),
        ('<speak><say-as interpret-as="cardinal">好</say-as></speak>', "Line 1, column 8", "number"),
        ('<speak><phoneme alphabet="ipa" ph="t">好</phoneme></speak>', "Line 1, column 8", "pinyin"),
        ('<speak><phoneme alphabet="ups" ph="t">好</phoneme></speak>', "Line 1, column 8", "ups"),
        ('<speak><phoneme ph="hao3 a1">好</phoneme></speak>', "Line 1, column 8", "2 syllables for 1 Hanzi"),
        ('<speak><phoneme ph="qqq1">好</phoneme></speak>', "Line 1, column 8", "qqq1"),
        ('<speak><emotion category="bored">好</emotion></speak>', "Line 1, column 8", "bored"),
        ('<speak><mstts:express-as style="newscast">好</mstts:express-as></speak>', "Line 1, column 8", "newscast"),
        ('<speak><audio src="https://example.com/a.wav"/></speak>', "Line 1, column 8", "history:ID"),
        ("<speak><voice>好</voice></speak>", "Line 1, column 8", "'name'"),
        ("<speak><break>好</break></speak>", "Line 1, column 8", "<break>"),
        ("<speak><sub alias='a'><break/></sub></speak>", "Line 1, column 23", "<sub>"),
        ("<speak><speak>好</speak></speak>", "Line 1, column 8", "<speak>"),
        ("你好<break/>", "Line 1, column 3", "<speak>"),
        ('<speak xml:lang="ja-JP">好</speak>', "Line 1, column 1", "xml:lang"),
        ('<speak bgm="x">好</speak>', "Line 1, column 1", "'bgm'"),
        ("<speak>你好", "Line 1, column", "no XML"),
        ("<speak>a & b</speak>", "Line 1, column", "no XML"),
    ],
)
def test_what_is_unknown_is_refused_where_it_stands(source: str, place: str, names: str) -> None:
    """Line and column, and what is wrong there; nothing is passed over."""
    message = refusal(source)
    assert message.startswith(place)
    assert names in message


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    "source",
    [
        f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "lol">{LAUGHS}]><speak>&l9;</speak>',
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        '<!DOCTYPE s SYSTEM "http://127.0.0.1/evil.dtd"><speak>好</speak>',
        '<!DOCTYPE s [<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;]><speak>好</speak>',
    ],
    ids=["billion laughs", "external entity", "external document type", "parameter entity"],
)
def test_a_document_type_is_refused(source: str) -> None:
    """And with it whatever its entities would have done."""
    assert "document type" in refusal(source)


def test_what_is_too_much_is_refused() -> None:
    """Each by a limit of its own, in less than the work it asks for."""
    assert "too deep" in refusal("<speak>" + "<p>" * 100_000, characters=10**6)
    assert "one too many" in refusal("<speak>" + "<emphasis/>" * 2000 + "</speak>")
    assert "tags included" in refusal("<speak>" + "好" * 70_000 + "</speak>")
    assert "at most 20 seconds" in refusal('<speak><break time="21s"/></speak>')
    assert "600 seconds" in refusal("<speak>" + '<break time="20s"/>' * 31 + "</speak>")
    clip = '<audio src="history:0b4f2c1e-0000-4000-8000-000000000000"/>'
    assert "20 recordings" in refusal("<speak>" + clip * 21 + "</speak>")


PIECES = st.sampled_from(
    ["<speak>", "</speak>", "<p>", "</p>", "<break/>", '<break time="', '1s"/>', "你好。", "1 2", "&lt;", "&x;", "<",
     '<prosody rate="', '+1%">', "</prosody>", '<mark name="m"/>', "<!--", "-->", "<![CDATA[", "]]>", "<?a?>", "\n",
     '<say-as interpret-as="', 'date">', 'telephone">', 'time">', "</say-as>",
     '<phoneme ph="ni3">', "</phoneme>", "\x00", "😀"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_read_or_refused(source: str) -> None:
    """Whatever comes, it is a script that can be read, or an error that says why; never a fault of ours."""
    try:
        read_script(read(source))
    except TextError as refused:
        assert str(refused)
