"""A CSV file (RFC 4180) with commas, semicolons or tabs. What looks like a formula is text like any other.

The list of a job's failed rows, which protects such cells, comes back as it was.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

from tts_engine.manuscripts.encoding import text_of
from tts_engine.manuscripts.errors import Damaged, TooLarge
from tts_engine.manuscripts.formulas import plain
from tts_engine.manuscripts.limits import Limits
from tts_engine.manuscripts.table import NumberedCells

DELIMITERS = ",;\t"


def read_csv(file: BinaryIO, limits: Limits) -> Iterator[NumberedCells]:
    """The lines of a CSV file. Raises UnknownEncoding, TooLarge, Damaged."""
    with text_of(file) as text:
        yield from _lines(text, limits)


def _lines(text: TextIO, limits: Limits) -> Iterator[NumberedCells]:
    longest = limits.columns * (limits.cell_characters + 3)  # with its quotes and delimiter
    first = text.readline(longest + 1)
    text.seek(0)
    rows = csv.reader(_short(text, longest), delimiter=_delimiter(first), strict=True)
    number = 0
    try:
        for number, cells in enumerate(rows, 1):
            yield number, [plain(cell) for cell in cells]
    except csv.Error as error:
        problem = str(error)
        if "field limit" in problem:
            raise TooLarge(f"Row {number + 1} has a cell longer than {limits.cell_characters:,} characters.") from error
        raise Damaged(
            f"Row {number + 1} is no CSV ({problem}): a quotation mark inside quotes is written twice."
        ) from error


def _short(text: TextIO, longest: int) -> Iterable[str]:
    """Lines, none read to its end that is longer than a row may be."""
    while line := text.readline(longest + 1):
        if len(line) > longest:
            raise TooLarge(f"The file has a line longer than {longest:,} characters.")
        yield line


def _delimiter(header: str) -> str:
    """The sign that parts the column names: Excel writes another one in other countries, and tabs as 'Unicode text'."""
    return max(DELIMITERS, key=header.count)
