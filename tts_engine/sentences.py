"""One spoken sentence is one small file, so that no sentence of a tenant is spoken twice.

    sentences/<tenant>/<voice>/<first two of key>/<key>        what was spoken, whole
                                                   <key>.part   somebody speaks it now, and holds its lock

One rename makes the second the first, so what is found is whole. There is no index: the files are all
there is, a restart changes nothing, and any of them may be deleted at any time. The lock is flock's,
which the kernel takes off a process that ends, however it ends.
"""

import fcntl
import hashlib
import json
import os
import re
import threading
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import numpy as np
import structlog
from django.conf import settings

from tts_engine.speech.voice import CharacterTime, Chunk, Utterance

log = structlog.get_logger()

FORMAT = 1  # of the files; part of every key, so that files of another one are never met
PART = ".part"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")  # others might be a path, or longer than a name may be


def folder(tenant_id: UUID, voice: str | None = None) -> Path:
    """Where a tenant's sentences lie, or those of one voice."""
    own = Path(settings.SENTENCES_ROOT) / str(tenant_id)
    if voice is None:
        return own
    return own / (voice if _PLAIN_NAME.fullmatch(voice) else hashlib.sha256(voice.encode()).hexdigest())


def place_of(tenant_id: UUID, revision: str, utterance: Utterance) -> "Place":
    """Where a sentence is kept, by everything that decides its samples; `revision` is its voice's."""
    deciding = (FORMAT, revision, utterance.sentence.words, utterance.style)
    key = hashlib.sha256(repr(deciding).encode()).hexdigest()
    return Place(folder(tenant_id, utterance.style.speaker) / key[:2] / key)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one sentence is kept, or will be."""

    path: Path

    @property
    def part(self) -> Path:
        return self.path.with_suffix(PART)

    def is_kept(self) -> bool:
        with suppress(OSError):
            return self.path.exists()
        return False

    def load(self) -> list[Chunk] | None:
        """What was spoken, chunk by chunk as it was; None where it is not there or damaged, and then removed."""
        try:
            chunks = unpack(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("kept_sentence_unreadable", file=str(self.path), error=str(error))
            with suppress(OSError):
                self.path.unlink()
            return None
        with suppress(OSError):  # the least recently used go first; it may have gone just now
            os.utime(self.path)
        return chunks

    def claim(self) -> "Recording | None":
        """The right to speak it; None if somebody has it, or it is here by now: look again.

        Raises OSError where no file can be made.
        """
        file = self._open()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        # Whoever had it between our opening and our locking has renamed or removed what we hold.
        if not _is_at(file, self.part):
            file.close()
            return None
        recording = Recording(self, file)
        if self.is_kept():
            recording.give_up()
            return None
        return recording

    def _open(self) -> BinaryIO:
        try:
            return self.part.open("ab")
        except FileNotFoundError:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            return self.part.open("ab")


class Recording:
    """A sentence that is spoken now; `put` is told what is heard of it, and its end or what went wrong.

    At the end it is kept, else given up; either way others may have it then. Where the disk takes no
    more it is not kept, and that is all.
    """

    def __init__(self, place: Place, file: BinaryIO) -> None:
        self.size = 0  # bytes of the file, once it is kept
        self._place = place
        self._file = file
        self._chunks: list[Chunk] = []

    def put(self, made: Chunk | Exception | None) -> None:
        if isinstance(made, Chunk):
            self._chunks.append(made)
        elif made is None:
            self._keep()
        else:
            self.give_up()

    def give_up(self) -> None:
        with suppress(OSError):
            if _is_at(self._file, self._place.part):
                self._place.part.unlink()
        self._close()

    def _keep(self) -> None:
        packed = pack(self._chunks)
        try:
            self._file.truncate(0)  # what a worker that died left there
            self._file.write(packed)
            self._file.flush()
            if _is_at(self._file, self._place.part):  # else purged while it was spoken
                self._place.part.rename(self._place.path)
                self.size = len(packed)
        except OSError as error:
            warn_once(error)
            self.give_up()
        else:
            _failing.clear()
            self._close()

    def _close(self) -> None:
        self._chunks.clear()
        with suppress(OSError):  # what a full disk did not take is written once more, in vain
            self._file.close()


_failing = threading.Event()


def warn_once(error: OSError) -> None:
    """Tell that nothing is kept for now; not again before something was."""
    if not _failing.is_set():
        _failing.set()
        log.warning("sentences_not_kept", error=str(error))


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def pack(chunks: Sequence[Chunk]) -> bytes:
    """CRC-32 of the rest; one line of JSON, for each chunk its length and its characters; the samples, float32."""
    lengths = [
        [len(chunk.samples), [[time.char, time.start, time.end] for time in chunk.characters]] for chunk in chunks
    ]
    body = b"".join(
        [json.dumps(lengths).encode(), b"\n", *(chunk.samples.astype("<f4", copy=False).tobytes() for chunk in chunks)]
    )
    return zlib.crc32(body).to_bytes(4, "little") + body


def unpack(packed: bytes) -> list[Chunk]:
    """The same chunks, each float as it was. Raises ValueError for anything but what `pack` made."""
    body = memoryview(packed)[4:]
    if packed[:4] != zlib.crc32(body).to_bytes(4, "little"):
        raise ValueError("its checksum is another one")
    head, _, samples = bytes(body).partition(b"\n")
    rest = np.frombuffer(samples, "<f4")
    chunks = []
    for length, characters in json.loads(head):
        chunks.append(Chunk(rest[:length], tuple(CharacterTime(*time) for time in characters)))
        rest = rest[length:]
    return chunks
