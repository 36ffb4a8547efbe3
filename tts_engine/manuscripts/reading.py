"""An uploaded file becomes a book or a table; what kind it is, the ending of its name says."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import BinaryIO

from tts_engine.manuscripts.book import Book, Chapter, book_of
from tts_engine.manuscripts.csv_table import read_csv
from tts_engine.manuscripts.epub import read_epub
from tts_engine.manuscripts.errors import TooLarge, UnknownKind
from tts_engine.manuscripts.limits import Limits
from tts_engine.manuscripts.markdown import read_markdown
from tts_engine.manuscripts.plain_text import read_plain_text
from tts_engine.manuscripts.table import NumberedCells, Table, table_of
from tts_engine.manuscripts.xlsx import read_xlsx

BOOKS: Mapping[str, Callable[[BinaryIO, Limits], Iterator[Chapter]]] = {
    ".txt": read_plain_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".epub": read_epub,
}
TABLES: Mapping[str, Callable[[BinaryIO, Limits], Iterator[NumberedCells]]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".xlsx": read_xlsx,
}


def read(file: BinaryIO, name: str, limits: Limits) -> Book | Table:
    """What the file holds. A table's rows are read later, so `file` must stay open; it must be able to seek.

    Raises ManuscriptError; a table raises more of it while its rows are read.
    """
    ending = PurePath(name).suffix.lower()
    if ending not in (*BOOKS, *TABLES):
        raise UnknownKind(f"'{ending or name}' files are not read; use one of {', '.join((*BOOKS, *TABLES))}.")
    if file.seek(0, 2) > limits.file_bytes:
        raise TooLarge(f"The file is larger than {limits.file_bytes:,} bytes: divide it.")
    file.seek(0)
    if ending in BOOKS:
        return book_of(BOOKS[ending](file, limits), limits)
    return table_of(TABLES[ending](file, limits), limits)
