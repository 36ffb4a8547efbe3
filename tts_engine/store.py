"""What is kept of a synthesis, and how it gets there; where it lies, on disk or in a bucket, `shelves` knows.

    master.flac      the speech at the voice's own rate, lossless, with its label
    answer.<format>  the bytes that the caller was sent; a WAV knows its size
    as.<format>      other formats, made when first asked for
    times            when each character is heard, after a digest of the text; none where texts are not kept

Until it is whole a draft lies on the local disk, in `AUDIO_ROOT/drafts/<id>-<attempt>/`. The row has the
SHA-256 of master and answer, so that what lies there can be compared with what was made.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import soundfile
from django.conf import settings

from tts_engine import labels
from tts_engine.models import Synthesis
from tts_engine.scripts import Written
from tts_engine.shelves.bucket import bucket
from tts_engine.shelves.disk import Disk
from tts_engine.shelves.shelf import Shelf, Spoken, StoredFile, size_of
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
MASTER = "master.flac"
TIMES = "times"
OTHER_FORMAT = "as."  # before its name


def shelf() -> Shelf:
    """Where finished audio lies."""
    return bucket() if settings.AUDIO_BUCKET else Disk(Path(settings.AUDIO_ROOT))


def _file(synthesis: Spoken, name: str) -> StoredFile:
    own = shelf()
    return own.file(f"{own.folder(synthesis)}/{name}")


def answer_name(synthesis: Spoken) -> str:
    return f"answer.{synthesis.audio_format}"


def answer_file(synthesis: Spoken) -> StoredFile:
    """The audio as it was sent."""
    return _file(synthesis, answer_name(synthesis))


def master_file(synthesis: Spoken) -> StoredFile:
    return _file(synthesis, MASTER)


def is_kept(synthesis: Spoken) -> bool:
    """Whether the audio is there."""
    return answer_file(synthesis).is_file()


def file_in(synthesis: Synthesis, audio_format: str) -> StoredFile:
    """The audio in any format; made from the lossless master when it is first asked for."""
    if audio_format == synthesis.audio_format:
        return answer_file(synthesis)
    name = f"{OTHER_FORMAT}{audio_format}"
    made = _file(synthesis, name)
    if not made.is_file():
        with scratch() as file:
            _render(synthesis, audio_format, file)
            own = shelf()
            own.put(file, f"{own.folder(synthesis)}/{name}")
    return made


def _render(synthesis: Synthesis, audio_format: str, to: Path) -> None:
    with to.open("wb") as file, master_file(synthesis).open("rb") as master:
        label = file_label.read(master_file(synthesis))
        file.writelines(
            rendered_for(synthesis, decoded(master), sample_rate_of(master), audio_format=audio_format, label=label)
        )
    complete(to, FORMATS[audio_format])


@contextmanager
def scratch() -> Iterator[Path]:
    """The name of a file on the local disk, which is gone afterwards if it was not moved away."""
    drafts = Path(settings.AUDIO_ROOT) / DRAFTS
    drafts.mkdir(parents=True, exist_ok=True)
    file = drafts / uuid4().hex
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


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
    _, _, packed = _file(synthesis, TIMES).read_bytes().partition(b"\n")
    return Timeline.unpack(packed)


def _times(synthesis: Synthesis, spoken: Timeline) -> bytes:
    return _digest(synthesis) + b"\n" + spoken.pack()


def _digest(synthesis: Synthesis) -> bytes:
    """Of the text, which the timeline has as it was written."""
    written = Written.of(synthesis)
    # A row that is not stored yet has an enum's member.
    decides = (written.text, str(written.input_type), written.voice_aliases)
    return hashlib.sha256(repr(decides).encode()).hexdigest().encode()


def link(source: Spoken, target: Synthesis, *, times_of: bytes | None = None) -> bytes | None:
    """Give `target` the audio of `source`, which need not come here for it; each can be deleted alone.

    `times_of` is the digest of the text that the source's times have, where it is known, and the answer
    that of the target's; None of what has no times.

    Raises FileNotFoundError where the source, or what was known of it, has been deleted; the target has nothing then.
    """
    own = shelf()
    names, rewritten, digest = [MASTER, answer_name(source)], None, None
    if target.keeps_text:
        wanted = _digest(target)
        with suppress(FileNotFoundError):  # spoken before times were kept
            rewritten = None if times_of == wanted else _rewritten_times(source, target)
            names += [] if rewritten else [TIMES]
            digest = wanted
    try:
        own.copy(own.folder(source), own.folder(target), names)
    except FileNotFoundError:
        delete(target)  # an empty folder
        raise
    if rewritten:
        with scratch() as file:
            file.write_bytes(rewritten)
            own.put(file, f"{own.folder(target)}/{TIMES}")
    return digest


def _rewritten_times(source: Spoken, target: Synthesis) -> bytes | None:
    """None where the source's hold; else, where the same is written otherwise (5个, 五个), the target's own."""
    digest, _, packed = _file(source, TIMES).read_bytes().partition(b"\n")
    if digest == _digest(target):
        return None
    reading = reading_of(read_script(Written.of(target).script()))
    return _times(target, Timeline.unpack(packed).rewritten(reading.sentences))


def delete_times(synthesis: Synthesis) -> None:
    """They have the text in them."""
    own = shelf()
    own.delete(f"{own.folder(synthesis)}/{TIMES}")


def delete(synthesis: Spoken) -> None:
    shelf().delete_synthesis(synthesis)


@dataclass(frozen=True, slots=True)
class Sums:
    """SHA-256 of what was made; None of what an older version made."""

    master: bytes | memoryview | None
    answer: bytes | memoryview | None


def _sum(file: StoredFile) -> bytes:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()


def sums(synthesis: Synthesis) -> Sums:
    """Of what lies there now. Raises FileNotFoundError."""
    return Sums(master=_sum(master_file(synthesis)), answer=_sum(answer_file(synthesis)))


@dataclass(frozen=True, slots=True)
class Copy:
    """Audio that need not be made, for it is that of another synthesis of the same tenant."""

    source: Spoken
    target: Synthesis

    def prepare(self) -> Sums:
        """Its sums are the source's, and there is nothing to do beforehand."""
        found = Synthesis.objects.filter(id=self.source.id).values_list("master_sha256", "answer_sha256")
        return Sums(*(found.first() or (None, None)))

    def keep(self) -> int:
        """Make it the target's, replacing what an earlier attempt left; the answer's size in bytes.

        Raises FileNotFoundError where the source has been deleted.
        """
        delete(self.target)
        link(self.source, self.target)
        return size_of(answer_file(self.target))


class Draft:
    """The audio of one attempt while it is made: `master` passes samples on, `answer` bytes.

    `prepare` makes it whole, `keep` publishes it; leaving the context without `keep` throws it away.
    """

    def __init__(self, synthesis: Synthesis, *, voice_rate: int) -> None:
        self._synthesis = synthesis
        self._folder = Path(settings.AUDIO_ROOT) / DRAFTS / f"{synthesis.id}-{synthesis.attempt}"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._master = soundfile.SoundFile(
            self._folder / MASTER, "w", samplerate=voice_rate, channels=1, subtype="PCM_16"
        )
        self._answer = (self._folder / answer_name(synthesis)).open("wb")
        if label := labels.label_of(synthesis):
            self._master.comment = label.as_json()
        self.timeline: Timeline | None = None  # of the master, once it is whole
        self.frames = 0
        self.size = 0
        self._sums: Sums | None = None  # once it is prepared
        self._kept = False

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

    def prepare(self) -> Sums:
        """Make it whole, and bring it near where it will be kept, which may take its time.

        Raises OSError where the disk did not take all of it.
        """
        self._close()
        self._check_master()
        if self.timeline and self._synthesis.keeps_text:
            (self._folder / TIMES).write_bytes(_times(self._synthesis, self.timeline))
        answer = self._folder / answer_name(self._synthesis)
        complete(answer, FORMATS[self._synthesis.audio_format])
        self._sums = Sums(master=_sum(self._folder / MASTER), answer=_sum(answer))
        own = shelf()
        own.prepare(self._folder, own.folder(self._synthesis))
        return self._sums

    def keep(self) -> int:
        """Make it the synthesis's audio, replacing what an earlier attempt left; its size in bytes."""
        if self._sums is None:
            self.prepare()
        own = shelf()
        own.publish(self._folder, own.folder(self._synthesis))
        self._kept = True
        return self.size

    def _check_master(self) -> None:
        """Read its last sample: when it is closed libsndfile writes the rest, and does not tell if there is no room."""
        if not self.frames:
            return
        try:
            with soundfile.SoundFile(self._folder / MASTER) as master:
                master.seek(self.frames - 1)
                whole = master.frames == self.frames and len(master.read()) == 1
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
        if not self._kept:
            own = shelf()
            own.forget(own.folder(self._synthesis))
