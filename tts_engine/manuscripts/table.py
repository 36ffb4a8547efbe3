"""What every kind of table becomes: a header of column names, and rows of text one at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tts_engine.manuscripts.encoding import CONTROL
from tts_engine.manuscripts.errors import Damaged, Fault, NothingToRead, RowsInvalid, TooLarge
from tts_engine.manuscripts.limits import Limits


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is what a spreadsheet shows at its left edge; `cells` are as many as there are columns."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` is read while the file is open, once. Its errors are those of the kind of file."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


NumberedCells = tuple[int, Sequence[str]]


def table_of(lines: Iterator[NumberedCells], limits: Limits) -> Table:
    """A table whose first line with anything in it names the columns.

    Lines without anything are passed over, as are columns without a name. Raises NothingToRead,
    TooLarge, Damaged; while its rows are read, RowsInvalid too.
    """
    for _, cells in lines:
        if any(cell.strip() for cell in cells):
            places = _columns(cells, limits)
            return Table(tuple(places), _rows(lines, places, limits))
    raise NothingToRead("The table has no header: its first row must name the columns.")


def _columns(header: Sequence[str], limits: Limits) -> dict[str, int]:
    """Where each named column is."""
    if len(header) > limits.columns:
        raise TooLarge(f"The table has {len(header)} columns; at most {limits.columns} are read.")
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = cell.strip()
        if len(name) > limits.cell_characters:
            raise TooLarge(f"The name of column {place + 1} is longer than {limits.cell_characters} characters.")
        if name in places:
            raise Damaged(f"Two columns are named '{name}': rename one of them.")
        if name:
            places[name] = place
    return places


def _rows(lines: Iterable[NumberedCells], places: dict[str, int], limits: Limits) -> Iterator[Row]:
    count = 0
    for number, cells in lines:
        kept = tuple(cells[place].strip() if place < len(cells) else "" for place in places.values())
        if not any(kept):
            continue
        count += 1
        if count > limits.rows:
            raise TooLarge(f"The table has more than {limits.rows:,} rows: divide it into several files.")
        for column, cell in zip(places, kept, strict=True):
            if len(cell) > limits.cell_characters:
                raise RowsInvalid([Fault(number, column, f"it is longer than {limits.cell_characters:,} characters.")])
            if control := CONTROL.search(cell):
                raise RowsInvalid([Fault(number, column, f"it holds the control character U+{ord(control[0]):04X}.")])
        yield Row(number, kept)
    if not count:
        raise NothingToRead("The table has a header but no rows.")
