"""A finished result answers the same request of the same tenant again, without a worker."""

import hashlib
import json
from dataclasses import dataclass

from django.db import connection

from tts_engine import store
from tts_engine.models import Synthesis

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


# In the words of the partial index, and with the tenant's rate, so that a repeat asks once.
NEWEST = """
    SELECT s.id, s.audio_ms, p.cached_rate
    FROM tts_engine_synthesis s
    JOIN billing_account a ON a.tenant_id = s.tenant_id
    JOIN billing_plan p ON p.id = a.plan_id
    WHERE s.tenant_id = %s AND s.cache_key = %s AND s.status = 'done' AND s.deleted_at IS NULL
    ORDER BY s.created_at DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A finished result, and what a repeat of it bills, in percent of its characters."""

    synthesis: Synthesis  # as much of it as a repeat needs
    cached_rate: int


def find(synthesis: Synthesis) -> Found | None:
    """The newest finished result with the same key whose audio is still there."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [synthesis.tenant_id, synthesis.cache_key])
        row = cursor.fetchone()
    if row is None:
        return None
    newest = Synthesis(id=row[0], tenant_id=synthesis.tenant_id, audio_format=synthesis.audio_format, audio_ms=row[1])
    return Found(newest, cached_rate=row[2]) if store.answer_file(newest).is_file() else None
