"""Rows as CSV, which Excel opens as it is: with a mark of UTF-8, and nothing in it that Excel would compute."""

import csv
import io
from collections.abc import Generator, Sequence

from tts_engine.jobs.models import Job
from tts_engine.jobs.results.layout import rows
from tts_engine.manuscripts.formulas import protected
from tts_engine.models import Status

MARK = "\ufeff"
FAILED = ("row", "text", "voice", "emotion", "file_name", "error_code", "error")


def line(cells: Sequence[object]) -> str:
    """One line."""
    file = io.StringIO()
    csv.writer(file).writerow(protected(str(cell)) for cell in cells)
    return file.getvalue()


def failed_rows(job: Job) -> Generator[bytes, None, None]:
    """Those that failed and why; it can be mended and uploaded as a table of its own."""
    yield (MARK + line(FAILED)).encode()
    for item in rows(job, status=Status.FAILED):
        error = (item.synthesis.error_code, item.synthesis.error_message) if item.synthesis else ("", "")
        yield line([item.number, item.text, item.voice, item.emotion, item.file_name, *error]).encode()
