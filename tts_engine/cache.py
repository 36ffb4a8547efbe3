"""A finished result answers the same request of the same tenant again, without a worker."""

import hashlib
import json

from tts_engine import store
from tts_engine.models import Status, Synthesis

# Everything that decides the bytes of an answer. The tenant is part of the key and of the query:
# no tenant's audio can ever be found by another.
_DECIDING = (
    "text",
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


def key(synthesis: Synthesis) -> str:
    """SHA-256 over the tenant and everything that decides the bytes of the answer."""
    deciding = [str(synthesis.tenant_id), *(getattr(synthesis, name) for name in _DECIDING)]
    return hashlib.sha256(json.dumps(deciding).encode()).hexdigest()


def find(synthesis: Synthesis) -> Synthesis | None:
    """The newest finished result with the same key whose audio is still there."""
    finished = Synthesis.objects.filter(
        tenant_id=synthesis.tenant_id, cache_key=synthesis.cache_key, status=Status.DONE, deleted_at=None
    )
    newest = finished.order_by("-created_at").first()
    return newest if newest and store.answer_file(newest).is_file() else None
