"""`尊敬的{name}，您的保单{policy}将于{date}到期`: a text with places that the columns of a table fill.

Braces that are to be spoken are doubled, `{{` and `}}`. Full-width braces, which a Chinese keyboard
writes, mean the same.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tts_engine.manuscripts.errors import TemplateInvalid

_TOKEN = re.compile(r"[{｛]{2}|[}｝]{2}|[{｛]([^{}｛｝]*)[}｝]|[{}｛｝]|[^{}｛｝]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cell of a column goes."""

    column: str


@dataclass(frozen=True, slots=True)
class Template:
    """Beside other text a cell is put as `written` says, so that in a template of markup it is text as well.

    The cell that is all of the text is markup itself.
    """

    parts: tuple[str | Place, ...]
    written: Callable[[str], str] = str

    @property
    def columns(self) -> tuple[str, ...]:
        """Those it needs, each once, in the order of their first use."""
        return tuple(dict.fromkeys(part.column for part in self.parts if isinstance(part, Place)))

    def fill(self, cells: Mapping[str, str]) -> str:
        """The text of one row. Braces in a cell are text."""
        written = self.written if len(self.parts) > 1 else str
        return "".join(written(cells[part.column]) if isinstance(part, Place) else part for part in self.parts)


def template_of(source: str) -> Template:
    """Read a template. Raises TemplateInvalid."""
    return Template(tuple(_part(found) for found in _TOKEN.finditer(source)))


def _part(found: re.Match[str]) -> str | Place:
    piece, place = found[0], f"character {found.start() + 1}"
    if found[1] is not None:
        column = found[1].strip()
        if not column:
            raise TemplateInvalid(f"The placeholder at {place} names no column: write {{name}}.")
        return Place(column)
    if piece in "{}｛｝":
        raise TemplateInvalid(
            f"The '{piece}' at {place} has no partner: write {{column}}, or {2 * piece} for the sign."
        )
    return piece[0] if piece[0] in "{}｛｝" else piece
