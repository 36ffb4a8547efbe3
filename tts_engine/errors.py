"""What can go wrong between a request for speech and its stored audio, beside the text itself.

EngineError
├── SynthesisNotFound   no such synthesis for this tenant, or it was deleted
├── AudioNotReady       it has no audio: still queued or running, failed, cancelled
├── SynthesisFailed     the worker gave up; `code` tells why
├── SynthesisCancelled  it was cancelled before it was spoken
│   └── DeadlinePassed  because its caller would wait no longer
├── Overloaded          it would wait too long to be let into the queue; `retry_after` tells when to try
│   └── SpeechTimeout   no audio came within the time a caller is kept waiting
├── KeyInUse            the same request, by its Idempotency-Key, is being answered
├── KeyReused           the Idempotency-Key named another request
├── AnswerGone          the request of this Idempotency-Key was answered; its audio has been deleted
├── WarmListInvalid     a list of texts to speak beforehand cannot be read
└── LabelNotAllowed     speech without a label, for a tenant that may not have it
"""


class EngineError(Exception):
    """Root of the tree; its message says what to do."""

    code = "engine_error"
    param: str | None = None


class SynthesisNotFound(EngineError):
    """No such synthesis for this tenant, or it was deleted."""

    code = "synthesis_not_found"


class AudioNotReady(EngineError):
    """The synthesis has no audio: still queued or running, failed, cancelled."""

    code = "audio_not_ready"


class SynthesisFailed(EngineError):
    """The worker gave up on it; nothing is billed.

    `refused` tells that the request itself is at fault: the text or the style, not the platform.
    """

    code = "synthesis_failed"

    def __init__(self, message: str, *, code: str, param: str | None = None, refused: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.refused = refused


class SynthesisCancelled(EngineError):
    """It was cancelled before it was spoken; nothing is billed."""

    code = "synthesis_cancelled"


class DeadlinePassed(SynthesisCancelled):
    """It had not started when its caller's time was over; nothing is billed."""

    code = "deadline_exceeded"


class Overloaded(EngineError):
    """It would wait longer than is allowed, or than its caller will; nothing was queued."""

    code = "server_is_overloaded"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class SpeechTimeout(Overloaded):
    """No audio came within the time a caller is kept waiting."""


class KeyInUse(EngineError):
    """The same request, by its Idempotency-Key, waits or is spoken; it is billed once."""

    code = "idempotency_key_in_use"


class KeyReused(EngineError):
    """The Idempotency-Key named another request."""

    code = "idempotency_key_reused"


class AnswerGone(EngineError):
    """The request of this Idempotency-Key was answered and billed; its audio has been deleted since."""

    code = "idempotent_answer_gone"


class WarmListInvalid(EngineError):
    """A list of texts to speak beforehand cannot be read."""

    code = "warm_list_invalid"
    param = "file"


class LabelNotAllowed(EngineError):
    """Speech without the label of generated audio, for a tenant whose speech must have one."""

    code = "label_not_allowed"
    param = "label"
