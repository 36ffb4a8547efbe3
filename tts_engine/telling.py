"""What the log tells of a request and of a speech.

A request is one line, which the access log writes at its end: what is found out about it on the way is
added from wherever it is found. A speech is one line, by whoever has it done, with the same facts everywhere.
"""

from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from tts_engine.models import Synthesis

Facts = dict[str, Any]

_of_request: ContextVar[Facts | None] = ContextVar("of_request", default=None)


def begin() -> Facts:
    """The facts of the request that begins here, to be filled while tasks and threads of it run."""
    facts: Facts = {}
    _of_request.set(facts)
    return facts


def add(**facts: Any) -> None:
    """To the line of the request that is being answered; without one there is nowhere to tell them."""
    found = _of_request.get()
    if found is not None:
        found.update(facts)


def of_speech(synthesis: Synthesis) -> Facts:
    """Whose it is, how it is spoken, how much there is of it, and its words as far as they may be told."""
    whose = {"key": synthesis.api_key_id, "member": synthesis.member_id, "job": synthesis.job_id}
    return {
        "tenant": str(synthesis.tenant_id),
        **{name: str(id_) for name, id_ in whose.items() if id_},
        "voice": synthesis.voice,
        "emotion": synthesis.emotion,
        "format": synthesis.audio_format,
        "characters": synthesis.characters,
        "hanzi": synthesis.hanzi,
        **_words(synthesis),
    }


def may_quote(synthesis: Synthesis) -> bool:
    """Whether a line may have words of its text."""
    return synthesis.keeps_text and settings.LOG_TEXT_CHARACTERS > 0


def _words(synthesis: Synthesis) -> Facts:
    """The beginning of the text, or its hash: keyed, for a short text is soon found by trying."""
    if not may_quote(synthesis):
        return {"text_hash": salted_hmac(__name__, synthesis.text, algorithm="sha256").hexdigest()}
    most = settings.LOG_TEXT_CHARACTERS
    return {"text": synthesis.text if len(synthesis.text) <= most else f"{synthesis.text[:most]}…"}
