"""A Markdown file (CommonMark, with tables): headings of the first two ranks begin chapters, marks are taken out.

Code blocks, HTML, pictures, rules and a heading block of settings (`---`) are not for the ear.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tts_engine.manuscripts.book import Chapter
from tts_engine.manuscripts.encoding import text_of
from tts_engine.manuscripts.limits import Limits, characters_of

ROOM_FOR_MARKS = 4  # times the text that they mark
CHAPTER_RANKS = ("h1", "h2")
_FRONT_MATTER = re.compile(r"---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]\n(?=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])")
"""A line break between two characters of Chinese, which Markdown's author meant as none."""

_PARSER = MarkdownIt("commonmark").enable("table")


def read_markdown(file: BinaryIO, limits: Limits) -> Iterator[Chapter]:
    """The chapters of a Markdown file. Raises UnknownEncoding, TooLarge."""
    with text_of(file) as text:
        source = text.read(ROOM_FOR_MARKS * limits.characters + 1)
    characters_of(limits).spend(len(source) // ROOM_FOR_MARKS)  # the text itself is counted once the marks are out
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    yield from _chapters(
        _PARSER.parse(_FRONT_MATTER.sub("", source, count=1) if source.startswith("---\n") else source)
    )


def _chapters(tokens: list[Token]) -> Iterator[Chapter]:
    title, paragraphs = "", list[str]()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "inline":
            continue
        text = _spoken(token)
        if before is not None and before.type == "heading_open" and before.tag in CHAPTER_RANKS:
            yield Chapter(title, "\n".join(paragraphs))
            title, paragraphs = text, []
        paragraphs.append(text)
    yield Chapter(title, "\n".join(paragraphs))


def _spoken(inline: Token) -> str:
    """The words of a paragraph on one line."""
    words = [_word(child) for child in inline.children or ()]
    return _WIDE.sub(lambda found: found[0][0], "".join(words)).replace("\n", " ")


def _word(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return token.content if token.type in ("text", "text_special", "code_inline") else ""
