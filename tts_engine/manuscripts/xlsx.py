"""The first sheet of an XLSX file (ECMA-376 part 1, SpreadsheetML), row by row, each cell as it shows.

Formulas are not computed: a cell has the value that was computed when the file was saved, and one
without is refused.
"""

import posixpath
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from tts_engine.manuscripts.archive import Archive
from tts_engine.manuscripts.cell_shows import BUILT_IN, GENERAL
from tts_engine.manuscripts.errors import Damaged
from tts_engine.manuscripts.limits import Limits
from tts_engine.manuscripts.markup import all_of, parse, parsed, tree
from tts_engine.manuscripts.table import NumberedCells
from tts_engine.manuscripts.xlsx_sheet import Sheet
from tts_engine.manuscripts.xlsx_strings import Strings

ROOT_RELATIONS = "_rels/.rels"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def read_xlsx(file: BinaryIO, limits: Limits) -> Iterator[NumberedCells]:
    """The rows of an XLSX file's first sheet that is not hidden. Raises Damaged, Hostile, TooLarge."""
    archive = Archive(file, limits)
    book = _Workbook(archive)
    with Strings(limits) as strings:
        if book.strings in archive:
            parse(archive.pieces(book.strings), strings, name=book.strings)
        sheet = Sheet(limits, strings, book.formats(), from_1904=book.from_1904)
        for _ in parsed(archive.pieces(book.sheet), sheet, name=book.sheet):
            yield from sheet.taken()


class _Workbook:
    """Which parts of the archive hold what."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        package = self._tree(ROOT_RELATIONS)
        path = next(iter(_related("", package, "officeDocument").values()), "xl/workbook.xml")
        root = self._tree(path)
        relations = self._tree(posixpath.join(posixpath.dirname(path), "_rels", f"{posixpath.basename(path)}.rels"))
        properties = next(all_of(root, "workbookPr"), None)
        self.from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        self.sheet = _first_shown(root, _related(path, relations, "worksheet"))
        self.strings = next(iter(_related(path, relations, "sharedStrings").values()), "")
        self._styles = next(iter(_related(path, relations, "styles").values()), "")

    def formats(self) -> list[str]:
        """The number format of every style, in the order by which cells name them."""
        if self._styles not in self._archive:
            return []
        root = self._tree(self._styles)
        own = {each.get("numFmtId", ""): each.get("formatCode", GENERAL) for each in all_of(root, "numFmt")}
        styles = next(all_of(root, "cellXfs"), None)
        ids = [style.get("numFmtId", "0") for style in styles] if styles is not None else []
        return [own.get(each) or BUILT_IN.get(int(each) if each.isdecimal() else 0, GENERAL) for each in ids]

    def _tree(self, path: str) -> Element:
        return tree(self._archive.read(path), name=path)


def _first_shown(workbook: Element, sheets: dict[str, str]) -> str:
    for sheet in all_of(workbook, "sheet"):
        place = sheets.get(sheet.get(_RELATION) or sheet.get(_STRICT_RELATION) or "")
        if place and sheet.get("state", "visible") == "visible":
            return place
    raise Damaged("The XLSX file has no sheet with cells that is not hidden.")


def _related(base: str, relations: Element, kind: str) -> dict[str, str]:
    """Paths of the parts of one kind that the part `base` names, by the id it gives them."""
    return {
        each.get("Id", ""): posixpath.normpath(posixpath.join("/", posixpath.dirname(base), each.get("Target", "")))[1:]
        for each in relations
        if each.get("Type", "").endswith(f"/{kind}") and each.get("TargetMode") != "External"
    }
