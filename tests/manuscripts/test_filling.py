"""Templates: each row of a table becomes a text with its own voice, emotion and file name."""

import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_engine.manuscripts import Limits, Line, Refusal, Table, lines_of, read
from tts_engine.manuscripts.errors import RowsInvalid, TemplateInvalid, TooLarge
from tts_engine.manuscripts.file_names import MOST_BYTES, UniqueNames, safe
from tts_engine.manuscripts.template import template_of


def check(voice: str, emotion: str) -> Refusal | None:
    """Two voices, of which one can be happy."""
    if voice not in ("", "xiaoxiao", "yunxi"):
        return Refusal("voice", f"there is no voice '{voice}'.")
    if emotion not in ("", "happy") or (emotion and voice == "xiaoxiao"):
        return Refusal("emotion", f"this voice cannot be {emotion}.")
    return None


def filled(source: str, template: str, limits: Limits) -> list[Line]:
    table = read(io.BytesIO(source.encode()), "a.csv", limits)
    assert isinstance(table, Table)
    return list(lines_of(table, template, check, limits))


def test_columns_fill_the_places_of_a_template(limits: Limits) -> None:
    """The insurer's case: one sentence, many policies. A column that is not used does no harm."""
    source = "name,policy,date,note\n张三,P-1,2026年1月5日,x\n李四,P-2,2026年2月1日,\n"
    lines = filled(source, "尊敬的{name}，您的保单{policy}将于{ date }到期", limits)
    assert [(line.row, line.text) for line in lines] == [
        (2, "尊敬的张三，您的保单P-1将于2026年1月5日到期"),
        (3, "尊敬的李四，您的保单P-2将于2026年2月1日到期"),
    ]


@pytest.mark.parametrize("header", ["text,voice,emotion,file_name", "文本,音色,情感,文件名"])
def test_columns_of_settings_have_names_in_both_languages(header: str, limits: Limits) -> None:
    """Without a template the column of texts is spoken; empty settings are the job's."""
    lines = filled(f"{header}\n你好,yunxi,Happy,a/b.mp3\n再见,,高兴,\n谢谢,,,A_B\n", "", limits)
    assert lines == [
        Line(2, "你好", "yunxi", "happy", "a_b"),
        Line(3, "再见", "", "happy", ""),
        Line(4, "谢谢", "", "", "A_B (2)"),
    ]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{nane}", r"\{nane\} names no column of the table. Its columns are: name, voice"),
        ("你好{", r"'\{' at character 3 has no partner"),
        ("你好}", r"'\}' at character 3 has no partner"),
        ("你好{}", "character 3 names no column"),
        ("", "Give a template, or a column named 'text'"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template: str, message: str, limits: Limits) -> None:
    """Before a row is looked at."""
    with pytest.raises(TemplateInvalid, match=message):
        filled("name,voice\n张三,\n", template, limits)


def test_faulty_cells_are_told_with_row_and_column(limits: Limits) -> None:
    """All of them at once, up to twenty: nobody wants to upload a file once for each."""
    source = "name,音色,emotion\n张三,yunxi,happy\n,xiaoxiao,高兴\n李四,nobody,\n王五,,furious\n"
    with pytest.raises(RowsInvalid) as refused:
        filled(source, "{name}", limits)
    assert str(refused.value) == (
        "Row 3, column 'name': it is empty.; row 3, column 'emotion': this voice cannot be happy.; "
        "row 4, column '音色': there is no voice 'nobody'.; row 5, column 'emotion': this voice cannot be furious."
    )
    with pytest.raises(RowsInvalid, match="And there are more") as many:
        filled("name,x\n" + ",1\n" * 30, "{name}", limits)
    assert len(many.value.faults) == 20


def test_the_texts_together_are_bounded(limits: Limits) -> None:
    """A short table with a long template is a long work."""
    with pytest.raises(TooLarge, match="1,000,000 characters"):
        filled("name\n" + "张三\n" * 300, "{name}" + "好" * 4000, limits)


@given(st.text("{}｛｝字a "))
def test_a_doubled_brace_is_a_brace(text: str) -> None:
    """Any text can be said by a template without places."""
    escaped = text
    for brace in "{}｛｝":
        escaped = escaped.replace(brace, 2 * brace)
    said = template_of(escaped)
    assert (said.columns, said.fill({})) == ((), text)


CELLS = st.text("{}｛｝name字\n")
NAMES = st.text("名单号abc _-", min_size=1).map(str.strip).filter(bool)


@given(st.dictionaries(NAMES, CELLS, min_size=1), st.lists(st.text(string.printable + "，。")))
def test_cells_are_put_in_as_they_are(cells: dict[str, str], between: list[str]) -> None:
    """Braces in a cell are text: nothing is filled twice."""
    template = wanted = ""
    for column, text in zip(cells, [*between, *[""] * len(cells)], strict=False):
        template += text.replace("{", "{{").replace("}", "}}") + f"{{{column}}}"
        wanted += text + cells[column]
    assert template_of(template).fill(cells) == wanted


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\a\\b.mp3", "C__a_b"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        (".hidden", "hidden"),
        ("保单 1.", "保单 1"),
        ("a\x00\n\u202eb", "a__b"),
        ("...", ""),
    ],
)
def test_a_file_name_is_made_safe(name: str, kept: str) -> None:
    """No path, no device, nothing that a system hides or refuses."""
    assert safe(name) == kept


@given(st.lists(st.text("aAß保 ./\\\0\u202e:co", max_size=80)))
def test_file_names_are_safe_and_unique_on_every_system(names: list[str]) -> None:
    """Whatever the cells hold."""
    unique = UniqueNames()
    given_out = [unique.take(kept) for name in names if (kept := safe(name))]
    assert len({name.casefold() for name in given_out}) == len(given_out)
    for name in given_out:
        assert not set(name) & set('<>:"/\\|?*\0\n')
        assert len(name.encode()) <= MOST_BYTES + len(" (100)")
        assert name == name.strip()
        assert name[0] != "." != name[-1]
