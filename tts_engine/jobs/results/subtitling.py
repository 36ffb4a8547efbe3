"""The subtitles of a whole job, for its `joining` recording."""

from collections.abc import Generator

from tts_engine import store
from tts_engine.errors import TimesNotKept
from tts_engine.jobs.models import Job
from tts_engine.jobs.results.joining import Recording
from tts_engine.jobs.results.layout import Silence, placed
from tts_engine.speech.audio.formats import Format
from tts_engine.speech.audio.joined import SECOND
from tts_engine.speech.audio.subtitles import Level
from tts_engine.streaming import PIECE, gathered
from tts_engine.subtitles import joined_subtitles


def require_times(job: Job, silence: Silence) -> None:
    """Raises TimesNotKept, before anything is sent."""
    for row in placed(job, silence):
        if not store.has_timeline(row.synthesis):
            raise TimesNotKept(
                f"Row {row.item.number} repeats what was spoken before the times of its characters were kept: make "
                "the job anew, with 'cache' false."
            )


def subtitles_bytes(
    job: Job, subtitle_format: str, audio_format: Format, silence: Silence, found: Recording, *, level: Level
) -> Generator[bytes, None, None]:
    """For the recording that was `found` in that format; tells who speaks where its rows have several voices."""
    written = joined_subtitles(
        ((row.synthesis, row.start_ms) for row in placed(job, silence)),
        subtitle_format,
        ticks=SECOND,
        level=level,
        audio_format=audio_format.name,
        sample_rate=found.rate,
        named=found.several_voices,
    )
    yield from gathered((piece.encode() for piece in written), least=PIECE)
