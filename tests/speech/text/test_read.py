"""Pronunciations given by hand, and what cannot be read at all."""

import pytest

from tts_engine.speech.errors import ControlCharacter, EmptyText, NothingToSay
from tts_engine.speech.text import plain_text, read


def test_a_mark_decides_the_reading_and_is_not_counted() -> None:
    """字(zi4) is honoured; the mark itself is neither spoken nor part of the plain text."""
    assert plain_text("重(chong2)庆") == "重庆"
    assert [c.pinyin for c in read("行(xing2)长(chang2)").characters] == ["xing2", "chang2"]


@pytest.mark.parametrize(("text", "error"), [(" \n", EmptyText), ("你\x00好", ControlCharacter), ("😀", NothingToSay)])
def test_what_cannot_be_read_is_refused(text: str, error: type[Exception]) -> None:
    """Each by an error of its own."""
    with pytest.raises(error):
        read(text)
