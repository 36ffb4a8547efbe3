"""Texts of which workers die. Nobody speaks one again, whoever sends it, until the operator lets it.

A worker that dies takes all rows with it that it has in hand, and no more is known than that one of
them may be the cause. So each of them is tried again, the last time alone in its worker (see
`taking`): who dies then died of it. Only the text's SHA-256 is kept, with what else decides how the
voice reads it.
"""

import hashlib

import structlog

from accounts import audit
from accounts.services import OPERATOR
from tts_engine.errors import SynthesisFailed, TextQuarantined
from tts_engine.models import QuarantinedText, Synthesis

log = structlog.get_logger()

DECIDING = ("text", "input_type", "voice_aliases", "voice", "voice_revision")
REFUSAL = SynthesisFailed(
    "The workers that spoke this text died of it; nothing was billed. It is spoken again once the operator lets it"
    " (manage.py quarantine); write it in another way meanwhile.",
    code=TextQuarantined.code,
    param=TextQuarantined.param,
)


def holds(synthesis: Synthesis) -> bool:
    """Whether its text is one of those."""
    return QuarantinedText.objects.filter(fingerprint=fingerprint(synthesis)).exists()


def take_in(synthesis: Synthesis) -> None:
    """Its workers died; those of the next one who sends it need not."""
    log.error("text_quarantined", synthesis=str(synthesis.id), voice=synthesis.voice, attempts=synthesis.attempt)
    found = fingerprint(synthesis)
    QuarantinedText.objects.get_or_create(fingerprint=found, defaults={"synthesis_id": synthesis.id})


def release(texts: list[str], *, actor: str = OPERATOR) -> int:
    """Let texts of these fingerprints be spoken again; how many."""
    released, _ = QuarantinedText.objects.filter(fingerprint__in=texts).delete()
    if released:
        audit.record(action="quarantine.release", actor=actor, details={"fingerprints": texts})
    return released


def fingerprint(synthesis: Synthesis) -> str:
    """SHA-256 over the text and the voice; a voice that was added again is another one."""
    deciding = [str(getattr(synthesis, name)) for name in DECIDING]
    return hashlib.sha256(repr(deciding).encode()).hexdigest()
