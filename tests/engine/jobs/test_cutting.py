"""A long text in parts: not a character more or less, none too long, cut where one would pause."""

from hypothesis import given
from hypothesis import strategies as st

from tts_engine.jobs.cutting import cut, cut_tagged
from tts_engine.speech.text.tags import TAG

TEXTS = st.text(st.sampled_from("好天我a7 \n\u3000，。！”—…(4)"), max_size=200)


@given(text=TEXTS, most=st.integers(5, 40))
def test_nothing_is_lost(text: str, most: int) -> None:
    """The parts, one after the other, are the text."""
    assert "".join(cut(text, most=most)) == text


@given(text=TEXTS, most=st.integers(5, 40))
def test_no_part_is_longer_unless_it_ends_in_what_has_no_sound(text: str, most: int) -> None:
    """A part that nobody could speak alone goes with the one before it."""
    for part in cut(text, most=most):
        spoken = part.rstrip("，。！”—…() \n\u3000")
        assert len(spoken.strip()) <= most


def test_where_it_is_cut() -> None:
    """After the last paragraph that fits, else a sentence, else a comma, else a word."""
    assert list(cut("一段。\n二段。\n三段。", most=8)) == ["一段。\n二段。\n", "三段。"]
    assert list(cut("一句话。他说：“走！”走了。", most=11)) == ["一句话。他说：“走！”", "走了。"]
    assert list(cut("很长的一句话，没有停顿", most=9)) == ["很长的一句话，", "没有停顿"]
    assert list(cut("some long words here", most=9)) == ["some ", "long ", "words ", "here"]
    assert list(cut("天地玄黄宇宙洪荒", most=5)) == ["天地玄黄宇", "宙洪荒"]


def test_a_mark_stays_with_its_character() -> None:
    """字(zi4) is one thing."""
    assert list(cut("我们去重(chong2)庆玩", most=10)) == ["我们去", "重(chong2)庆", "玩"]


def test_what_has_no_sound_is_no_part() -> None:
    """A line of dashes ends the part before it; alone it stays what it is."""
    assert list(cut("一二三四五\n————\n", most=5)) == ["一二三四五\n————\n"]
    assert list(cut("——\n", most=5)) == ["——\n"]
    assert list(cut("", most=5)) == []
    assert list(cut("一" * 4 + " " * 50 + "二", most=4)) == ["一" * 4 + " " * 50, "二"]


PIECES = ("好天，", "a b", "a" * 9, "。\n", "[rate:1.2]", "[voice:x]")
TAGGED = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(text=TAGGED, most=st.integers(5, 40))
def test_no_tag_is_cut_and_nothing_is_lost(text: str, most: int) -> None:
    """Each tag of the text is whole in one part, however short the parts."""
    parts = list(cut_tagged(text, most=most))
    assert "".join(parts) == text
    assert [tag for part in parts for tag in TAG.findall(part)] == TAG.findall(text)


def test_what_only_changes_the_voice_is_no_part() -> None:
    """A tag goes with what it is for; nothing to be heard goes with what is before it."""
    assert list(cut_tagged("一二三。[voice:b]四五六。", most=13)) == ["一二三。", "[voice:b]四五六。"]
    assert list(cut_tagged("一二三四五六[pause:1s]", most=6)) == ["一二三四五六[pause:1s]"]
    assert list(cut_tagged("abc[pause:1,000ms]def", most=9)) == ["abc[pause:1,000ms]", "def"]
