"""A whole job as one recording, encoded once from the lossless masters while it is sent."""

from collections.abc import Generator
from dataclasses import dataclass

from django.conf import settings

from tts_engine import store
from tts_engine.errors import JobHasNoAudio, ResultTooLarge
from tts_engine.jobs.models import Job
from tts_engine.jobs.results.layout import Silence, chapters, placed
from tts_engine.models import Labelling
from tts_engine.speech.audio.chapters import id3_of
from tts_engine.speech.audio.complete import WAV_MOST, sized
from tts_engine.speech.audio.encode import encode
from tts_engine.speech.audio.formats import Format
from tts_engine.speech.audio.joined import SECOND, Track, joined
from tts_engine.speech.audio.label import Label
from tts_engine.streaming import PIECE, gathered


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known of it before its first byte. `missing` rows were not spoken."""

    rate: int  # Hz
    length_ms: int
    missing: int
    label: Label | None

    @property
    def samples(self) -> int:
        return round(self.length_ms * self.rate / SECOND)


def recording(job: Job, audio_format: Format, silence: Silence) -> Recording:
    """At the highest sample rate of its rows that the format can carry.

    Raises JobHasNoAudio where the job has not ended or nothing was spoken; ResultTooLarge.
    """
    if job.finished_at is None:
        raise JobHasNoAudio(f"The job is {job.status}: it can be joined once its last row has ended.")
    count = rate = length = 0
    labelled = False
    for row in placed(job, silence):
        count, rate, length = count + 1, max(rate, row.synthesis.sample_rate), row.end_ms
        labelled = labelled or row.synthesis.label != Labelling.NONE
    if not count:
        raise JobHasNoAudio("No row of this job was spoken, so there is nothing to download.")
    label = Label.generated(producer=settings.CONTENT_PRODUCER, content_id=str(job.id)) if labelled else None
    found = Recording(audio_format.rate_for(rate), length, job.rows - count, label)
    if audio_format.name == "wav" and 2 * found.samples > WAV_MOST:
        raise ResultTooLarge("The recording is longer than a WAV can be (4 GB): ask for flac or mp3.")
    return found


def joined_bytes(job: Job, audio_format: Format, silence: Silence, found: Recording) -> Generator[bytes, None, None]:
    """The `recording` itself; an MP3 has its chapters in it, in one tag with the label."""
    label = found.label
    if audio_format.name == "mp3":
        yield id3_of(job.name, chapters(job, silence), label)
        label = None
    tracks = (
        Track(
            store.master_file(row.synthesis),
            start_ms=row.start_ms,
            length_ms=row.end_ms - row.start_ms,
            volume=row.synthesis.volume,
            loudness=row.synthesis.loudness,
        )
        for row in placed(job, silence)
    )
    audio = encode(joined(tracks, found.rate), found.rate, audio_format, label)
    yield from gathered(sized(audio, audio_format, found.samples), least=PIECE)
