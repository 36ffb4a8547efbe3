"""Subtitles as independent parsers read them, and what no cue may do."""

import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
import srt
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_timeline
from tts_engine.speech.audio.subtitles import LIMITS, SUBTITLES, Level, Limits, cues, shown
from tts_engine.speech.text.types import Break
from tts_engine.speech.timeline import TimedSentence, TimedText

CALL = "2026年11月25日，保险公司的客服中心会给您打电话，请您保持手机畅通，谢谢您的配合。"
TEXT = CALL + "<b>他说</b>：“好，[走]--> {吧}。”涨了50% & Hello World！"


def timed(text: str, *, pace: float = 0.2) -> list[TimedSentence]:
    return list(make_timeline(text, pace=pace).timed())


def written(name: str, level: Level, *, named: bool = False, text: str = TEXT) -> str:
    return "".join(SUBTITLES[name].write(timed(text), level, named))


STRETCHES = st.tuples(
    st.sampled_from(["今天", "好", "，", "。", " ", "A\n", "——", "<&", "\n"]),
    st.integers(0, 40),  # a gap and a length, in twentieths of a second
    st.integers(0, 180),
    st.booleans(),
    st.sampled_from(Break),
)


def in_order(drawn: list[list[tuple[str, int, int, bool, Break]]]) -> list[TimedSentence]:
    now, sentences = 0, []
    for row in drawn:
        stretches = []
        for text, gap, length, sounds, after in row:
            stretches.append(TimedText(text, (now + gap) / 20, (now + gap + length) / 20, sounds, after))
            now += gap + length
        sentences.append(TimedSentence(tuple(stretches)))
    return sentences


SPEECH = st.lists(st.lists(STRETCHES, min_size=1, max_size=15), max_size=3).map(in_order)
"""Sentences of any text and any length."""


@given(SPEECH)
def test_cues_are_in_order_and_never_overlap(sentences: list[TimedSentence]) -> None:
    """Each begins where or after the one before ends, and none ends before it begins."""
    shown_ones = list(cues(sentences))
    assert all(cue.start <= cue.end for cue in shown_ones)
    assert all(before.end <= after.start for before, after in pairwise(shown_ones))


@given(SPEECH)
def test_every_character_is_in_one_cue(sentences: list[TimedSentence]) -> None:
    """Nothing is lost between lines, and nothing comes twice; a line of white space is none."""
    all_of_it = "".join(sentence.text for sentence in sentences)
    in_cues = "".join(stretch.text for cue in cues(sentences) for stretch in cue.stretches)
    assert re.sub(r"\s", "", in_cues) == re.sub(r"\s", "", all_of_it)


@given(SPEECH, st.integers(4, 30))
def test_lines_keep_to_their_limits(sentences: list[TimedSentence], width: int) -> None:
    """No wider and no longer than allowed, but for a stretch that is so by itself."""
    limits = Limits(width=width, longest=5.0)
    for cue in cues(sentences, limits):
        if len([stretch for stretch in cue.stretches if shown(stretch.text)]) > 1:
            assert sum(1 if ord(char) > 0x2000 else 0.5 for char in cue.text) <= width
            assert cue.stretches[-1].end - cue.stretches[0].start <= limits.longest


def test_a_short_cue_stays_while_it_may() -> None:
    """好。 is shown for five sixths of a second, unless the next line begins before."""
    first, second, last = cues(timed("好。走！他来了。", pace=0.1))
    assert first.end == second.start
    assert last.end - last.start == pytest.approx(LIMITS.shortest)


def test_a_long_sentence_is_divided_at_its_clauses() -> None:
    """At commas rather than within a phrase, and no line shows the comma at its end."""
    lines = [cue.text for cue in cues(timed(CALL))]
    assert lines == ["2026年11月25日", "保险公司的客服中心会给您打电话", "请您保持手机畅通，谢谢您的配合"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("你好，世界。", "你好，世界"),
        ("真的吗？", "真的吗？"),
        ("他说：“好。”", "他说：“好。”"),
        (" 你好 \n 世界； ", "你好 世界"),
        ("。", "。"),
    ],
)
def test_marks_at_the_end_of_a_line(text: str, line: str) -> None:
    """Commas and full stops go, question marks and what closes a quotation stay; never all of a line."""
    assert shown(text) == line


@pytest.mark.parametrize("level", Level)
def test_subrip_is_read_back(level: Level) -> None:
    """Numbered from 1, in milliseconds; what looks like a tag or an arrow cannot be taken for one."""
    parsed = list(srt.parse(written("srt", level, named=True)))
    assert [one.index for one in parsed] == list(range(1, len(parsed) + 1))
    assert all(before.end <= after.start for before, after in pairwise(parsed))
    assert parsed[0].start == timedelta(seconds=0.1)
    assert parsed[0].content == ("晓晓：2026年11月25日" if level is Level.SENTENCE else "晓晓：2026")
    assert not re.search(r"[<>{}]|-->", "".join(one.content for one in parsed))


@pytest.mark.parametrize("level", Level)
def test_webvtt_is_read_back(level: Level) -> None:
    """The same lines at both levels, and who speaks; timestamps lie inside the cue and rise."""
    file = written("vtt", level, named=True)
    parsed = webvtt.from_buffer(io.StringIO(file)).captions
    assert [cue.voice for cue in parsed] == ["晓晓"] * len(parsed)
    assert [cue.text for cue in parsed] == [
        cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for cue in cues(timed(TEXT))
    ]
    inside = [[cue.start, *re.findall(r"<([\d:.]+)>", cue.raw_text), cue.end] for cue in parsed]
    assert all(times == sorted(set(times)) for times in inside)
    assert (max(map(len, inside)) > 2) is (level is Level.CHARACTER)


def test_lrc_by_sentence() -> None:
    """A time and a line; a time alone where nothing follows."""
    assert written("lrc", Level.SENTENCE, text="你好。[走]！", named=True).splitlines() == [
        "[00:00.10]晓晓：你好",
        "[00:01.35]晓晓：［走］！",
        "[00:02.18]",
    ]


def test_lrc_by_character() -> None:
    """The enhanced form: a time before each character that sounds."""
    assert written("lrc", Level.CHARACTER, text="你好，走！").splitlines() == [
        "[00:00.10]<00:00.10>你<00:00.30>好，<00:00.70>走！",
        "[00:00.93]",
    ]


def test_json_tells_sentences_whole() -> None:
    """With their marks, as written, and at the level of characters each with its time."""
    told = json.loads(written("json", Level.CHARACTER))["sentences"]
    assert told[0]["text"] == CALL + "<"
    assert told[0]["characters"][:2] == [
        {"text": "2026", "start": 0.1, "end": 0.9},
        {"text": "年", "start": 0.9, "end": 1.1},
    ]
    assert "characters" not in json.loads(written("json", Level.SENTENCE))["sentences"][0]


@pytest.mark.parametrize("name", SUBTITLES)
def test_a_book_takes_no_more_memory_than_a_page(name: str) -> None:
    """A cue leaves before the next but one is made."""
    page = timed("保险公司的客服中心会给您打电话，请您保持手机畅通。")

    def peak(pages: int) -> int:
        def book() -> Iterator[TimedSentence]:
            for _ in range(pages):
                yield from page

        tracemalloc.start()
        for _ in SUBTITLES[name].write(book(), Level.CHARACTER, False):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert min(peak(100) for _ in range(3)) < 1.5 * peak(2)  # other threads of the tests' process may add theirs
