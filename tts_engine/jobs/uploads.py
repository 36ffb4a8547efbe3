"""An uploaded file becomes the rows of a job."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import BinaryIO

from django.conf import settings

from tts_engine.jobs.drafts import Row, rows_of_text
from tts_engine.jobs.models import LONGEST_NAME, JobKind
from tts_engine.jobs.orders import Orders
from tts_engine.manuscripts import Limits, Refusal, Table, lines_of, read
from tts_engine.models import InputType
from tts_engine.services import Order
from tts_engine.speech.errors import SpeechError

GLIMPSED = 5  # rows


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    characters: int


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a person wants to see of a file before a job is made of it: chapters of a text, or rows of a table."""

    kind: JobKind
    chapters: tuple[Chapter, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def limits(characters: int, cell_characters: int) -> Limits:
    """The installation's, for so many characters in all and in each cell of a table."""
    return Limits(
        file_bytes=settings.JOB_BODY_BYTES,
        unpacked_bytes=settings.JOB_UNPACKED_BYTES,
        characters=characters,
        rows=settings.JOB_MAX_ROWS,
        columns=settings.JOB_MAX_COLUMNS,
        cell_characters=cell_characters,
    )


def glimpse(file: BinaryIO, name: str) -> Glimpse:
    """The beginning of a table, or the chapters of a text. Raises ManuscriptError."""
    found = read(file, name, limits(settings.JOB_MAX_CHARACTERS, settings.MARKUP_MAX_CHARACTERS))
    if isinstance(found, Table):
        rows = tuple(row.cells for row in islice(found.rows, GLIMPSED))
        return Glimpse(JobKind.TABLE, columns=found.columns, rows=rows)
    return Glimpse(JobKind.TEXT, tuple(Chapter(each.title, len(each.text)) for each in found.chapters))


def rows_of_file(file: BinaryIO, name: str, *, template: str, order: Order) -> tuple[JobKind, Iterator[Row]]:
    """What `drafts.job_create` takes. The rows are read while the file is open.

    Raises ManuscriptError, also while the rows are read.
    """
    longest = settings.SPEECH_MAX_CHARACTERS if order.input_type == InputType.TEXT else settings.MARKUP_MAX_CHARACTERS
    found = read(file, name, limits(settings.JOB_MAX_CHARACTERS, longest))
    if isinstance(found, Table):
        return JobKind.TABLE, _rows(found, template, order, limits(settings.JOB_MAX_TABLE_CHARACTERS, longest))
    chapters = ((each.title[:LONGEST_NAME], each.text + "\n") for each in found.chapters)
    return JobKind.TEXT, rows_of_text(chapters, order.input_type)


def _rows(table: Table, template: str, order: Order, bounds: Limits) -> Iterator[Row]:
    orders = Orders(order)

    def check(voice: str, emotion: str) -> Refusal | None:
        try:
            orders.of(voice, emotion)
        except SpeechError as error:
            return Refusal(error.param or "voice", str(error))
        return None

    written = escape if order.input_type == InputType.SSML else str
    for line in lines_of(table, template, check, bounds, written=written):
        yield Row(line.text, voice=line.voice, emotion=line.emotion, file_name=line.file_name)
