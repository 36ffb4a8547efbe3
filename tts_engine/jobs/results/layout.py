"""Where each spoken row of a job is heard in the recording of the whole; chapters and subtitles go by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_engine.jobs import selectors
from tts_engine.jobs.models import Job, JobItem
from tts_engine.models import Status, Synthesis
from tts_engine.speech.audio.chapters import Chapter

PAGE = 200  # rows that are held at a time


@dataclass(frozen=True, slots=True)
class Silence:
    """Between two rows, and before a chapter, in ms."""

    rows_ms: int
    chapters_ms: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A spoken row and when it is heard, in ms."""

    item: JobItem
    synthesis: Synthesis
    start_ms: int
    end_ms: int


def rows(job: Job, *, status: str | None = None) -> Iterator[JobItem]:
    """The rows in their order, or those of one status, each with its Synthesis."""
    last = 0
    while page := list(selectors.items(job, status=status).filter(number__gt=last)[:PAGE]):
        yield from page
        last = page[-1].number


def spoken(item: JobItem) -> Synthesis | None:
    """Its Synthesis, where that has audio: a row may have been deleted alone."""
    synthesis = item.synthesis
    return synthesis if synthesis and synthesis.status == Status.DONE and not synthesis.deleted_at else None


def placed(job: Job, silence: Silence) -> Iterator[Placed]:
    """The spoken rows one after the other."""
    position, chapter = 0, None
    for item in rows(job, status=Status.DONE):
        synthesis = spoken(item)
        if synthesis is None:
            continue
        if chapter is not None:
            position += silence.rows_ms if item.chapter == chapter else silence.chapters_ms
        end = position + (synthesis.audio_ms or 0)
        yield Placed(item, synthesis, position, end)
        position, chapter = end, item.chapter


def chapters(job: Job, silence: Silence) -> list[Chapter]:
    """Those of a long text, each up to the start of the next; none where no row names one."""
    found: list[Chapter] = []
    for row in placed(job, silence):
        if found and found[-1].title == row.item.chapter:
            found[-1] = replace(found[-1], end_ms=row.end_ms)
            continue
        if found:
            found[-1] = replace(found[-1], end_ms=row.start_ms)
        found.append(Chapter(row.item.chapter, row.start_ms, row.end_ms))
    if not any(chapter.title for chapter in found):
        return []
    return [replace(chapter, title=chapter.title or job.name) for chapter in found]
