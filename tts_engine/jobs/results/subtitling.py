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


def speakers(job: Job, silence: Silence) -> set[str]:
    """Who is heard in it. Raises TimesNotKept, before anything is sent."""
    heard: set[str] = set()
    for row in placed(job, silence):
        try:
            heard |= store.timeline(row.synthesis).speakers
        except FileNotFoundError as error:
            raise TimesNotKept(
                f"Row {row.item.number} repeats what was spoken before the times of its characters were kept: make "
                "the job anew, with 'cache' false."
            ) from error
    return heard


def subtitles_bytes(
    job: Job,
    subtitle_format: str,
    audio_format: Format,
    silence: Silence,
    found: Recording,
    *,
    level: Level,
    named: bool,
) -> Generator[bytes, None, None]:
    """For the recording that was `found` in that format; `named` tells who speaks."""
    written = joined_subtitles(
        ((row.synthesis, row.start_ms) for row in placed(job, silence)),
        subtitle_format,
        ticks=SECOND,
        level=level,
        audio_format=audio_format.name,
        sample_rate=found.rate,
        named=named,
    )
    yield from gathered((piece.encode() for piece in written), least=PIECE)
