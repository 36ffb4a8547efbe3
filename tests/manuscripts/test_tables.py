"""Tables: the rows of CSV and XLSX files, as a person who has the file open sees them."""

import datetime
import io
import tracemalloc
from dataclasses import replace

import openpyxl
import pytest

from tests.manuscripts.conftest import sheet
from tts_engine.manuscripts import Limits, Table, read
from tts_engine.manuscripts.cell_shows import shown
from tts_engine.manuscripts.errors import Damaged, NothingToRead, RowsInvalid, TooLarge
from tts_engine.manuscripts.formulas import protected


def table(content: bytes, name: str, limits: Limits) -> Table:
    found = read(io.BytesIO(content), name, limits)
    assert isinstance(found, Table)
    return found


def rows(found: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in found.rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_has_its_column_names_in_the_first_row(delimiter: str, limits: Limits) -> None:
    """Quotes, line breaks within cells, short rows and empty rows are as in Excel; so are the numbers of rows."""
    lines = [["name", " text ", ""], ["张三", '"他说：""好"",\n走了"', "x"], [], ["李四"]]
    found = table("\r\n".join(delimiter.join(line) for line in lines).encode("utf-8-sig"), "a.csv", limits)
    assert found.columns == ("name", "text")
    assert [(row.number, row.cells) for row in found.rows] == [(2, ("张三", '他说："好",\n走了')), (4, ("李四", ""))]


def test_what_looks_like_a_formula_in_a_csv_is_text(limits: Limits) -> None:
    """Nothing is ever computed, so nothing can be made to run."""
    cells = ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3")
    found = table("a\n{}\n{}\n{}\n{}".format(*cells).encode(), "a.csv", limits)
    assert rows(found) == [(cell,) for cell in cells]


def test_a_list_that_voxhouse_wrote_comes_back_as_it_was(limits: Limits) -> None:
    """Failed rows can be mended and uploaded again: what kept a spreadsheet from running them is taken off."""
    cells = ("=1+1", "-5度", "'=x", "'quoted'", "好")
    found = table("\n".join(["a", *map(protected, cells)]).encode(), "a.csv", limits)
    assert rows(found) == [(cell,) for cell in cells]


def test_a_csv_in_gbk_is_read(limits: Limits) -> None:
    """As Excel in China saves it."""
    found = table("姓名,保单\n张伟,一号\n王芳,二号".encode("gbk"), "a.csv", limits)
    assert (found.columns, rows(found)) == (("姓名", "保单"), [("张伟", "一号"), ("王芳", "二号")])


def test_a_workbook_of_another_library_is_read_as_it_shows(limits: Limits) -> None:
    """Texts, numbers without the tail of binary fractions, dates and amounts in their formats; the first sheet only."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["姓名", "保单", "到期", "金额", "率", "是"])
    page.append(["张三", 6222021234567890, datetime.date(2026, 1, 5), 1234.5, 0.125, True])
    page["C2"].number_format = 'yyyy"年"m"月"d"日"'
    page["D2"].number_format = '"¥"#,##0.00'
    page["E2"].number_format = "0.0%"
    page["A4"] = "  李四\n"
    page["B4"] = 0.1 + 0.2
    book.create_sheet("other").append(["不读"])
    file = io.BytesIO()
    book.save(file)
    found = table(file.getvalue(), "a.xlsx", limits)
    assert [(row.number, row.cells) for row in found.rows] == [
        (2, ("张三", "6222021234567890", "2026年1月5日", "¥1,234.50", "12.5%", "TRUE")),
        (4, ("李四", "0.3", "", "", "", "")),
    ]


def test_shared_inline_and_rich_texts_are_one_text_without_pinyin(limits: Limits) -> None:
    """Excel shares texts between cells and prints readings above them; other programs write them in place."""
    found = sheet(
        '<row><c t="inlineStr"><is><t>列</t></is></c><c t="s"><v>1</v></c></row>'
        '<row><c t="str"><v>算_x000A_出</v><f>A1</f></c><c t="s"><v>0</v></c></row>',
        strings="<si><r><t>他</t></r><r><t xml:space='preserve'> 说</t></r><rPh><t>tā</t></rPh></si><si><t>乙</t></si>",
    )
    read_table = read(found, "a.xlsx", limits)
    assert isinstance(read_table, Table)
    assert (read_table.columns, rows(read_table)) == (("列", "乙"), [("算\n出", "他 说")])


@pytest.mark.parametrize(
    ("number", "number_format", "text"),
    [
        ("45000.5", "yyyy/m/d h:mm", "2023/3/15 12:00"),
        ("46027", "[$-F800]dddd, mmmm dd, yyyy", "2026年1月5日"),
        ("46027", "yyyy-mm-dd;@", "2026-01-05"),
        ("46027", 'm"月"d"日" aaaa', "1月5日 星期一"),
        ("59", "yyyy/m/d", "1900/2/28"),
        ("61", "yyyy/m/d", "1900/3/1"),
        ("0.75", '上午/下午h"时"mm"分"', "下午6时00分"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("0.0006944444", "mm:ss", "01:00"),
        ("-1234.5", "#,##0.00", "-1,234.50"),
        ("-5", "0;(0)", "(5)"),
        ("1500000", '0.0,,"百万"', "1.5百万"),
        ("2.50", "0.##", "2.5"),
        ("7", "000", "007"),
        ("0.1", "General", "0.1"),
        ("1E+20", "General", "100000000000000000000"),
        ("0.5", "# ?/?", "0.5"),
        ("3", '"第"0"期"', "第3期"),
        ("12.5", "[Red]¥0.00_);[Red](¥0.00)", "¥12.50"),
        ("no number", "0", "no number"),
    ],
)
def test_a_number_shows_in_its_format(number: str, number_format: str, text: str) -> None:
    """As Excel in China shows it (checked against Excel by hand)."""
    assert shown(number, number_format) == text


def test_days_may_be_counted_from_1904() -> None:
    """As Excel for Macintosh did."""
    assert shown("0", "yyyy/m/d", from_1904=True) == "1904/1/1"


def test_a_formula_that_was_never_computed_is_refused_with_its_cell(limits: Limits) -> None:
    """A library that writes formulas computes none: the cell would be heard as nothing."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["a", "b"])
    page.append(["x", "=A2&1"])
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(Damaged, match=r"B2 .*formula.*open the file in Excel"):
        rows(table(file.getvalue(), "a.xlsx", limits))


def test_a_cell_that_shows_an_error_is_refused_with_its_name(limits: Limits) -> None:
    """`#REF!` is not to be spoken."""
    file = sheet('<row r="7"><c r="AB7" t="e"><v>#REF!</v></c></row>')
    with pytest.raises(Damaged, match="AB7 shows the error #REF!"):
        read(file, "a.xlsx", limits)


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_cell_of_ten_megabytes_is_refused(name: str, limits: Limits) -> None:
    """And never held as a whole."""
    cell = "x" * 10_000_000
    file = (
        io.BytesIO(f"a\n{cell}\n".encode())
        if name == "a.csv"
        else sheet('<row><c t="s"><v>0</v></c></row>', strings=f"<si><t>{cell}</t></si>")
    )
    del cell
    tracemalloc.start()
    with pytest.raises(TooLarge, match="longer than"):
        list(read(file, name, limits).rows)  # type: ignore[union-attr]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000


def test_a_cell_over_the_limit_is_named(limits: Limits) -> None:
    """By row and column."""
    with pytest.raises(RowsInvalid, match="Row 3, column 'b': it is longer than 4,096"):
        rows(table(f"a,b\n1,2\n1,{'x' * 5000}\n".encode(), "a.csv", limits))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NothingToRead),
        (b"\n\n,,\n", NothingToRead),
        (b"a,b\n", NothingToRead),
        (b"a,a\n1,2\n", Damaged),
        (b'a,b\n1,"2"3"\n', Damaged),
        (b",".join(b"%d" % n for n in range(101)) + b"\n1\n", TooLarge),
        (b"a\n" + b"1\n" * 1001, TooLarge),
    ],
    ids=["empty", "no header", "no rows", "two columns of one name", "stray quote", "columns", "rows"],
)
def test_a_table_that_cannot_be_used_is_refused(content: bytes, error: type[Exception], limits: Limits) -> None:
    """Each with its own error."""
    with pytest.raises(error):
        rows(table(content, "a.csv", limits))


@pytest.mark.parametrize(
    "cells",
    [
        '<c r="XFD1"><v>1</v></c>',
        '<c r="B1"><v>1</v></c><c r="A1"><v>1</v></c>',
        '<c t="s"><v>5</v></c>',
        '<c t="s"><v>-1</v></c>',
        '<c t="s"/>',
    ],
    ids=["far column", "out of order", "no such text", "negative", "no value"],
)
def test_a_sheet_that_lies_is_refused(cells: str, limits: Limits) -> None:
    """A cell in column 16,384 makes no row of 16,384 cells."""
    with pytest.raises((Damaged, TooLarge)):
        read(sheet(f"<row>{cells}</row>"), "a.xlsx", limits)


def test_a_large_table_is_read_row_by_row(limits: Limits) -> None:
    """Memory does not grow with the file, though its texts are shared."""
    count = 3000
    file = sheet(
        "".join(f'<row><c t="s"><v>{n}</v></c><c><v>{n}</v></c></row>' for n in range(count)),
        strings="".join(f"<si><t>第{n}行，{'字' * 50}</t></si>" for n in range(count)),
    )
    wide = replace(limits, rows=count)
    tracemalloc.start()
    found = read(file, "a.xlsx", wide)
    assert isinstance(found, Table)
    assert sum(1 for _ in found.rows) == count - 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_200_000
