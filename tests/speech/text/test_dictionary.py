"""The pronunciation dictionary: which words of a text are found, and what is said in their place."""

import pytest

from tts_engine.speech.errors import EntryError
from tts_engine.speech.text import read
from tts_engine.speech.text.dictionary import Dictionary, Entry, Kind, make_entry


def dictionary(**said: str) -> Dictionary:
    """Pinyin where the value ends in a tone, else a replacement."""
    return Dictionary(
        make_entry(word, Kind.PINYIN if value[-1].isdigit() else Kind.REPLACEMENT, value)
        for word, value in said.items()
    )


def pinyin(text: str, entries: Dictionary) -> str:
    return " ".join(c.pinyin or c.char for c in read(text, entries).characters)


def test_a_word_has_the_pinyin_of_its_entry() -> None:
    """Wherever it stands, against whatever the front end would say."""
    assert pinyin("银行长沙。", Dictionary()) == "yin2 hang2 chang2 sha1 。"
    assert pinyin("银行长沙。", dictionary(行长="xing2 zhang3")) == "yin2 xing2 zhang3 sha1 。"


def test_a_word_is_replaced_before_the_text_is_normalised() -> None:
    """What is put in is read like any text: numbers, units and pronunciation marks too."""
    entries = dictionary(AI="人工智能", 半价="5折", 重庆="重(zhong4)庆")
    assert read("AI半价。", entries).text == "人工智能五折。"
    assert pinyin("重庆", entries) == "zhong4 qing4"


def test_the_leftmost_then_the_longest_word_is_taken() -> None:
    """What begins inside a word that was found does not count, and what was put in is not looked at again."""
    entries = dictionary(中国="甲", 中国人民="乙", 人民银行="丙", 银行="丁", 甲="戊")
    assert read("中国人民银行", entries).text == "乙丁"
    assert read("中国银行", entries).text == "甲丁"
    assert read("人民银行", entries).text == "丙"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AI很好", "人工智能很好"),
        ("用AI。", "用人工智能。"),
        ("AIR", "AIR"),
        ("MAIL", "MAIL"),
        ("ai", "ai"),
        ("8GB", "八吉字节"),
        ("AI2", "人工智能二"),
        ("GBP", "GBP"),
        ("24小时", "二十四小时"),
        ("4号", "特号"),
        ("14号", "十四号"),
    ],
)
def test_a_word_of_letters_is_no_part_of_a_longer_one(text: str, said: str) -> None:
    """Nor one of digits of a longer number; letters and digits may touch; capitals count."""
    assert read(text, dictionary(AI="人工智能", GB="吉字节", **{"4号": "特号", "4小时": "无"})).text == said


def test_the_writers_mark_wins() -> None:
    """It keeps its reading under pinyin, and its word from being replaced."""
    assert pinyin("重(zhong4)庆", dictionary(重庆="chong2 qing2")) == "zhong4 qing2"
    assert pinyin("重(zhong4)庆人。重庆", dictionary(重庆="山城")) == "zhong4 qing4 ren2 。 shan1 cheng2"


def test_marks_elsewhere_stay_on_their_characters() -> None:
    """A replacement of another length moves them along."""
    assert pinyin("AI和行(hang2)长(chang2)", dictionary(AI="人工智能")).endswith("he2 hang2 chang2")


def test_the_entries_that_occur_do_what_the_whole_dictionary_does() -> None:
    """So a request need keep no more than these."""
    entries = dictionary(中国="甲", 中国人民="乙", 人民="丙", 银行="丁", 长="zhang3", AI="人工智能")
    text = "中国人民银行长AI，MAIL，长(chang2)。"
    found = entries.found_in("中国人民银行长AI，MAIL，长。")
    assert [entry.word for entry in found] == ["中国人民", "银行", "长", "AI"]
    assert read(text, Dictionary(found)) == read(text, entries) != read(text)


def test_a_word_that_is_not_all_chinese_has_pinyin_for_its_chinese() -> None:
    """One syllable for each of these."""
    assert pinyin("T恤", dictionary(T恤="xu1")) == "T xu1"


@pytest.mark.parametrize(
    ("word", "written", "kept"),
    [
        ("重庆", "chong2 qing4", "chong2 qing4"),
        (" 重庆 ", "chóng qìng", "chong2 qing4"),
        ("重庆", "Chong2qing4", "chong2 qing4"),
        ("绿色", "lǜ sè", "lv4 se4"),
        ("绿色", "lu:4 sè", "lv4 se4"),
        ("女儿", "nü3'er2", "nv3 er2"),
        ("花儿", "hua1 r5", "hua1 r5"),
        ("长", "zha\u030cng", "zhang3"),
    ],
)
def test_pinyin_in_any_common_spelling(word: str, written: str, kept: str) -> None:
    """Digits or accents for the tones, v, u: or ü, with spaces or without."""
    assert make_entry(word, Kind.PINYIN, written) == Entry(word.strip(), Kind.PINYIN, kept)


@pytest.mark.parametrize(
    ("word", "kind", "value", "param", "reason"),
    [
        ("", Kind.PINYIN, "hao3", "word", "empty"),
        ("好", Kind.PINYIN, " ", "pinyin", "empty"),
        ("好", Kind.REPLACEMENT, "", "replacement", "empty"),
        ("好\n人", Kind.REPLACEMENT, "x", "word", "control_character"),
        ("好", Kind.REPLACEMENT, "a\x00b", "replacement", "control_character"),
        ("好", Kind.PINYIN, "hao", "pinyin", "no_syllable"),
        ("好", Kind.PINYIN, "hao6", "pinyin", "no_syllable"),
        ("好", Kind.PINYIN, "háǒ", "pinyin", "no_syllable"),
        ("好", Kind.PINYIN, "hoa3", "pinyin", "no_syllable"),
        ("好", Kind.PINYIN, "1", "pinyin", "no_syllable"),
        ("好", Kind.PINYIN, "\u030c", "pinyin", "no_syllable"),
        ("好人", Kind.PINYIN, "hao3", "pinyin", "syllable_count"),
        ("AI", Kind.PINYIN, "ai4", "pinyin", "no_hanzi"),
    ],
)
def test_what_is_no_entry(word: str, kind: Kind, value: str, param: str, reason: str) -> None:
    """Refused, with the member at fault and the reason."""
    with pytest.raises(EntryError) as refusal:
        make_entry(word, kind, value)
    assert (refusal.value.param, refusal.value.reason) == (param, reason)
    assert "{" not in str(refusal.value)


def test_a_message_quotes_no_more_than_helps() -> None:
    """However long what was written is."""
    with pytest.raises(EntryError) as refusal:
        make_entry("好", Kind.PINYIN, "x" * 100_000)
    assert len(str(refusal.value)) < 300
