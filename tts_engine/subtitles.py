"""The subtitles of what was spoken: of one synthesis, or of many that were joined into one file."""

from collections.abc import Iterable, Iterator

from tts_engine import store
from tts_engine.errors import TimesNotKept
from tts_engine.models import Synthesis
from tts_engine.selectors import require_spoken
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.subtitles import SUBTITLES, Level
from tts_engine.speech.timeline import TimedSentence, Timeline, joined


def timeline(synthesis: Synthesis) -> Timeline:
    """When each character is heard, in its master. Raises AudioNotReady or TimesNotKept."""
    require_spoken(synthesis)
    try:
        return store.timeline(synthesis)
    except FileNotFoundError as error:
        if not synthesis.keeps_text:
            raise TimesNotKept("Your team keeps no texts, so nothing knows when its characters are heard.") from error
        message = "It was spoken before the times of its characters were kept: have it spoken anew, with 'cache' false."
        raise TimesNotKept(message) from error


def timed(synthesis: Synthesis, heard: Timeline, audio_format: str | None = None) -> Iterator[TimedSentence]:
    """The sentences as they are heard in its audio as it was sent, or in another format."""
    return heard.timed(FORMATS[audio_format or synthesis.audio_format].delay_of(synthesis.sample_rate))


def subtitles(
    synthesis: Synthesis, subtitle_format: str, *, level: Level, audio_format: str | None = None
) -> Iterator[str]:
    """A file of subtitles, piece by piece, for the audio as it was sent or in another format.

    Tells who speaks where there are several. Raises AudioNotReady or TimesNotKept, at once.
    """
    heard = timeline(synthesis)
    return SUBTITLES[subtitle_format].write(timed(synthesis, heard, audio_format), level, len(heard.speakers) > 1)


def joined_subtitles(
    parts: Iterable[tuple[Synthesis, int]],
    subtitle_format: str,
    *,
    ticks: int,
    level: Level,
    audio_format: str,
    sample_rate: int,
    named: bool = False,
) -> Iterator[str]:
    """A file of subtitles for many syntheses in one file of audio, piece by piece; one of them is held at a time.

    Each begins at so many of the `ticks` of a second, samples or milliseconds that were counted from the
    file's start. `audio_format` and `sample_rate` are the file's; `named` tells who speaks.
    Raises AudioNotReady or TimesNotKept where it comes to such a part.
    """
    timelines = ((offset, timeline(synthesis)) for synthesis, offset in parts)
    later = FORMATS[audio_format].delay_of(sample_rate)
    return SUBTITLES[subtitle_format].write(joined(timelines, ticks, later), level, named)
