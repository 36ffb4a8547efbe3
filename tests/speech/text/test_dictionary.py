"""The pronunciation dictionary: which words of a text are found, and what is said in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_engine.speech.errors import EntryError
from tts_engine.speech.text import Reading, plain_script, read_script, reading_of
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.dictionary import Dictionary, Entry, Kind, make_entry
from tts_engine.speech.text.script import Passage, Pause
from tts_engine.speech.text.ssml import read_ssml


def dictionary(**said: str) -> Dictionary:
    """Pinyin where the value ends in a tone, else a replacement."""
    return Dictionary(
        make_entry(word, Kind.PINYIN if value[-1].isdigit() else Kind.REPLACEMENT, value)
        for word, value in said.items()
    )


def read(text: str, entries: Dictionary) -> Reading:
    return reading_of(read_script(entries.apply(plain_script(text))))


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
    found = entries.found_in(plain_script(text))
    assert [entry.word for entry in found] == ["中国人民", "银行", "长", "AI"]
    assert read(text, Dictionary(found)) == read(text, entries) != read(text, Dictionary())


FEW = "甲乙丙A1"  # so that words meet, overlap and touch
WORDS = st.sets(st.text(FEW, min_size=1, max_size=4), max_size=8)


@given(WORDS, st.text(FEW, max_size=12))
def test_any_text_with_any_words(words: set[str], text: str) -> None:
    """What is found is what trying every word at every place from the left finds, and enough to say the same again."""
    entries = Dictionary(Entry(word, Kind.REPLACEMENT, f"{word}。") for word in words)
    expected, at = [], 0
    while at < len(text):
        standing = [word for word in words if text.startswith(word, at) and not runs_on(text, at, at + len(word))]
        longest = max(standing, key=len, default="")
        expected += [(at, longest)] if longest else []
        at += len(longest) or 1
    assert [(match.start, match.entry.word) for match in entries.matches(text)] == expected
    script = plain_script(text)
    assert Dictionary(entries.found_in(script)).apply(script) == entries.apply(script)


def runs_on(text: str, start: int, end: int) -> bool:
    """Letters or digits go on beyond the word."""
    edges = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
    return "AA" in edges or "11" in edges


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
        ("好", Kind.SSML, "<sub>", "ssml", "ssml"),
        ("好", Kind.SSML, "a & b", "ssml", "ssml"),
        ("好", Kind.SSML, "<!DOCTYPE x><speak>好</speak>", "ssml", "ssml"),
        ("好", Kind.SSML, '<phoneme alphabet="py" ph="hoa3">好</phoneme>', "ssml", "ssml"),
        ("好", Kind.SSML, "<break time='1h'/>", "ssml", "ssml"),
        ("好", Kind.SSML, "<break time='1s'/>", "ssml", "ssml_elements"),
        ("好", Kind.SSML, "<prosody rate='2'>好</prosody>", "ssml", "ssml_elements"),
        ("好", Kind.SSML, "<voice name='yunxi'>好</voice>", "ssml", "ssml_elements"),
        ("好", Kind.SSML, "好<mark name='a'/>", "ssml", "ssml_elements"),
        ("好", Kind.SSML, "<speak></speak>", "ssml", "ssml_elements"),
        ("GIF", Kind.SSML, '<phoneme alphabet="ipa" ph="dʒɪf">GIF</phoneme>', "ssml", "ssml_elements"),
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
    assert len(str(refusal.value)) < 500


def items(text: str, entries: Dictionary) -> list[str | float]:
    """The passages' texts and the pauses' seconds."""
    found: list[str | float] = []
    for item in entries.apply(read_ssml(text, {}, Limits()) if text[0] == "<" else plain_script(text)).items:
        if isinstance(item, Passage):
            found.append(item.text.text)
        elif isinstance(item, Pause):
            found.append(item.seconds)
    return found


def ssml(word: str, value: str) -> Dictionary:
    return Dictionary([make_entry(word, Kind.SSML, value)])


def test_a_word_is_said_as_its_ssml() -> None:
    """Pronounced, substituted, said as digits: in its context, as if it had been written so there."""
    entries = ssml("重庆", '<phoneme alphabet="py" ph="zhong4 qing4">重庆</phoneme>')
    assert pinyin("在重庆。", entries) == "zai4 zhong4 qing4 。"
    assert items("有AI。", ssml("AI", "<sub alias='人工智能'>AI</sub>")) == ["有人工智能。"]
    assert read("打110。", ssml("110", '<say-as interpret-as="telephone">110</say-as>')).text == "打幺幺零。"


def test_a_pause_in_a_word_s_ssml_divides_the_text() -> None:
    """Of just its length; what is on either side is spoken in the same manner."""
    entries = ssml("慢走", "慢<break time='300ms'/>走")
    assert items("请慢走。", entries) == ["请慢", 0.3, "走。"]
    script = entries.apply(read_ssml("<speak><prosody rate='2'>请慢走</prosody></speak>", {}, Limits()))
    assert [item.manner.speed for item in script.items if isinstance(item, Passage)] == [2.0, 2.0]


def test_words_of_ssml_are_found_too() -> None:
    """In what is said, whatever marks a place in it; what its author pronounced wins."""
    entries = dictionary(重庆="chong2 qing4", AI="人工智能")
    assert items("<speak>A<mark name='m'/>I和AI</speak>", entries) == ["人工智能和人工智能"]
    script = read_ssml('<speak><phoneme alphabet="py" ph="zhong4 qing4">重庆</phoneme>和重庆</speak>', {}, Limits())
    reading = reading_of(read_script(entries.apply(script)))
    assert [c.pinyin for c in reading.characters] == ["zhong4", "qing4", "he2", "chong2", "qing4"]


def test_bookmarks_stay_where_they_were() -> None:
    """Before the word that is replaced, and at the end of all."""
    script = read_ssml("<speak>用<mark name='a'/>AI好<mark name='b'/></speak>", {}, Limits())
    (passage,) = dictionary(AI="人工智能").apply(script).items
    assert isinstance(passage, Passage)
    assert (passage.text.text, passage.text.bookmarks) == ("用人工智能好", ((1, "a"), (6, "b")))


def test_what_was_written_is_counted() -> None:
    """A dictionary leaves the plain text alone."""
    script = plain_script("用AI。")
    assert dictionary(AI="人工智能").apply(script).plain == script.plain
