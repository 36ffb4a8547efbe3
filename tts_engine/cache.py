"""What a tenant had spoken answers it again: whole results here, single sentences in `sentences`.

The tenant is part of every key, every query and every path: no tenant's audio can ever be found by
another.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.services import OPERATOR
from tts_engine import eviction, store
from tts_engine.models import CachePurge, Synthesis
from tts_engine.speech.text import ReadItem

# Beside the reading, everything that decides the bytes of an answer.
DECIDING = (
    "voice",
    "voice_revision",
    "emotion",
    "emotion_intensity",
    "speed",
    "pitch",
    "volume",
    "sample_rate",
    "audio_format",
    "loudness",
    "leading_silence_ms",
    "trailing_silence_ms",
    "label",
)


REMEMBERED_BYTES = 32 * 1024 * 1024  # of results, in each process
ROW_BYTES = 1024  # of one without its audio, about
UNREAD = "unread"  # as a key: that of a job's row is made when its worker reads the text


def digest(items: Sequence[ReadItem]) -> str:
    """SHA-256 over how a text is read, and in which manner; 5 个 and 五个, read alike, are one."""
    return hashlib.sha256(repr(items).encode()).hexdigest()


def key(synthesis: Synthesis, reading: str, revisions: Sequence[str] = ()) -> str:
    """SHA-256 over the tenant and everything that decides the bytes.

    `reading` is the digest of its text's, `revisions` are those of the other voices that it names.
    """
    deciding = [str(synthesis.tenant_id), reading, *revisions, *(getattr(synthesis, name) for name in DECIDING)]
    return hashlib.sha256(repr(deciding).encode()).hexdigest()


# A result `s` that may answer, in the words of the partial index.
ANSWERS = """
    s.tenant_id = %(tenant)s AND s.cache_key = %(cache_key)s AND s.status = 'done' AND s.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT FROM tts_engine_cachepurge c
        WHERE c.tenant_id = s.tenant_id AND c.voice IN ('', s.voice) AND c.at >= s.created_at
    )
"""
NEWEST = f"""
    SELECT s.id, s.attempt, s.audio_ms FROM tts_engine_synthesis s WHERE {ANSWERS} ORDER BY s.created_at DESC LIMIT 1
"""  # noqa: S608 - only a constant is put in


@dataclass(slots=True)
class Answer:
    """What a result and all repeats of it answer with, once somebody has read it."""

    audio: bytes = b""


@dataclass(frozen=True, slots=True)
class Found:
    """As much of a finished result as a repeat of it needs."""

    id: UUID
    tenant_id: UUID
    attempt: int
    audio_format: str
    audio_ms: int
    times_of: bytes | None = None  # the digest of the text in its times, where it is known
    answer: Answer = field(default_factory=Answer)


def find(synthesis: Synthesis) -> Found | None:
    """The newest finished result with the same key whose audio is still there; none without a key."""
    if not synthesis.cache_key:
        return None
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"tenant": synthesis.tenant_id, "cache_key": synthesis.cache_key})
        row = cursor.fetchone()
    if row is None:
        return None
    id_, attempt, audio_ms = row
    newest = Found(id_, synthesis.tenant_id, attempt, synthesis.audio_format, audio_ms)
    return newest if store.is_kept(newest) else None


def guess(synthesis: Synthesis) -> Found | None:
    """The newest result with the same key that this process knows; whoever takes it makes sure that it ANSWERS."""
    return _known.get(synthesis.cache_key)


def remember(repeat: Synthesis, found: Found, times_of: bytes | None) -> None:
    """As the newest of its key, so that what is repeated again and again is neither looked for nor read each time."""
    facts = repeat.id, repeat.tenant_id, repeat.attempt, repeat.audio_format, found.audio_ms
    _known.put(repeat.cache_key, Found(*facts, times_of, found.answer))


def hold(repeat: Synthesis, audio: bytes) -> None:
    """What it answers with, for those that repeat it; where others are newest by now it goes with the repeat."""
    if repeat.repeats is None:
        return
    answer = repeat.repeats.answer
    answer.audio = audio
    newest = _known.get(repeat.cache_key)
    if newest and newest.answer is answer:
        _known.put(repeat.cache_key, newest)  # which is larger now


class Known:
    """Results by their key, those that were asked for last; at most REMEMBERED_BYTES of them."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[Found, int]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: str) -> Found | None:
        with self._lock:
            return self._found[key][0] if key in self._found else None

    def put(self, key: str, found: Found) -> None:
        size = ROW_BYTES + len(found.answer.audio)
        with self._lock:
            _, before = self._found.pop(key, (None, 0))
            self._found[key] = found, size
            self._size += size - before
            while self._size > REMEMBERED_BYTES:
                _, (_, gone) = self._found.popitem(last=False)
                self._size -= gone


_known = Known()


@transaction.atomic
def purge(*, tenant_id: UUID, voice: str | None = None, actor: str = OPERATOR) -> int:
    """Find nothing any more of what was asked for up to now; how many sentences were deleted.

    Results stay in the history, where they can be listed, heard and deleted as before.
    """
    CachePurge.objects.update_or_create(
        tenant_id=tenant_id, voice=voice or CachePurge.ALL, defaults={"at": timezone.now()}
    )
    deleted = eviction.remove(tenant_id, voice)
    tenant = Tenant.objects.get(id=tenant_id)
    audit.record(action="cache.purge", actor=actor, tenant=tenant, details={"voice": voice, "sentences": deleted})
    return deleted
