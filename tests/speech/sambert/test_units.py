"""What the Sambert voices are given to say, unit by unit."""

import json
import string
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tts_engine.speech.errors import UnknownUnit, VoiceUnavailable
from tts_engine.speech.text import Break, Character, Sentence, Word, WordKind, pinyin_syllables, read
from tts_engine.speech.voice import EMOTIONS
from tts_engine.speech.voices.sambert import english
from tts_engine.speech.voices.sambert.breaks import prosodic_words
from tts_engine.speech.voices.sambert.inventory import TABLES, Inventory, published
from tts_engine.speech.voices.sambert.syllables import mandarin, phones_of, table
from tts_engine.speech.voices.sambert.times import character_times
from tts_engine.speech.voices.sambert.tones import third_tones
from tts_engine.speech.voices.sambert.units import Unit, parse, runs_of, units_of, written

HERE = Path(__file__).parent
SENTENCES = [
    "您好，欢迎致电阿里云客服中心，请问有什么可以帮您？",
    "苹果、香蕉、葡萄和西瓜都打八折。",
    "我用OpenAI的API写了一个Python程序。",
    "“真的吗？”她惊讶地问道。",
    "女儿在幼儿园里学会了画画儿。",
    "北京市海淀区中关村大街27号，电话010-62514433。",
]


def units(text: str, emotion: str = "neutral") -> list[Unit]:
    return [unit for sentence in read(text).sentences for unit in units_of(sentence, emotion)]


def spoken(text: str) -> str:
    """The phones and tones of each syllable and the breaks: `n_c i_c 2 h_c ao_c 3 #4`."""
    out = []
    for unit in units(text):
        out.append(unit.sy)
        if unit.syllable_flag in ("s_end", "s_both"):
            out.append(unit.tone.removeprefix("tone"))
    return " ".join(out)


def grouped(text: str) -> str:
    """The prosodic words, each with its break: `我也#1不知道#4`."""
    return "".join(f"{w.text}#{w.break_after:d}" for s in read(text).sentences for w in prosodic_words(s))


def tones(text: str) -> str:
    words = [word for sentence in read(text).sentences for word in third_tones(prosodic_words(sentence))]
    return "".join(str(syllable.tone) for word in words for syllable in word.syllables)


def english_word(word: str) -> str:
    return ". ".join(f"{' '.join(s.phones)} {s.tone}" for s in english.syllables(word, 0))


@pytest.mark.parametrize(
    ("text", "file"), [("北京今天天气怎么样", "published_1.txt"), ("欢迎光临我们的店铺！", "published_2.txt")]
)
def test_published_sequences_come_out_token_for_token(text: str, file: str) -> None:
    """The two outputs of ModelScope's own front end that are public."""
    assert list(map(str, units(text))) == (HERE / file).read_text().split()


# --- Syllables ---


def test_every_syllable_has_its_units() -> None:
    """All 661 of the published table, and all that our front end can write, in all five tones."""
    assert len(table()) == 661
    named = {phone for phones in table().values() for phone in phones}
    named |= {phone for syllable in pinyin_syllables() - {"r"} for phone in phones_of(syllable)}
    assert named <= published().tables["sy"].keys()
    assert {f"tone{tone}" for tone in range(6)} <= published().tables["tone"].keys()


def test_erhua_is_a_final_with_r() -> None:
    """Each of the 250 erhua forms of the table is its plain syllable coloured by 儿."""
    forms = {form for form in table() if form.endswith("r") and form != "er"}
    assert len(forms) == 250
    for form in forms:
        coloured = mandarin([Character("某", form[:-1] + "1"), Character("儿", "r5", erhua=True)], 0)
        assert [(s.phones, s.tone, s.first, s.end) for s in coloured] == [(table()[form], 1, 0, 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("花儿", "h_c uar_c 1 #4"),
        ("女儿", "n_c v_c 3 ge er_c 2 #4"),
        ("去圆圈", "q_c v_c 4 #1 y_c van_c 2 q_c van_c 1 #4"),
        ("西安", "xx_c i_c 1 ga an_c 1 #4"),
        ("日子", "r_c ih_c 4 z_c ii_c 5 #4"),
    ],
)
def test_spelling(text: str, expected: str) -> None:
    """Erhua, ü after j q x y, the markers of a syllable without initial, the two vowels written i."""
    assert spoken(text) == expected


def test_er_has_no_erhua_form() -> None:
    """After a final that cannot take r, 儿 is a syllable of its own."""
    two = mandarin([Character("二", "er4"), Character("儿", "r5", erhua=True)], 0)
    assert [(s.phones, s.tone) for s in two] == [(("ge", "er_c"), 4), (("ge", "er_c"), 5)]


# --- Tones ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好", "23"),  # inside a word
        ("展览馆", "223"),  # a row of them
        ("我很想买菜", "22234"),  # 我很想#1买菜: across a break that is no pause
        ("我很想买酒", "22323"),  # 我很想#1买酒: but word by word, not all in a row
        ("美好，你", "233"),  # not across a pause
        ("一起去，不去", "43424"),  # 一 and 不 as the front end has them
    ],
)
def test_third_tones_are_written_as_said(text: str, expected: str) -> None:
    """A third tone before another is a second, as in the scripts the model learnt from."""
    assert tones(text) == expected


# --- Prosodic words and breaks ---


@pytest.mark.parametrize(
    "expected",
    [
        "我们#1的#1店铺#4",  # 的 stands alone
        "我也#1不知道#4",  # a chain of function words in words of two to four syllables
        "老师们#1走进#1教室里#3同学们#1都站了#1起来#4",  # no word begins in the neutral tone
        "请您#1稍等#4",  # two lone characters make a foot
        "苹果#2香蕉#2葡萄#4",  # 、 is #2
        "一个#1人#1不应该#1总是#1一心一意#1地#2想着#1自己#4",  # length's #2 not before a weak syllable
        "这个#1APP#1很好#4",  # Latin words stand alone
    ],
)
def test_prosodic_words(expected: str) -> None:
    """Words cling and part by the rules in the head of `breaks`."""
    text = expected.replace("#1", "").replace("#2", "、" if "香蕉" in expected else "").replace("#3", "，")
    assert grouped(text.removesuffix("#4")) == expected


@pytest.mark.parametrize("text", SENTENCES)
def test_each_sentence_ends_in_its_only_4(text: str) -> None:
    """Phones and breaks alternate: a word, its break, a word, ..., and #4 at the end."""
    for sentence in read(text).sentences:
        breaks = [unit.sy for unit in units_of(sentence) if unit.is_break]
        assert breaks[-1] == "#4"
        assert breaks.count("#4") == 1
        ends = [unit.word_segment in ("word_end", "word_both") for unit in units_of(sentence)]
        assert [unit.is_break for unit in units_of(sentence)][1:] == ends[:-1]


def test_a_word_without_sound_leaves_its_break() -> None:
    """A character no one can read is passed over, but not the end of its sentence."""
    words = (
        Word((Character("好", "hao3"),), WordKind.HANZI, Break.WORD),
        Word((Character("𠀀"),), WordKind.HANZI, Break.SENTENCE),
    )
    assert [unit.sy for unit in units_of(Sentence(words, 0.2))] == ["h_c", "ao_c", "#4"]
    assert units_of(Sentence(words[1:], 0.2)) == []


# --- English ---


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("hello", "hh ah 0. l ow 1"),
        ("strengths", "s t r eh ng th s 1"),
        ("button", "b ah 1. t ah n 0"),  # a syllabic n has the vowel ARPAbet writes
        ("singer", "s ih ng 1. er 0"),  # no syllable begins with ng
        ("extra", "eh k 1. s t r ah 0"),  # but with as many others as English allows
        ("API", "ey 1. p iy 1. ay 1"),  # letters by their names
        ("OpenAI", "ow 1. p ah n 0. ey 1. ay 1"),
        ("Zorbly", "z ao r 1. b l iy 0"),  # in no lexicon: by its spelling
    ],
)
def test_english_is_arpabet(word: str, expected: str) -> None:
    """Lower-case ARPAbet in syllables, 1 for the primary stress and 0 for the rest."""
    assert english_word(word) == expected


def test_every_english_sound_has_a_unit() -> None:
    """Every fiftieth word of the lexicon and all letters need the 39 phones of ARPAbet; the model has them."""
    lexicon = json.loads(files("misaki.data").joinpath("us_gold.json").read_text("utf-8"))
    words = [*list(lexicon)[::50], *string.ascii_uppercase]
    phones = {phone for word in words for syllable in english.syllables(word, 0) for phone in syllable.phones}
    assert len(phones) == 39
    assert phones <= published().tables["sy"].keys()


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("I", ["s_both word_both"]),
        ("cat", ["s_begin word_begin", "s_middle word_middle", "s_end word_end"]),
        ("二", ["s_begin word_begin", "s_end word_end"]),
        ("OK", ["s_both word_begin", "s_begin word_middle", "s_end word_end"]),
    ],
)
def test_place_flags(text: str, flags: list[str]) -> None:
    """Where in its syllable and in its word a phone stands."""
    assert [f"{u.syllable_flag} {u.word_segment}" for u in units(text) if not u.is_break] == flags


# --- Emotion, rows, tables ---


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_emotion_is_on_phones_and_not_on_breaks(emotion: str) -> None:
    """Every emotion a request can name has a row; breaks have none."""
    for unit in units("今天天气真好。", emotion):
        assert unit.emotion == ("emotion_none" if unit.is_break else f"emotion_{emotion}")
    assert emotion in published().emotions


def test_units_become_rows() -> None:
    """Ids are the places of the names in the published lists."""
    rows = published().rows(units("北京", "happy"))
    assert rows.linguistic.tolist() == [[5, 4, 0, 0], [10, 4, 1, 2], [30, 0, 0, 2], [26, 0, 1, 1], [143, 1, 2, 4]]
    assert rows.emotion.tolist() == [5, 5, 5, 5, 0]
    assert rows.speaker.tolist() == [0] * 5
    assert {array.dtype for array in (rows.linguistic, rows.emotion, rows.speaker)} == {np.dtype(np.int64)}


def test_sizes_are_those_of_the_checkpoints() -> None:
    """147 sy, 10 tones, 8 and 8 flags, 36 emotions, 6 speakers and three; an older model has a row less."""
    assert published().sizes == {
        "sy": 147, "tone": 10, "syllable_flag": 8, "word_segment": 8, "emotion": 36, "speaker": 9,
    }  # fmt: skip


def test_a_model_brings_its_own_tables(tmp_path: Path) -> None:
    """A table found in the model's folder replaces the published one; the others stay."""
    (tmp_path / "speaker_dict.txt").write_text("xiaoda\nF7\n")
    (tmp_path / "emo_category_dict.txt").write_text("emotion_none\nemotion_neutral\n")
    own = Inventory.of_folder(tmp_path)
    assert own.sizes == {**published().sizes, "speaker": 5, "emotion": 5}
    assert own.emotions == ("neutral",)
    assert own.rows(units("好")).speaker.tolist() == [1, 1, 1]


@pytest.mark.parametrize("content", [b"", b"a\nb\na\n", b"\xff\xfe\x00"])
def test_a_damaged_table_is_named(tmp_path: Path, content: bytes) -> None:
    """Empty, doubled or not text: the error says which file."""
    (tmp_path / "sy_dict.txt").write_bytes(content)
    with pytest.raises(VoiceUnavailable, match=r"sy_dict\.txt"):
        Inventory.of_folder(tmp_path)


def test_what_the_model_lacks_is_named() -> None:
    """Units outside the tables, syllables outside the language, and words that are no units."""
    poor = Inventory.of_names({table: ["h_c", "tone3"] for table in TABLES})
    with pytest.raises(UnknownUnit) as lacking:
        poor.rows(units("好"))
    assert {"ao_c", "#4", "s_begin", "F7"} <= set(lacking.value.names)
    with pytest.raises(UnknownUnit, match="fiao"):
        phones_of("fiao")
    with pytest.raises(UnknownUnit, match=r"\{b_c\$tone3\}"):
        parse("{b_c$tone3}")
    assert lacking.value.code == "text_unit_unknown"


@pytest.mark.parametrize("text", SENTENCES)
def test_what_is_written_can_be_read_again(text: str) -> None:
    """`parse` is the inverse of `written`."""
    assert written(parse(written(units(text)))) == written(units(text))


# --- Characters and length ---


def test_units_know_their_characters() -> None:
    """A coloured syllable has two characters, an English word all of its own, a break its punctuation."""
    text = "“花儿”，Okay。"
    (sentence,) = read(text).sentences
    owned = [(unit.sy, sentence.text[unit.first : unit.end]) for unit in units_of(sentence)]
    assert owned == [
        ("h_c", "花儿"), ("uar_c", "花儿"), ("#3", "”，"), ("ow", "Okay"), ("k", "Okay"), ("ey", "Okay"), ("#4", "。"),
    ]  # fmt: skip


def test_characters_have_their_times() -> None:
    """From the units' lengths: shared within a unit, none for a mark without a pause, and no gap."""
    (sentence,) = read("“花儿”，Okay。").sentences
    times = character_times(sentence.text, units_of(sentence), [0.1, 0.3, 0.2, 0.2, 0.1, 0.1, 0.4])
    assert "".join(time.char for time in times) == sentence.text
    expected = [
        (0, 0),
        (0, 0.2),
        (0.2, 0.4),
        (0.4, 0.5),
        (0.5, 0.6),
        (0.6, 0.7),
        (0.7, 0.8),
        (0.8, 0.9),
        (0.9, 1.0),
        (1.0, 1.4),
    ]
    assert [(t.start, t.end) for t in times] == [pytest.approx(span) for span in expected]


def test_a_long_row_is_cut_at_breaks() -> None:
    """Each part fits, ends in #4 and loses no phone; where there is no break a syllable ends it."""
    long = units("苹果、香蕉、葡萄和西瓜都打八折" * 4)
    letters = units("W" * 100)
    for row in (long, letters):
        parts = list(runs_of(row, 30))
        assert max(map(len, parts)) <= 30
        assert all(part[-1].sy == "#4" for part in parts)
        assert [u for part in parts for u in part if not u.is_break] == [u for u in row if not u.is_break]
        assert all(part[-2].syllable_flag in ("s_end", "s_both") for part in parts)
    assert list(runs_of(long, len(long))) == [long]
