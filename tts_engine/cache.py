"""What a tenant had spoken answers it again: whole results here, single sentences in `sentences`.

The tenant is part of every key, every query and every path: no tenant's audio can ever be found by
another.
"""

import hashlib
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from tts_engine import eviction, store
from tts_engine.models import CachePurge, Status, Synthesis
from tts_engine.speech.text import Reading

# Beside the reading, everything that decides the bytes of an answer.
_DECIDING = (
    "voice",
    "voice_revision",
    "emotion",
    "emotion_intensity",
    "speed",
    "pitch",
    "volume",
    "sample_rate",
    "audio_format",
)


def said(reading: Reading) -> str:
    """SHA-256 of what is said, sounds and pauses: 5 个 and 五个, read alike, are one."""
    return hashlib.sha256(repr(reading.sentences).encode()).hexdigest()


def key(synthesis: Synthesis, said: str) -> str:
    """SHA-256 over the tenant, what is said, and everything else that decides the bytes."""
    deciding = [str(synthesis.tenant_id), said, *(getattr(synthesis, name) for name in _DECIDING)]
    return hashlib.sha256(repr(deciding).encode()).hexdigest()


def find(synthesis: Synthesis) -> Synthesis | None:
    """The newest finished result with the same key whose audio is still there; none without a key."""
    if not synthesis.cache_key:
        return None
    purged = CachePurge.objects.filter(
        tenant_id=synthesis.tenant_id, voice__in=(CachePurge.ALL, synthesis.voice), at__gte=OuterRef("created_at")
    )
    finished = Synthesis.objects.filter(
        ~Exists(purged),
        tenant_id=synthesis.tenant_id,
        cache_key=synthesis.cache_key,
        status=Status.DONE,
        deleted_at=None,
    )
    newest = finished.order_by("-created_at").first()
    return newest if newest and store.answer_file(newest).is_file() else None


def purge(*, tenant_id: UUID, voice: str | None = None) -> int:
    """Find nothing any more of what was asked for up to now; how many sentences were deleted.

    Results stay in the history, where they can be listed, heard and deleted as before.
    """
    CachePurge.objects.update_or_create(
        tenant_id=tenant_id, voice=voice or CachePurge.ALL, defaults={"at": timezone.now()}
    )
    return eviction.remove(tenant_id, voice)
