"""Files made to harm whoever opens them: each refused, with little memory, before anything is done with it."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.manuscripts.conftest import CONTAINER, LIMITS, epub, packed, sheet
from tts_engine.manuscripts import ManuscriptError, Table, read
from tts_engine.manuscripts.errors import Damaged, Hostile, TooLarge

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
SECRETS = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
RELATIONS = '<Relationship Id="worksheet" Type="x/worksheet" Target="worksheet.xml"/>'


SMALL = replace(LIMITS, unpacked_bytes=5_000_000)


def all_of_it(file: BinaryIO, name: str) -> None:
    found = read(file, name, SMALL)
    if isinstance(found, Table):
        list(found.rows)


@pytest.mark.parametrize("declaration", [LAUGHS, SECRETS], ids=["billion laughs", "a file of the server"])
@pytest.mark.parametrize(
    "part",
    ["META-INF/container.xml", "OEBPS/book.opf", "OEBPS/toc.ncx", "OEBPS/a.xhtml"],
)
def test_an_epub_with_entities_of_its_own_is_refused(part: str, declaration: str) -> None:
    """In every XML part that is read."""
    good = epub({"a.xhtml": "<p>甲</p>"}, ncx="<navPoint/>")
    parts = _unpacked(good)
    parts[part] = declaration.encode() + parts[part]
    with pytest.raises(Hostile, match="entities of its own"):
        all_of_it(packed(parts), "a.epub")


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheet.xml", "xl/sharedStrings.xml", "xl/styles.xml", "_rels/.rels"]
)
def test_a_workbook_with_entities_of_its_own_is_refused(part: str) -> None:
    """In every XML part that is read."""
    parts = _unpacked(sheet("<row><c><v>1</v></c></row><row><c><v>2</v></c></row>"))
    parts[part] = LAUGHS.encode() + parts[part]
    with pytest.raises(Hostile, match="entities of its own"):
        all_of_it(packed(parts), "a.xlsx")


def _bomb_of_zeros() -> io.BytesIO:
    """4.5 MB of spaces in 5 KB."""
    return epub({"a.xhtml": f"<p>{' ' * 4_500_000}</p>"})


def _bomb_below_the_ratio() -> io.BytesIO:
    """Many parts, each honest alone, together more than is read."""
    filling = "<!--" + "".join(chr(0x4E00 + number % 20_000) for number in range(300_000)) + "-->"
    return epub({f"{number}.xhtml": f"{filling}<p>甲</p>" for number in range(7)})


def _endless_comment() -> io.BytesIO:
    """What the parser must keep until it ends."""
    return epub({"a.xhtml": f"<p>甲</p><!--{'废话' * 1_000_000}"})


def _bomb_with_false_size() -> io.BytesIO:
    """The archive claims 100 bytes."""
    file = sheet(f"<row><c><v>{' ' * 20_000_000}</v></c></row>")
    content = bytearray(file.getvalue())
    place = content.rfind(b"PK\x01\x02", 0, content.rfind(b"xl/worksheet.xml"))
    content[place + 24 : place + 28] = struct.pack("<I", 100)
    return io.BytesIO(bytes(content))


def _many_members() -> io.BytesIO:
    """A list of members that alone would take a hundred megabytes of memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
    content = bytearray(file.getvalue())
    content[-10:-6] = struct.pack("<I", 50_000_000)
    return io.BytesIO(bytes(content))


def _by_another_packer() -> io.BytesIO:
    """LZMA unpacks a block of kilobytes to tens of megabytes at once."""
    return packed({"META-INF/container.xml": " " * 3_000_000}, compression=zipfile.ZIP_LZMA)


@pytest.mark.parametrize(
    ("bomb", "name", "error"),
    [
        (_bomb_of_zeros, "a.epub", Hostile),
        (_bomb_below_the_ratio, "a.epub", TooLarge),
        (_bomb_with_false_size, "a.xlsx", ManuscriptError),
        (_endless_comment, "a.epub", Hostile),
        (_many_members, "a.epub", TooLarge),
        (_by_another_packer, "a.epub", Hostile),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_archive_that_unpacks_to_more_than_it_seems_is_refused(
    bomb: Callable[[], io.BytesIO], name: str, error: type[Exception]
) -> None:
    """What comes out is counted; what the archive says about itself is not believed."""
    file = bomb()
    tracemalloc.start()
    with pytest.raises(error):
        all_of_it(file, name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_file_larger_than_allowed_is_refused_unread() -> None:
    """Before its first byte is looked at."""
    with pytest.raises(TooLarge, match="20,000,000 bytes"):
        read(io.BytesIO(bytes(20_000_001)), "a.xlsx", LIMITS)


@pytest.mark.parametrize("name", ["a.epub", "a.xlsx"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x05\x06", b"%PDF-1.7", bytes(1000)], ids=["empty", "an end alone", "a PDF", "zeros"]
)
def test_what_is_no_archive_is_refused(content: bytes, name: str) -> None:
    """Whatever its name says."""
    with pytest.raises(Damaged):
        read(io.BytesIO(content), name, LIMITS)


def test_a_part_that_is_said_to_lie_beyond_any_file_is_refused() -> None:
    """2^64 - 1 bytes in, a place that no file can be asked for."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.getinfo("META-INF/container.xml").header_offset = 2**64 - 1
    with pytest.raises(Damaged, match=r"'META-INF/container\.xml' in the file is damaged"):
        all_of_it(file, "a.epub")


def test_a_workbook_locked_with_a_password_says_so() -> None:
    """Excel wraps it in another format; the advice is to save it without."""
    locked = io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
    with pytest.raises(Damaged, match="password"):
        read(locked, "a.xlsx", LIMITS)


def test_names_in_an_archive_lead_nowhere() -> None:
    """A spine that points above the archive finds nothing, not a file of the server."""
    parts = _unpacked(epub({"a.xhtml": "<p>甲</p>"}))
    parts["OEBPS/book.opf"] = parts["OEBPS/book.opf"].replace(b'href="a.xhtml"', b'href="../../../../etc/passwd"')
    with pytest.raises(Damaged, match=r"lacks its part '\.\./\.\./\.\./etc/passwd'"):
        all_of_it(packed(parts), "a.epub")


@pytest.mark.parametrize("body", ["<p>甲", "<p>甲&unknown;</p>", "<p>\x01</p>"])
def test_broken_markup_is_refused_with_its_place(body: str) -> None:
    """The part and the line."""
    with pytest.raises(Damaged, match=r"a\.xhtml' in the file is no well-formed XML at line 1"):
        all_of_it(epub({"a.xhtml": body}), "a.epub")


@given(data=st.data())
def test_no_damage_leads_to_anything_but_an_error_of_ours(data: st.DataObject) -> None:
    """Any bytes of a good file may be replaced by any others."""
    name = data.draw(st.sampled_from(["a.epub", "a.xlsx"]))
    content = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with suppress(ManuscriptError):
        all_of_it(io.BytesIO(bytes(content)), name)


def _unpacked(file: BinaryIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


GOOD = {
    "a.epub": epub({"a.xhtml": "<h1>甲</h1><p>乙</p>"}, nav="<li><a href='a.xhtml'>丙</a></li>").getvalue(),
    "a.xlsx": sheet(
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>',
        strings="<si><t>甲</t></si>",
    ).getvalue(),
}
