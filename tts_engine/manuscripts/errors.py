"""Why a file that somebody uploads is not read; every message tells what to change.

ManuscriptError
├── UnknownKind        the ending of its name is none that is read
├── TooLarge           it, or what is packed in it, is larger than is allowed
├── UnknownEncoding    its bytes are text in no encoding that is read
├── Damaged            it is not what the ending of its name says, or is broken
├── Hostile            it is made to harm whoever opens it
├── NothingToRead      no text, no rows
├── TemplateInvalid    a placeholder that is not closed, or that names no column
└── RowsInvalid        cells that cannot be used; `faults` names row and column of each

Each class has a stable `code`, which doors pass on to callers, and `param`, the member of the
request it speaks of.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ManuscriptError(Exception):
    """Root of the tree; its message says what to do."""

    code = "file_unreadable"
    param: str | None = "file"


class UnknownKind(ManuscriptError):
    """The ending of its name is none that is read."""

    code = "file_kind_unknown"


class TooLarge(ManuscriptError):
    """It, or what is packed in it, is larger than is allowed."""

    code = "file_too_large"


class UnknownEncoding(ManuscriptError):
    """Its bytes are text in no encoding that is read."""

    code = "file_encoding_unknown"


class Damaged(ManuscriptError):
    """It is not what the ending of its name says, or is broken."""

    code = "file_damaged"


class Hostile(ManuscriptError):
    """It is made to harm whoever opens it."""

    code = "file_hostile"


class NothingToRead(ManuscriptError):
    """It holds no text, or a table without rows."""

    code = "file_empty"


class TemplateInvalid(ManuscriptError):
    """A placeholder that is not closed, or that names no column."""

    code = "template_invalid"
    param = "template"


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be used. `row` is what a spreadsheet shows at its left edge: the header is row 1.

    `column` is empty where the row as a whole is meant.
    """

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"row {self.row}, column '{self.column}'" if self.column else f"row {self.row}"
        return f"{place}: {self.message}"


class RowsInvalid(ManuscriptError):
    """Cells that cannot be used; `more` tells that the file has others beside these `faults`."""

    code = "rows_invalid"

    def __init__(self, faults: Sequence[Fault], *, more: bool = False) -> None:
        listed = "; ".join(str(fault) for fault in faults)
        super().__init__(f"{listed[:1].upper()}{listed[1:]}{' And there are more.' if more else ''}")
        self.faults = tuple(faults)
        self.more = more
