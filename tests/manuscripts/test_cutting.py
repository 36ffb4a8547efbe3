"""Long texts are cut where a reader would draw breath, and nothing is lost between the parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_engine.manuscripts import Book, Chapter, cut, parts_of

PROSE = st.text("天地玄黄宇宙洪荒。！？，；：、…”」 \nabc.,(hang2)1", max_size=400)


@given(PROSE, st.integers(1, 60))
def test_the_parts_joined_are_the_text(text: str, most: int) -> None:
    """To the last character that is heard."""
    parts = list(cut(text, most=most))
    assert "".join(parts) == text.rstrip()
    assert all(0 < len(part) <= most for part in parts)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("一二三四五六。\n七八九十。甲乙丙丁", "一二三四五六。\n"),
        ("一二三四五六。”七八九十甲乙丙", "一二三四五六。”"),
        ("一二三四五六，七八九十甲乙丙", "一二三四五六，"),
        ("一二三。四五六七八九十甲乙丙", "一二三。四五六七八九十"),
        ("一二三四五六七八行(hang2)业务很多", "一二三四五六七八"),
        ("一二三四1,000,000块多少钱", "一二三四1,000,0"),
        ("Chapter one ends here.", "Chapter "),
    ],
    ids=["paragraph", "sentence with its quote", "clause", "too early", "a reading stays", "no clause", "word"],
)
def test_a_part_ends_at_the_best_place(text: str, first: str) -> None:
    """Paragraph before sentence before clause, unless the part would be half empty."""
    assert next(cut(text, most=11)) == first


def test_no_part_reaches_into_another_chapter() -> None:
    """So that a chapter begins with a part."""
    book = Book((Chapter("甲", "一二三。四五六。"), Chapter("乙", "七八九。")))
    assert [(part.chapter, part.text) for part in parts_of(book, most=5)] == [
        ("甲", "一二三。"),
        ("甲", "四五六。"),
        ("乙", "七八九。"),
    ]
