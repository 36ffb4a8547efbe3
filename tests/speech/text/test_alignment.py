"""A reading knows how it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_engine.speech.errors import TextError
from tts_engine.speech.text import plain_text, read, read_script, reading_of
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.dictionary import Dictionary, Entry, Kind
from tts_engine.speech.text.ssml import read_ssml
from tts_engine.speech.text.types import Break


def written(text: str) -> list[tuple[str, int]]:
    return [(w.text, w.characters) for sentence in read(text).sentences for w in sentence.written]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026年好", [("2026", 4), ("年", 1), ("好", 1)]),
        ("涨了50%。", [("涨", 1), ("了", 1), ("50%", 5), ("。", 1)]),
        ("共 5 个", [("共 ", 1), ("5 ", 1), ("个", 1)]),
        ("重(chong2)庆", [("重", 1), ("庆", 1)]),
        ("用Hello吧", [("用", 1), ("Hello", 5), ("吧", 1)]),
        ("😀好😀吧\n", [("😀好😀", 1), ("吧\n", 1)]),
        ("1/2的人", [("1/2", 4), ("的", 1), ("人", 1)]),
        ("见a.cn。", [("见", 1), ("a.cn", 4), ("。", 1)]),
    ],
)
def test_what_is_said_otherwise_is_known_as_it_was_written(text: str, expected: list[tuple[str, int]]) -> None:
    """A number, a sign, a word are whole; spaces and what is not read belong to what is before them."""
    assert written(text) == expected


characters = st.sampled_from([*"今天好的，。！？“”（）《》、：\n 0123456789%$¥.-/~:年月日元Abc℃😀½"])


@given(st.lists(characters, max_size=80).map("".join))
def test_all_that_was_written_is_there_once(text: str) -> None:
    """The stretches are the whole plain text, in order, and say every character of their sentences."""
    try:
        reading = read(text)
    except TextError:
        return
    assert "".join(w.text for sentence in reading.sentences for w in sentence.written) == plain_text(text)
    for sentence in reading.sentences:
        assert sum(w.characters for w in sentence.written) == len(sentence.text)


def test_tags_ssml_and_dictionaries_keep_what_was_written() -> None:
    """What an entry has said for a word, what say-as says: the subtitles show the word."""
    entries = [Entry("WHO", Kind.REPLACEMENT, "世界卫生组织"), Entry("行长", Kind.PINYIN, "hang2 zhang3")]
    digits = '<say-as interpret-as="digits">12</say-as>'
    source = f'<speak>WHO的行长<mark name="m"/>有{digits}<voice name="yunxi">个</voice></speak>'
    script = read_ssml(source, {}, Limits())
    reading = reading_of(read_script(Dictionary(entries).apply(script)))
    shown = [(w.text, w.characters) for sentence in reading.sentences for w in sentence.written]
    assert shown == [("WHO", 6), ("的", 1), ("行", 1), ("长", 1), ("有", 1), ("12", 2), ("个", 1)]


def test_lines_break_after_marks_that_close_and_before_those_that_open() -> None:
    """A comma stays on its line, an opening quotation mark does not."""
    (sentence,) = read("他说，“你好”。").sentences
    breaks = {w.text: w.break_after for w in sentence.written}
    assert breaks["，"] is Break.CLAUSE
    assert breaks["说"] is breaks["“"] is breaks["好"] is Break.NONE


def test_how_it_was_written_makes_no_sentence_another() -> None:
    """5 个 and 五个 are read alike: equal, and alike in what cache keys are made of."""
    assert read("5 个").sentences == read("五个").sentences
    assert repr(read("5 个").sentences) == repr(read("五个").sentences)
