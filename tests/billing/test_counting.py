"""Each Unicode character counts one; the facts let any vendor's rule be replayed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.counting import TextFacts, billable_characters, text_facts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \t\n\u3000 ", 0),
        ("你好", 2),
        ("你好，world!", 9),
        ("  你 好\n", 3),
        ("\u3000你好\u3000", 2),
        ("𠮷野家", 3),  # beyond the first plane: two UTF-16 units, one character
        ("😀", 1),
        ("👨‍👩‍👧", 5),  # three people and the two joiners between them
        ("é", 1),
        ("e\u0301", 2),  # as written: an accent of its own is a character of its own
        ("123", 3),
        ("第一行\n第二行", 7),
    ],
)
def test_billable_characters(text: str, count: int) -> None:
    """White space around is free, within it counts; Hanzi, letters, digits, marks and emoji count one each."""
    assert billable_characters(text) == count


@pytest.mark.parametrize(
    ("plain", "normalised", "facts"),
    [
        ("你好", "你好", TextFacts(2, 0, 4, 6, 2)),
        (" 123元 ", "一百二十三元", TextFacts(1, 3, 5, 6, 6)),
        ("二〇二六年", "二零二六年", TextFacts(5, 0, 10, 15, 5)),
        ("𠮷", "𠮷", TextFacts(1, 0, 4, 4, 1)),
        ("你好，A", "你好，A", TextFacts(2, 2, 7, 10, 4)),
        ("かな한", "かな한", TextFacts(0, 3, 8, 9, 3)),  # GBK has kana in two bytes and Hangul not at all
        ("😀", "", TextFacts(0, 1, 4, 4, 0)),
        ("", "", TextFacts(0, 0, 0, 0, 0)),
    ],
)
def test_text_facts(plain: str, normalised: str, facts: TextFacts) -> None:
    """Hanzi, others, bytes in GBK and UTF-8, and the length of what is read out."""
    assert text_facts(plain, normalised) == facts
    assert facts.hanzi + facts.other_characters == billable_characters(plain)


# Surrogates alone are no characters: no request can bring them, for they have no UTF-8.
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("声音坊𠮷〇1a。,é😀 \u3000"))


@given(texts, texts)
def test_every_character_is_counted_once(text: str, more: str) -> None:
    """A text is its Hanzi and the others; where words meet, the sum of two texts is the count of their whole."""
    facts = text_facts(text, text)
    assert facts.hanzi + facts.other_characters == billable_characters(text) == facts.normalised_characters
    joined = text.strip() + more.strip()
    assert billable_characters(joined) == billable_characters(text) + billable_characters(more)
    assert text_facts(joined, "").hanzi == facts.hanzi + text_facts(more, "").hanzi


@given(texts)
def test_bytes_are_those_of_the_encodings(text: str) -> None:
    """A character has one to four bytes in either, a Hanzi two in GBK or four, and three in UTF-8 or four."""
    facts = text_facts(text, text)
    assert facts.utf8_bytes == len(text.strip().encode())
    for count, least in ((facts.gbk_bytes, 2), (facts.utf8_bytes, 3)):
        assert facts.other_characters + least * facts.hanzi <= count <= 4 * billable_characters(text)
