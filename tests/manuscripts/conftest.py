"""Files as people upload them, made in memory."""

import io
import zipfile
from collections.abc import Mapping

import pytest

from tts_engine.manuscripts import Limits

LIMITS = Limits(
    file_bytes=20_000_000,
    unpacked_bytes=50_000_000,
    characters=1_000_000,
    rows=1000,
    columns=100,
    cell_characters=4096,
)

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'


@pytest.fixture
def limits() -> Limits:
    return LIMITS


def packed(parts: Mapping[str, str] | Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    """A ZIP archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


def page(body: str) -> str:
    return f"<html {XHTML}><head><title>不读</title></head><body>{body}</body></html>"


def epub(
    documents: Mapping[str, str], *, nav: str = "", ncx: str = "", more: Mapping[str, str] | None = None
) -> io.BytesIO:
    """An EPUB whose spine is `documents` in order: name and what is in the body of each."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in documents)
    parts = {"META-INF/container.xml": CONTAINER}
    if nav:
        items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        parts["OEBPS/nav.xhtml"] = page(f'<nav epub:type="toc"><ol>{nav}</ol></nav>')
    if ncx:
        items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        parts["OEBPS/toc.ncx"] = f"<ncx><navMap>{ncx}</navMap></ncx>"
    spine = "".join(f'<itemref idref="{name}"/>' for name in documents)
    parts["OEBPS/book.opf"] = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    parts |= {f"OEBPS/{name}": page(body) for name, body in documents.items()}
    return packed(parts | dict(more or {}))


def sheet(rows: str, *, strings: str = "", styles: str = "", more: Mapping[str, str] | None = None) -> io.BytesIO:
    """An XLSX with one sheet that has these `<row>` elements."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = ("worksheet", "sharedStrings", "styles")
    relations = "".join(f'<Relationship Id="{kind}" Type="{relation}/{kind}" Target="{kind}.xml"/>' for kind in kinds)
    parts = {
        "_rels/.rels": f'<R><Relationship Type="{relation}/officeDocument" Target="xl/workbook.xml"/></R>',
        "xl/_rels/workbook.xml.rels": f"<R>{relations}</R>",
        "xl/workbook.xml": f'<workbook xmlns:r="{relation}"><sheets><sheet r:id="worksheet"/></sheets></workbook>',
        "xl/worksheet.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/styles.xml": f"<styleSheet>{styles}</styleSheet>",
    }
    return packed(parts | dict(more or {}))
