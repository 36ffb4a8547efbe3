"""The audio of a job's rows as files of one archive, with a list of all rows."""

import tempfile
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

from tts_engine import store
from tts_engine.errors import JobHasNoAudio
from tts_engine.jobs import selectors
from tts_engine.jobs.models import Job, JobItem
from tts_engine.jobs.results.layout import rows, spoken
from tts_engine.jobs.results.lists import line
from tts_engine.manuscripts.file_names import UniqueNames, safe
from tts_engine.models import Status, Synthesis
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.zipped import Entry, zipped

INDEX = "index.csv"
LISTED = ("row", "file", "text", "voice", "emotion", "status", "seconds", "billed_characters", "error_code", "error")


def require_spoken(job: Job) -> None:
    """Raises JobHasNoAudio where no row is spoken by now."""
    if not selectors.items(job, status=Status.DONE).exists():
        raise JobHasNoAudio(f"The job is {job.status}, and none of its rows is spoken: there is nothing to download.")


def archive_bytes(job: Job) -> Generator[bytes, None, None]:
    """A ZIP of the rows that are spoken by now, each in the format it was made in."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8-sig", newline="") as index:
        yield from zipped(_entries(job, index))


def recordings_bytes(chosen: Iterable[Synthesis]) -> Generator[bytes, None, None]:
    """A ZIP of spoken Syntheses, each as it was answered."""
    return zipped(entry_of(synthesis, f"{_named(synthesis)}{_extension(synthesis)}") for synthesis in chosen)


def _named(synthesis: Synthesis) -> str:
    """A file name that tells when and by whom it was spoken, without its ending."""
    return f"{synthesis.created_at:%Y%m%d-%H%M%S} {safe(synthesis.voice)} {str(synthesis.id)[:8]}"


class _Index(Protocol):
    """Where the list of rows is written while the archive is."""

    name: str

    def write(self, text: str, /) -> int: ...
    def flush(self) -> None: ...


def _entries(job: Job, index: _Index) -> Iterator[Entry]:
    names = UniqueNames()
    width = len(str(job.rows))
    index.write(line(LISTED))
    for item in rows(job):
        synthesis = spoken(item)
        name = ""
        if synthesis:
            name = f"{names.take(_stem(item, width))}{_extension(synthesis)}"
            yield entry_of(synthesis, name)
        index.write(line(_listed(item, name)))
    index.flush()
    yield Entry(INDEX, Path(index.name), job.created_at)


def entry_of(synthesis: Synthesis, name: str) -> Entry:
    """A spoken Synthesis, as it was answered."""
    moment = cast(datetime, synthesis.finished_at)  # the table has it of all that is done
    return Entry(name, store.answer_file(synthesis), moment)


def _extension(synthesis: Synthesis) -> str:
    return FORMATS[synthesis.audio_format].extension


def _stem(item: JobItem, width: int) -> str:
    """The name that its row gives it, else its number and chapter."""
    return safe(item.file_name) or " ".join(filter(None, (f"{item.number:0{width}}", safe(item.chapter))))


def _listed(item: JobItem, name: str) -> list[object]:
    row = item.synthesis
    if row is None:
        return [item.number, name, item.text, item.voice, item.emotion, "", "", "", "", ""]
    seconds = "" if row.audio_ms is None else row.audio_ms / 1000
    billed = "" if row.billed_characters is None else row.billed_characters
    return [item.number, name, item.text, row.voice, row.emotion, row.status, seconds, billed, row.error_code,
            row.error_message]  # fmt: skip
