"""Where sentences and characters are heard: counted in samples, kept, joined, rewritten."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_voice_info
from tts_engine.speech.speak import Line, join
from tts_engine.speech.text import read
from tts_engine.speech.text.script import Manner
from tts_engine.speech.text.types import Break, Stretch
from tts_engine.speech.timeline import SentenceTimes, Timekeeper, Timeline, joined
from tts_engine.speech.voice import CharacterTime, Chunk, Samples, Style, Utterance

RATE = 24_000
STYLE = Style("test")
VOICE = replace(make_voice_info("test", batch_size=1), sample_rate=RATE)


def keep(text: str, chunks: Iterable[list[Chunk]]) -> Timeline:
    """The timeline of a text whose sentences a voice spoke like that."""
    utterances = [Utterance(sentence, STYLE) for sentence in read(text).sentences]
    keeper = Timekeeper([(utterance.sentence, "test") for utterance in utterances], RATE)
    lines = [Line(utterance, VOICE, Manner()) for utterance in utterances]
    for _ in keeper.listen(join(lines, chunks, RATE)):
        pass
    return keeper.timeline


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def test_sentences_lie_one_after_the_other() -> None:
    """Each counts from where it begins: after the one before, and the pause behind that."""
    one = [Chunk(silence(1.0), (CharacterTime("好", 0.25, 0.75), CharacterTime("。", 0.75, 1.0)))]
    first, second = keep("好。好。", [one, one]).sentences
    assert (first.starts, first.ends) == ((6000, 18000), (18000, 24000))
    assert second.starts[0] == first.starts[0] + RATE + round(0.45 * RATE)


def test_what_a_voice_does_not_mention_is_there() -> None:
    """It lies at its sentence's end, so that the next one has its own characters."""
    unmentioned = [Chunk(silence(1.0), (CharacterTime("好", 0.0, 0.5),))]
    first, second = keep("好。走！", [unmentioned, [Chunk(silence(0.5))]]).sentences
    assert (first.characters, first.starts) == ("好。", (0, RATE))
    assert (second.characters, set(second.starts)) == ("走！", {round(1.95 * RATE)})


def test_characters_do_not_overlap() -> None:
    """Where a voice has the next begin before one has ended, it begins then."""
    times = (CharacterTime("好", 0.0, 0.5), CharacterTime("。", 0.4, 0.45))
    (sentence,) = keep("好。", [[Chunk(silence(0.6), times)]]).sentences
    assert (sentence.starts, sentence.ends) == ((0, 12000), (12000, 12000))


def test_no_character_lies_behind_the_audio() -> None:
    """Where silence was cut off at the end, its mark ends there."""
    utterance = Utterance(read("好。").sentences[0], STYLE)
    keeper = Timekeeper([(utterance.sentence, "test")], RATE)
    times = (CharacterTime("好", 0.0, 0.5), CharacterTime("。", 0.5, 0.9))
    list(keeper.listen([Chunk(silence(0.6), times)]))
    assert keeper.timeline.sentences[0].ends == (12000, 14400)


def test_news_come_once() -> None:
    """A sentence is told when its last character has begun, with its number."""
    utterances = [Utterance(sentence, STYLE) for sentence in read("好。走！").sentences]
    keeper = Timekeeper([(utterance.sentence, "test") for utterance in utterances], RATE)
    stream = keeper.listen([Chunk(silence(1), (CharacterTime(char, 0.1, 0.2),)) for char in "好。走！"])
    told = [keeper.news() for _ in stream]
    assert [(first, len(heard.sentences)) for first, heard in told] == [(0, 0), (0, 1), (1, 0), (1, 1)]


places = st.lists(st.integers(0, 10**9), min_size=4, max_size=4).map(sorted)


@given(places, st.sampled_from(["", "晓晓", "旁白(2)"]))
def test_it_is_kept_as_it_is(places: list[int], speaker: str) -> None:
    """Unpacked it is equal to what was packed."""
    written = (Stretch("5 ", 1, Break.PHRASE), Stretch("个", 1, Break.SENTENCE))
    sentence = SentenceTimes("五个", (places[0], places[2]), (places[1], places[3]), written, speaker)
    timeline = Timeline(RATE, (sentence, sentence))
    assert Timeline.unpack(timeline.pack()) == timeline


def test_it_is_small() -> None:
    """Ten bytes a character at most, beside some two thousand of MP3."""
    text = "保险公司的客服中心会给您打电话，请您保持手机畅通。" * 20
    spoken = [
        [Chunk(silence(6), tuple(CharacterTime(c, i * 0.217, i * 0.217 + 0.2) for i, c in enumerate(sentence.text)))]
        for sentence in read(text).sentences
    ]
    assert len(keep(text, spoken).pack()) < 10 * len(text)


def test_the_written_text_is_what_is_shown() -> None:
    """2026 is heard while 二零二六 is said; rewritten it shows what another wrote for the same."""
    text = "2026年有5 个。"
    said = read(text).sentences[0].text
    spoken = [Chunk(silence(2), tuple(CharacterTime(char, i / 10, (i + 1) / 10) for i, char in enumerate(said)))]
    timeline = keep(text, [spoken])
    (sentence,) = timeline.timed()
    assert [(s.text, round(s.start, 3), round(s.end, 3)) for s in sentence.stretches[:2]] == [
        ("2026", 0.0, 0.4),
        ("年", 0.4, 0.5),
    ]
    (other,) = timeline.rewritten(read("二零二六年有五个。").sentences).timed()
    assert (other.text, other.start, other.end) == ("二零二六年有五个。", sentence.start, sentence.end)
    assert sentence.text == text


@pytest.mark.parametrize("rate", [24_000, 16_000, 22_050])
def test_an_hour_does_not_drift(rate: int) -> None:
    """1,500 results in one file of 44.1 kHz: every sentence is where its samples are, to the microsecond."""
    one = SentenceTimes("好", (rate // 7,), (rate // 3,), (Stretch("好", 1),), "")
    lengths = [round((2.4 + n / 7001) * 44_100) for n in range(1_500)]
    offsets = np.cumsum([0, *lengths[:-1]]).tolist()
    heard = list(joined(((offset, Timeline(rate, (one,))) for offset in offsets), 44_100))
    assert sum(lengths) / 44_100 > 3600
    drift = [abs(s.start - (offset / 44_100 + rate // 7 / rate)) for s, offset in zip(heard, offsets, strict=True)]
    assert max(drift) < 1e-6
