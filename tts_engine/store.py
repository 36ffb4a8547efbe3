"""Where audio lies: one folder a synthesis, below its tenant's.

    audio/<tenant>/<first two of id>/<id>/master.flac    the speech at the voice's own rate, lossless, with its label
                                          answer.<format>  the bytes that the caller was sent; a WAV knows its size
                                          as.<format>      other formats, made when first asked for
                                          times            when each character is heard, after a digest of the text;
                                                           none where texts are not kept
    audio/drafts/<id>-<attempt>/           what a worker is still writing

A draft becomes the folder by one rename, so half-written audio is never found.
"""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import soundfile
from django.conf import settings

from tts_engine import labels
from tts_engine.models import Synthesis
from tts_engine.scripts import Written
from tts_engine.speech.audio import label as file_label
from tts_engine.speech.audio.complete import complete
from tts_engine.speech.audio.decode import decoded, sample_rate_of
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.label import Label
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.text import read_script, reading_of
from tts_engine.speech.timeline import Timeline
from tts_engine.speech.voice import Samples

DRAFTS = "drafts"
TIMES = "times"


def _folder(synthesis: Synthesis) -> Path:
    name = str(synthesis.id)
    return Path(settings.AUDIO_ROOT, str(synthesis.tenant_id), name[:2], name)


def answer_file(synthesis: Synthesis) -> Path:
    """The audio as it was sent."""
    return _folder(synthesis) / f"answer.{synthesis.audio_format}"


def master_file(synthesis: Synthesis) -> Path:
    return _folder(synthesis) / "master.flac"


def is_kept(synthesis: Synthesis) -> bool:
    """Whether the audio is there."""
    return answer_file(synthesis).is_file()


def file_in(synthesis: Synthesis, audio_format: str) -> Path:
    """The audio in any format; made from the lossless master when it is first asked for."""
    if audio_format == synthesis.audio_format:
        return answer_file(synthesis)
    made = _folder(synthesis) / f"as.{audio_format}"
    if not made.is_file():
        with (
            master_file(synthesis).open("rb") as master,
            tempfile.NamedTemporaryFile(dir=made.parent, delete=False) as file,
        ):
            file.writelines(
                rendered_for(
                    synthesis,
                    decoded(master),
                    sample_rate_of(master),
                    audio_format=audio_format,
                    label=file_label.read(master_file(synthesis)),
                )
            )
        complete(Path(file.name), FORMATS[audio_format])
        Path(file.name).rename(made)
    return made


def rendered_for(
    synthesis: Synthesis, samples: Iterable[Samples], rate: int, *, audio_format: str, label: Label | None
) -> Iterator[bytes]:
    """`samples` of `rate` Hz as the request wants them, in this format."""
    return rendered(
        samples,
        rate,
        FORMATS[audio_format],
        wanted_rate=synthesis.sample_rate,
        volume=synthesis.volume,
        loudness=synthesis.loudness,
        label=label,
    )


def timeline(synthesis: Synthesis) -> Timeline:
    """When each character of the master is heard. Raises FileNotFoundError where that was not kept."""
    _, _, packed = (_folder(synthesis) / TIMES).read_bytes().partition(b"\n")
    return Timeline.unpack(packed)


def _times(synthesis: Synthesis, spoken: Timeline) -> bytes:
    return _digest(synthesis) + b"\n" + spoken.pack()


def _digest(synthesis: Synthesis) -> bytes:
    """Of the text, which the timeline has as it was written."""
    written = Written.of(synthesis)
    # A row that is not stored yet has an enum's member.
    decides = (written.text, str(written.input_type), written.voice_aliases)
    return hashlib.sha256(repr(decides).encode()).hexdigest().encode()


def link(source: Synthesis, target: Synthesis) -> None:
    """Give `target` the audio of `source` at no cost of space; each can be deleted alone."""
    known, new = _folder(source), _folder(target)
    new.mkdir(parents=True)
    for name in (master_file(source).name, answer_file(source).name):
        os.link(known / name, new / name)
    if target.keeps_text:
        with suppress(FileNotFoundError):  # spoken before times were kept
            _link_times(source, target)


def _link_times(source: Synthesis, target: Synthesis) -> None:
    """The source's, or where the same is written otherwise (5个, 五个) the target's own."""
    known, new = _folder(source) / TIMES, _folder(target) / TIMES
    with known.open("rb") as file:
        same_text = file.readline().rstrip() == _digest(target)
    if same_text:
        os.link(known, new)
    else:
        reading = reading_of(read_script(Written.of(target).script()))
        new.write_bytes(_times(target, timeline(source).rewritten(reading.sentences)))


def delete_times(synthesis: Synthesis) -> None:
    """They have the text in them."""
    (_folder(synthesis) / TIMES).unlink(missing_ok=True)


def delete(synthesis: Synthesis) -> None:
    shutil.rmtree(_folder(synthesis), ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Copy:
    """Audio that need not be made, for it is that of another synthesis of the same tenant."""

    source: Synthesis
    target: Synthesis

    def keep(self) -> int:
        """Make it the target's, replacing what an earlier attempt left; the answer's size in bytes.

        Raises FileNotFoundError where the source has been deleted.
        """
        delete(self.target)
        try:
            link(self.source, self.target)
        except FileNotFoundError:
            delete(self.target)  # an empty folder
            raise
        return answer_file(self.target).stat().st_size


class Draft:
    """The audio of one attempt while it is made: `master` passes samples on, `answer` bytes.

    Leaving the context without `keep` throws the draft away.
    """

    def __init__(self, synthesis: Synthesis, *, voice_rate: int) -> None:
        self._synthesis = synthesis
        self._folder = Path(settings.AUDIO_ROOT) / DRAFTS / f"{synthesis.id}-{synthesis.attempt}"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._master = soundfile.SoundFile(
            self._folder / "master.flac", "w", samplerate=voice_rate, channels=1, subtype="PCM_16"
        )
        self._answer = (self._folder / f"answer.{synthesis.audio_format}").open("wb")
        if label := labels.label_of(synthesis):
            self._master.comment = label.as_json()
        self.timeline: Timeline | None = None  # of the master, once it is whole
        self.frames = 0
        self.size = 0

    def master(self, stream: Iterator[Samples]) -> Iterator[Samples]:
        """Write down every stretch of samples that goes through."""
        for samples in stream:
            self._master.write(samples)
            self.frames += len(samples)
            yield samples

    def answer(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        """Write down every piece of the answer that goes through."""
        for piece in stream:
            self._answer.write(piece)
            self.size += len(piece)
            yield piece

    def keep(self) -> int:
        """Make the draft the synthesis's audio, replacing what an earlier attempt left; its size in bytes.

        Raises OSError where the disk did not take all of it.
        """
        self._close()
        self._check_master()
        if self.timeline and self._synthesis.keeps_text:
            (self._folder / TIMES).write_bytes(_times(self._synthesis, self.timeline))
        complete(self._folder / answer_file(self._synthesis).name, FORMATS[self._synthesis.audio_format])
        final = _folder(self._synthesis)
        shutil.rmtree(final, ignore_errors=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        self._folder.rename(final)
        return self.size

    def _check_master(self) -> None:
        """Read its last sample: when it is closed libsndfile writes the rest, and does not tell if there is no room."""
        try:
            with soundfile.SoundFile(self._folder / "master.flac") as master:
                master.seek(max(0, self.frames - 1))
                whole = master.frames == self.frames and len(master.read()) == min(1, self.frames)
        except soundfile.LibsndfileError:  # not even its head is there
            whole = False
        if not whole:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))

    def _close(self) -> None:
        self._master.close()
        self._answer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, soundfile.LibsndfileError):  # a full disk does not take the rest of what is thrown away
            self._close()
        shutil.rmtree(self._folder, ignore_errors=True)
