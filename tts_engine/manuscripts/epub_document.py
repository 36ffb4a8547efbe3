"""One document of an EPUB: paragraphs in order, each with the ids that links may lead to."""

from collections.abc import Iterable
from dataclasses import dataclass

from tts_engine.manuscripts.limits import Budget
from tts_engine.manuscripts.markup import local, parse

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "div", "dl", "dt", "figure",
    "figcaption", "footer", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
    *_HEADINGS,
}  # fmt: skip
_SILENT = {
    "audio", "canvas", "head", "iframe", "math", "nav", "object", "rp", "rt", "script", "style", "svg", "template",
    "video",
}  # fmt: skip
_NOTES = {"footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes", "note", "noteref"}
_NOTE_ROLES = {"doc-footnote", "doc-endnote", "doc-endnotes", "doc-noteref"}
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph; `rank` is that of a heading, 1 to 6, or 0."""

    text: str
    ids: tuple[str, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class Heading:
    """Here a chapter begins."""

    title: str


def pieces_of(document: Iterable[bytes], *, name: str, budget: Budget) -> list[Piece]:
    """The paragraphs of an XHTML document, their characters taken from `budget`. Raises Hostile, Damaged, TooLarge."""
    page = _Page(budget)
    parse(document, page, name=name)
    page.close_block()
    return page.pieces


class _Page:
    """Gathers paragraphs while the document is parsed. An id counts for the next paragraph that has text."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.pieces: list[Piece] = []
        self._text: list[str] = []
        self._ids: list[str] = []
        self._rank = 0
        self._silent = 0  # elements that are open and not for the ear
        self._superscript = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if self._silent or name in _SILENT or _is_note(attributes) or self._is_mark_of_note(name, attributes):
            self._silent += 1
            return
        if name == "br" and self._rank:
            self._text.append(" ")
        elif name in _BLOCKS:
            self.close_block()
        if name in _HEADINGS:
            self._rank = int(name[1])
        if "id" in attributes:
            self._ids.append(attributes["id"])
        self._superscript += name == "sup"

    def end(self, tag: str) -> None:
        if self._silent:
            self._silent -= 1
            return
        name = local(tag)
        self._superscript -= name == "sup"
        if name in _BLOCKS and not (name == "br" and self._rank):
            self.close_block()
        if name in _HEADINGS:
            self._rank = 0  # though it had no text

    def data(self, text: str) -> None:
        if not self._silent:
            self._budget.spend(len(text.strip()))
            self._text.append(" " if text.isspace() else text)  # however much of it there is

    def close_block(self) -> None:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.pieces.append(Piece(text, tuple(self._ids), self._rank))
            self._ids.clear()

    def _is_mark_of_note(self, name: str, attributes: dict[str, str]) -> bool:
        """The small raised number that older books use without saying what it is."""
        return name == "a" and self._superscript > 0 and "#" in attributes.get("href", "")


def _is_note(attributes: dict[str, str]) -> bool:
    return (
        not _NOTES.isdisjoint(attributes.get(_EPUB_TYPE, "").split())
        or not _NOTE_ROLES.isdisjoint(attributes.get("role", "").split())
        or "hidden" in attributes
    )
