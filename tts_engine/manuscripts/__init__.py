"""Manuscripts: files that people upload, TXT, Markdown, EPUB, CSV and XLSX, become texts to speak.

A plain library like `speech`. `read` gives a book, whose chapters are ready to be cut into parts, or a
table, from whose rows `lines_of` fills a template. Everything in a file is a stranger's: see `errors` for
what is refused, and `limits` for how much is read.
"""

from tts_engine.manuscripts.book import Book, Chapter
from tts_engine.manuscripts.errors import ManuscriptError
from tts_engine.manuscripts.filling import Check, Line, Refusal, lines_of
from tts_engine.manuscripts.limits import Limits
from tts_engine.manuscripts.reading import BOOKS, TABLES, read
from tts_engine.manuscripts.table import Row, Table

__all__ = [
    "BOOKS",
    "TABLES",
    "Book",
    "Chapter",
    "Check",
    "Limits",
    "Line",
    "ManuscriptError",
    "Refusal",
    "Row",
    "Table",
    "lines_of",
    "read",
]
