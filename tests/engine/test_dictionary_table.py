"""A dictionary as a CSV file: what spreadsheets save is read, and what is wrong is told with its row."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_engine.dictionary.table import read_table, write_table
from tts_engine.errors import DictionaryTableInvalid, DictionaryTableTooLarge
from tts_engine.speech.text.dictionary import Entry, Kind

TABLE = "word,pinyin,replacement\n重庆,chóng qìng,\nAI,,人工智能\n"
ENTRIES = [Entry("重庆", Kind.PINYIN, "chong2 qing4"), Entry("AI", Kind.REPLACEMENT, "人工智能")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_what_spreadsheets_save(encoding: str) -> None:
    """In any of the encodings that are about."""
    assert read_table(TABLE.encode(encoding)) == ENTRIES


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace("\n", "\r\n"),
        TABLE.replace(",", "\t"),
        "Replacement , WORD,pinyin\n,重庆,chong2 qing4\n人工智能,AI,\n",
        "word,pinyin,replacement\n\n重庆,chong2 qing4\n,,\nAI,,人工智能,\n",
        'word,pinyin,replacement\n"重庆","chong2 qing4",""\n AI ,, 人工智能 \n',
    ],
)
def test_what_makes_no_difference(table: str) -> None:
    """Line ends, tabs, the order of columns, capitals in their names, empty rows, cells that are left out."""
    assert read_table(table.encode()) == ENTRIES


def test_one_kind_of_value_is_enough() -> None:
    """A column nobody fills need not be there."""
    assert read_table(b"word,replacement\nAI,A I\n") == [Entry("AI", Kind.REPLACEMENT, "A I")]


@pytest.mark.parametrize(
    "word", ["=1+1", "+86", "-5", "@me", "'=x", "''-x", "'quoted'", "a,b", 'say "hi"', "=cmd|' /C calc'!A0"]
)
def test_formulas_are_text(word: str) -> None:
    """What a spreadsheet would run is written with an apostrophe before it, and comes back as it was."""
    entries = [Entry(word, Kind.REPLACEMENT, word)]
    table = write_table(entries)
    (_, row) = csv.reader(io.StringIO(table))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert read_table(table.encode()) == entries


WRITTEN = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("'=+-@,\""), min_size=1, max_size=9)
SOUND = WRITTEN.map(str.strip).filter(bool)


@settings(max_examples=50)
@given(st.dictionaries(SOUND, SOUND, min_size=1, max_size=5))
def test_whatever_goes_out_comes_in_again(said: dict[str, str]) -> None:
    """Each as it was, in its order."""
    entries = [Entry(word, Kind.REPLACEMENT, value) for word, value in said.items()]
    assert read_table(write_table(entries).encode("utf-8-sig")) == entries


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("", 1, "head"),
        ("重庆,chong2 qing4\n", 1, "head"),
        ("word\n重庆\n", 1, "head"),
        ("word,word,pinyin\n", 1, "head"),
        ("word,pinyin,colour\n", 1, "head"),
        ("word,pinyin\n", 1, "no_entries"),
        ("word,pinyin\n\n,\n", 1, "no_entries"),
        ("word,pinyin\n好,hao3\n好人,hao3\n", 3, "syllable_count"),
        ("word,pinyin\n\n好,hao\n", 3, "no_syllable"),
        ("word,pinyin\n好,hao3\n\n好,hao4\n", 4, "twice"),
        ("word,pinyin,replacement\n好,hao3,坏\n", 2, "one_value"),
        ("word,pinyin\n好,\n", 2, "one_value"),
        ("word,pinyin\n,hao3\n", 2, "empty"),
        ("word,replacement\n好,\x00\n", 2, "control_character"),
        ('word,replacement\n好,"a\nb"\n', 2, "control_character"),
        ("word,replacement\n好,a,b\n", 2, "too_many_cells"),
        ('word,replacement\n好,坏\n差,"坏\n', 3, "no_csv"),
        ('word,replacement\n好,"坏"了\n', 2, "no_csv"),
        ('"word,replacement\n', 1, "no_csv"),
        ("word,replacement\n好," + "坏" * 200_000 + "\n", 2, "no_csv"),
        ("word,replacement\n好," + "坏" * 400 + "\n", 2, "too_long"),
    ],
)
def test_a_fault_names_its_row(table: str, row: int, reason: str) -> None:
    """As a spreadsheet numbers it, with what is wrong."""
    with pytest.raises(DictionaryTableInvalid) as refusal:
        read_table(table.encode())
    (fault,) = refusal.value.faults
    assert (fault.row, fault.error.reason) == (row, reason)
    assert str(refusal.value).startswith(f"Row {row}: ")


def test_all_faults_are_told_at_once() -> None:
    """The first twenty, and how many more there are."""
    with pytest.raises(DictionaryTableInvalid) as refusal:
        read_table(b"word,replacement\n" + b"a,\n" * 25)
    assert [fault.row for fault in refusal.value.faults] == list(range(2, 27))
    assert str(refusal.value).splitlines()[-1] == "and 5 more"


def test_no_encoding_at_all() -> None:
    """Bytes that are none of those text."""
    with pytest.raises(DictionaryTableInvalid, match=r"Row 1: .*neither UTF-8"):
        read_table(b"word,replacement\n\xff\xff,\xff\n")


def test_a_file_has_so_many_bytes(settings: Any) -> None:
    """Refused before anything is read."""
    settings.DICTIONARY_TABLE_BYTES = 10
    with pytest.raises(DictionaryTableTooLarge, match="split it"):
        read_table(TABLE.encode())
