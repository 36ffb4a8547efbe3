"""A request sent again with its Idempotency-Key is spoken and billed once.

draft-ietf-httpapi-idempotency-key-header-07. A key is claimed in the transaction that reserves and
queues, so either all of it is there or nothing: a refused request leaves its key free. What failed
or was cancelled bills nothing and leaves the key free too, for sending it again is the remedy.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from tts_engine import store
from tts_engine.errors import AnswerGone, KeyInUse, KeyReused
from tts_engine.models import IdempotencyKey, Status, Synthesis


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What a caller named its request, and a digest of what it asked for: the same key must ask the same."""

    key: str
    fingerprint: str

    def require_same(self, fingerprint: str) -> None:
        """As the request that came with this key before. Raises KeyReused."""
        if fingerprint != self.fingerprint:
            message = f"The Idempotency-Key {self.key!r} was sent with another request; use a new key for this one."
            raise KeyReused(message)


# Of two at once the second waits here for the first one's transaction, and then finds its row.
CLAIM = """
    INSERT INTO tts_engine_idempotencykey AS k (tenant_id, key, fingerprint, synthesis_id, created_at)
    VALUES (%(tenant)s, %(key)s, %(fingerprint)s, %(synthesis)s, now())
    ON CONFLICT (tenant_id, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, synthesis_id = excluded.synthesis_id, created_at = excluded.created_at
        WHERE k.created_at < now() - make_interval(secs => %(keep)s)
           OR k.fingerprint = excluded.fingerprint AND EXISTS (
               SELECT FROM tts_engine_synthesis s
               WHERE s.id = k.synthesis_id AND s.status IN ('failed', 'cancelled')
           )
    RETURNING id
"""


def claim(*, tenant_id: UUID, synthesis_id: UUID, asked: Idempotency) -> Synthesis | None:
    """None: the key is this synthesis's now. Else the finished one that answers the same request already.

    Raises:
        KeyReused: it named another request.
        KeyInUse: the same request waits or is spoken.
        AnswerGone: it was answered, and the answer has been deleted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "tenant": tenant_id,
                "key": asked.key,
                "fingerprint": asked.fingerprint,
                "synthesis": synthesis_id,
                "keep": settings.IDEMPOTENCY_KEEP.total_seconds(),
            },
        )
        if cursor.fetchone():
            return None
    earlier = IdempotencyKey.objects.select_related("synthesis").get(tenant_id=tenant_id, key=asked.key)
    asked.require_same(earlier.fingerprint)
    if earlier.synthesis.status != Status.DONE:
        raise KeyInUse("The same request is being answered; send it again once it is done.")
    if earlier.synthesis.deleted_at or not store.is_kept(earlier.synthesis):
        raise AnswerGone("This request was answered and billed, and its audio was deleted since; use a new key.")
    return earlier.synthesis


def forget_old() -> int:
    """Delete the keys that are kept no longer; how many."""
    return IdempotencyKey.objects.filter(created_at__lt=Now() - settings.IDEMPOTENCY_KEEP).delete()[0]
