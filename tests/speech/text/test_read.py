"""What is written and what is said: numbers, money, dates, marks, and what cannot be read at all."""

import pytest

from tts_engine.speech.errors import ControlCharacter, EmptyText, NothingToSay
from tts_engine.speech.text import plain_text, read

SAID = {
    "2024年1月1日": "二零二四年一月一日",
    "¥1,234.56": "一千二百三十四点五六元",
    "￥25.5元": "二十五点五元",
    "-98%": "负百分之九十八",
    "-1/3": "负三分之一",
    "5kg": "五千克",
    "30℃": "三十摄氏度",
    "3-5天": "三到五天",
    "第110111111": "第一亿一千零一十一万一千一百一十一",
}


@pytest.mark.parametrize("written", SAID)
def test_written_forms_are_said_in_words(written: str) -> None:
    """Each as a person would read it aloud."""
    assert read(written).text == SAID[written]


def test_a_mark_decides_the_reading_and_is_not_counted() -> None:
    """字(zi4) is honoured; the mark itself is neither spoken nor part of the plain text."""
    assert plain_text("重(chong2)庆") == "重庆"
    assert [c.pinyin for c in read("行(xing2)长(chang2)").characters] == ["xing2", "chang2"]


@pytest.mark.parametrize(("text", "error"), [(" \n", EmptyText), ("你\x00好", ControlCharacter), ("😀", NothingToSay)])
def test_what_cannot_be_read_is_refused(text: str, error: type[Exception]) -> None:
    """Each by an error of its own."""
    with pytest.raises(error):
        read(text)
