"""An EPUB (2 and 3): documents in the order of its spine, chapters where its table of contents says.

Not for the ear and so left out: pictures, scripts, the table of contents itself, pinyin printed above
characters, and notes with the marks that lead to them. EPUB 3.3, https://www.w3.org/TR/epub-33/.
"""

import posixpath
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from tts_engine.manuscripts.archive import Archive
from tts_engine.manuscripts.book import Chapter
from tts_engine.manuscripts.epub_document import Heading, Piece, pieces_of
from tts_engine.manuscripts.errors import Damaged
from tts_engine.manuscripts.limits import Limits, characters_of
from tts_engine.manuscripts.markup import all_of, local, tree

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
DOCUMENTS = ("application/xhtml+xml", "text/html")

Titles = dict[str, str]
"""Of the places that the table of contents leads to: `path` or `path#id`."""


def read_epub(file: BinaryIO, limits: Limits) -> Iterator[Chapter]:
    """The chapters of an EPUB. Raises Damaged, Hostile, TooLarge."""
    archive = Archive(file, limits)
    package = _Package(archive)
    titles = package.titles()
    spine = package.spine()
    _refuse_encrypted(archive, spine)
    budget = characters_of(limits)
    title, paragraphs = "", list[str]()
    for path in spine:
        for piece in _marked(path, pieces_of(archive.pieces(path), name=path, budget=budget), titles):
            if isinstance(piece, Heading):
                yield Chapter(title, "\n".join(paragraphs))
                title, paragraphs = piece.title, []
            else:
                paragraphs.append(piece.text)
    yield Chapter(title, "\n".join(paragraphs))


def _marked(path: str, pieces: Iterable[Piece], titles: Titles) -> Iterator[Piece | Heading]:
    """A document's pieces with a heading before each that begins a chapter.

    Where a book has no table of contents, its own headings of the first two ranks begin them.
    """
    if path in titles:
        yield Heading(titles[path])
    for piece in pieces:
        named = next((titles[place] for id_ in piece.ids if (place := f"{path}#{id_}") in titles), None)
        if named is not None:
            yield Heading(named)
        elif not titles and piece.rank in (1, 2):
            yield Heading(piece.text)
        yield piece


class _Package:
    """The package document: what the book consists of and in which order."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        container = tree(archive.read(CONTAINER), name=CONTAINER)
        self._path = next((found.get("full-path", "") for found in all_of(container, "rootfile")), "")
        self._root = tree(archive.read(self._path), name=self._path)
        self._items = {item.get("id", ""): item for item in all_of(self._root, "item")}

    def spine(self) -> list[str]:
        """Paths of the documents in reading order, without those beside the text."""
        order = (
            self._items.get(ref.get("idref", "")) for ref in all_of(self._root, "itemref") if ref.get("linear") != "no"
        )
        listed = [
            self._path_of(item)
            for item in order
            if item is not None and item.get("media-type") in DOCUMENTS and not _is_nav(item)
        ]
        if not listed:
            raise Damaged("The EPUB lists no document to read. Save it anew.")
        return listed

    def titles(self) -> Titles:
        """Of the table of contents: that of EPUB 3, else that of EPUB 2, else none."""
        nav = next((item for item in self._items.values() if _is_nav(item)), None)
        if nav is not None:
            return self._titles_of_nav(self._path_of(nav))
        ncx = next(
            (item for item in self._items.values() if item.get("media-type") == "application/x-dtbncx+xml"), None
        )
        return {} if ncx is None else self._titles_of_ncx(self._path_of(ncx))

    def _titles_of_nav(self, path: str) -> Titles:
        root = tree(self._archive.read(path), name=path)
        navs = list(all_of(root, "nav"))
        contents = next((nav for nav in navs if "toc" in _epub_types(nav)), navs[0] if navs else root)
        return _first_of_each((_resolved(path, link.get("href", "")), _text(link)) for link in all_of(contents, "a"))

    def _titles_of_ncx(self, path: str) -> Titles:
        root = tree(self._archive.read(path), name=path)
        points = ((_child(point, "content"), _child(point, "navLabel")) for point in all_of(root, "navPoint"))
        return _first_of_each(
            (_resolved(path, content.get("src", "")), _text(label))
            for content, label in points
            if content is not None and label is not None
        )

    def _path_of(self, item: Element) -> str:
        return _resolved(self._path, item.get("href", ""))


def _refuse_encrypted(archive: Archive, spine: list[str]) -> None:
    """Fonts may be scrambled; a text that is has digital rights management, which we do not take off."""
    if ENCRYPTION not in archive:
        return
    root = tree(archive.read(ENCRYPTION), name=ENCRYPTION)
    if {unquote(found.get("URI", "")) for found in all_of(root, "CipherReference")} & set(spine):
        raise Damaged("The EPUB is protected against copying (DRM), so its text cannot be read: use one that is not.")


def _resolved(base: str, href: str) -> str:
    """The place in the archive that a link in the document `base` leads to."""
    path, _, fragment = href.partition("#")
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(path))) if path else base
    return f"{joined}#{unquote(fragment)}" if fragment else joined


def _first_of_each(places: Iterator[tuple[str, str]]) -> Titles:
    titles: Titles = {}
    for place, title in places:
        titles.setdefault(place, title)
    return titles


def _is_nav(item: Element) -> bool:
    return "nav" in item.get("properties", "").split()


def _epub_types(element: Element) -> list[str]:
    return element.get("{http://www.idpf.org/2007/ops}type", "").split()


def _child(parent: Element, name: str) -> Element | None:
    return next((child for child in parent if local(child.tag) == name), None)


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
