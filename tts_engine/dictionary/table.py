"""A dictionary as a table: CSV in and out.

Columns are `word` and, of which each row fills one, `pinyin`, `replacement` and `ssml`. What is read may come
from a spreadsheet: UTF-8 with or without a byte order mark, UTF-16 with one, or GBK; commas or tabs.
All that is wrong is told at once, each with its row as a spreadsheet numbers it: the head is row 1.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from django.conf import settings

from tts_engine.dictionary.services import entry_make
from tts_engine.errors import DictionaryTableInvalid, DictionaryTableTooLarge, Fault
from tts_engine.manuscripts.encoding import encoding_of_mark
from tts_engine.manuscripts.formulas import plain, protected
from tts_engine.speech.errors import EntryError
from tts_engine.speech.text.dictionary import Entry, Kind

WORD = "word"
COLUMNS = (WORD, *Kind)
HEAD = 1  # the number of the row with the names of the columns

_UNMARKED = ("utf-8", "gb18030")  # GBK is a part of GB 18030


def read_table(data: bytes) -> list[Entry]:
    """The entries of a file, in its order. Raises DictionaryTableTooLarge or DictionaryTableInvalid."""
    if len(data) > settings.DICTIONARY_TABLE_BYTES:
        raise DictionaryTableTooLarge(
            f"The file has {len(data)} bytes, and at most {settings.DICTIONARY_TABLE_BYTES} are allowed: split it."
        )
    entries: dict[str, Entry] = {}
    rows: dict[str, int] = {}
    faults: list[Fault] = []
    for number, cells in _records(_decoded(data), faults):
        try:
            entry = _entry(cells)
            if entry.word in rows:
                message = "'{word}' stands in row {first} already: leave one of the two."
                raise EntryError(message, param=WORD, reason="twice", word=entry.word, first=rows[entry.word])
        except EntryError as error:
            faults.append(Fault(number, error))
        else:
            rows[entry.word] = number
            entries[entry.word] = entry
    if not entries and not faults:
        message = "The file has no entries: write one a row, below the names of the columns."
        faults.append(Fault(HEAD, EntryError(message, param="file", reason="no_entries")))
    if faults:
        raise DictionaryTableInvalid(faults)
    return list(entries.values())


def write_table(entries: Iterable[Entry]) -> str:
    """The entries as CSV with its head; `read_table` reads the same ones back."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for entry in entries:
        values = {WORD: entry.word, entry.kind.value: entry.value}
        rows.writerow([protected(values.get(column, "")) for column in COLUMNS])
    return file.getvalue()


def _decoded(data: bytes) -> str:
    """Raises DictionaryTableInvalid."""
    marked = encoding_of_mark(data)
    for encoding in (marked,) if marked else _UNMARKED:  # a few rare words need not look like Chinese prose
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    message = "The file is neither UTF-8, UTF-16 nor GBK: save it as CSV UTF-8."
    raise DictionaryTableInvalid([Fault(HEAD, EntryError(message, param="file", reason="encoding"))])


def _records(text: str, faults: list[Fault]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Number and cells, by column, of each row that is not empty; what is no row of a table becomes a fault."""
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), HEAD)
    number = 0
    try:
        number, head = next(rows, (HEAD, []))
        columns = _columns(head)
        for number, row in rows:
            cells = [plain(cell) for cell in row]
            if len(cells) > len(columns) and any(cells[len(columns) :]):
                message = (
                    "It has {cells} cells, and the table {columns} columns: put a cell that holds a comma in quotes."
                )
                error = EntryError(
                    message, param="file", reason="too_many_cells", cells=len(cells), columns=len(columns)
                )
                faults.append(Fault(number, error))
            elif any(cells):
                yield number, dict(zip(columns, cells, strict=False))
    except csv.Error:
        message = (
            "It is no row of a CSV file: look for a quotation mark that is not closed, or a cell that is too long."
        )
        faults.append(Fault(number + 1, EntryError(message, param="file", reason="no_csv")))


def _columns(head: list[str]) -> list[str]:
    """Raises DictionaryTableInvalid."""
    columns = [name.strip().lower() for name in head]
    known = [name for name in columns if name]
    if WORD not in known or len(known) != len(set(known)) or set(known) - set(COLUMNS) or len(known) < 2:
        message = "The first row names the columns: {columns}; 'word' and one of the others must be there."
        error = EntryError(message, param="file", reason="head", columns=", ".join(COLUMNS))
        raise DictionaryTableInvalid([Fault(HEAD, error)])
    return columns


def _entry(cells: Mapping[str, str]) -> Entry:
    """Raises EntryError."""
    given = [(kind, cells[kind]) for kind in Kind if cells.get(kind, "").strip()]
    if len(given) != 1:
        message = "'{word}' needs exactly one of {kinds}."
        raise EntryError(message, param=WORD, reason="one_value", word=cells.get(WORD, ""), kinds=", ".join(Kind))
    kind, value = given[0]
    return entry_make(cells.get(WORD, ""), kind, value)
