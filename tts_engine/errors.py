"""What can go wrong between a request for speech and its stored audio, beside the text itself.

EngineError
├── SynthesisNotFound   no such synthesis for this tenant, or it was deleted
├── AudioNotReady       it has no audio: still queued or running, failed, cancelled
├── StorageUnavailable  the bucket that the audio lies in does not answer, or refuses
├── TimesNotKept        when its characters are heard was not kept: it was spoken by an older version
├── DestinationInvalid  a member of a destination is missing, or does not fit the others; `param` names it
├── TooManyDestinations the team has as many as it may
├── DestinationDisabled nothing is put to it until it is enabled
├── DestinationInUse    a job that has not ended has its results put to it
├── DestinationNotFound no destination of that id, or not one of this tenant's
├── FileDeliveryNotFound no delivery of that number at this destination
├── SynthesisFailed     the worker gave up; `code` tells why
├── TextQuarantined     its workers died of it, and it is not spoken again until the operator lets it
├── StorageFull         the disk of the audio takes no more; nothing was queued
├── SynthesisCancelled  it was cancelled before it was spoken
│   └── DeadlinePassed  because its caller would wait no longer
├── Overloaded          it would wait too long to be let into the queue; `retry_after` tells when to try
│   └── SpeechTimeout   no audio came within the time a caller is kept waiting
├── KeyInUse            the same request, by its Idempotency-Key, is being answered
├── KeyReused           the Idempotency-Key named another request
├── AnswerGone          the request of this Idempotency-Key was answered; its audio, or job, has been deleted
├── DictionaryEntryNotFound    no entry for that word in this team's dictionary
├── DictionaryVersionNotFound  no such version of it, or one too old to be kept
├── DictionaryFull             it would have more entries than a team's may
├── DictionaryTableInvalid     a table of entries that is to be imported has faults; `faults` lists them
├── DictionaryTableTooLarge    a table of entries is larger than one may be
├── DictionaryTextTooLong      its replacements would make a text longer than may be spoken
├── JobNotFound         no such job for this tenant, or it was deleted
├── JobRowInvalid       one row of a job cannot be taken in; `param` names it
├── JobTooLarge         it has more rows or characters than a job may
├── JobTooSmall         it has no row
├── JobStateConflict    this cannot be done to a job in its present state
├── JobHasNoAudio       it has no audio yet, or not all that was asked for
├── ResultTooLarge      no file of that format can hold it
├── WarmListInvalid     a list of texts to speak beforehand cannot be read
├── LabelNotAllowed     speech without a label, for a tenant that may not have it
└── UnacceptableRetention  a number of days that nothing can be kept for
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tts_engine.speech.errors import EntryError


class EngineError(Exception):
    """Root of the tree; its message says what to do."""

    code = "engine_error"
    param: str | None = None


class SynthesisNotFound(EngineError):
    """No such synthesis for this tenant, or it was deleted."""

    code = "synthesis_not_found"


class StorageUnavailable(EngineError, OSError):
    """The bucket that the audio lies in does not answer, or refuses; an OSError, as of a disk that is away."""

    code = "storage_unavailable"


class AudioNotReady(EngineError):
    """The synthesis has no audio: still queued or running, failed, cancelled."""

    code = "audio_not_ready"


class TimesNotKept(EngineError):
    """It was spoken before this platform kept when each character is heard."""

    code = "times_not_kept"


class DestinationInvalid(EngineError):
    """A member is missing, or does not fit the others; `param` names it."""

    code = "destination_invalid"

    def __init__(self, message: str, *, param: str) -> None:
        super().__init__(message)
        self.param = param


class TooManyDestinations(EngineError):
    """The team has as many destinations as it may."""

    code = "destination_limit_reached"


class DestinationDisabled(EngineError):
    """Nothing is put to a destination that is switched off."""

    code = "destination_disabled"


class DestinationInUse(EngineError):
    """A job that has not ended has its results put to it."""

    code = "destination_in_use"


class DestinationNotFound(EngineError):
    """No destination of that id, or not one of this tenant's."""

    code = "destination_not_found"
    param = "destination"


class FileDeliveryNotFound(EngineError):
    """No delivery of that number at this destination."""

    code = "file_delivery_not_found"


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


class TextQuarantined(EngineError):
    """Each worker that spoke this text died: nobody speaks it until the operator lets it."""

    code = "text_quarantined"
    param = "input"


class StorageFull(EngineError):
    """The disk of the audio takes no more; nothing was queued."""

    code = "storage_full"


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
    """The request of this Idempotency-Key was answered; its audio, or the job it made, has been deleted since."""

    code = "idempotent_answer_gone"


class DictionaryEntryNotFound(EngineError):
    """The team's dictionary has no entry for that word."""

    code = "dictionary_entry_not_found"


class DictionaryVersionNotFound(EngineError):
    """The team's dictionary has no such version, or it is too old to be kept."""

    code = "dictionary_version_not_found"


class DictionaryFull(EngineError):
    """The dictionary would have more entries than a team's may."""

    code = "dictionary_full"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row of a table."""

    row: int
    error: EntryError

    def __str__(self) -> str:
        return f"Row {self.row}: {self.error}"


class DictionaryTableInvalid(EngineError):
    """A table of entries has faults, of which the first `TOLD` are in the message; nothing of it was imported."""

    code = "dictionary_table_invalid"
    param = "file"
    TOLD = 20

    def __init__(self, faults: Sequence[Fault]) -> None:
        more = f"\nand {len(faults) - self.TOLD} more" if len(faults) > self.TOLD else ""
        super().__init__("\n".join(str(fault) for fault in faults[: self.TOLD]) + more)
        self.faults = faults


class DictionaryTableTooLarge(EngineError):
    """A table of entries is larger than one may be."""

    code = "dictionary_table_too_large"
    param = "file"


class DictionaryTextTooLong(EngineError):
    """The dictionary's replacements would make a text longer than may be spoken."""

    code = "dictionary_text_too_long"
    param = "input"


class WarmListInvalid(EngineError):
    """A list of texts to speak beforehand cannot be read."""

    code = "warm_list_invalid"
    param = "file"


class JobNotFound(EngineError):
    """No such job for this tenant, or it was deleted."""

    code = "job_not_found"


class JobRowInvalid(EngineError):
    """One row of a job cannot be taken in, and then none is; `code` tells why, `param` which."""

    code = "row_invalid"

    def __init__(self, number: int, message: str, *, code: str, member: str) -> None:
        super().__init__(f"Row {number}: {message}")
        self.code = code
        self.param = f"items.{number - 1}.{member}"


class JobTooLarge(EngineError):
    """It has more rows or characters than a job may have; nothing was kept of it."""

    code = "job_too_large"


class JobHasNoAudio(EngineError):
    """It has no audio yet, or not all that was asked for."""

    code = "job_audio_not_ready"


class ResultTooLarge(EngineError):
    """No file of that format can hold it."""

    code = "result_too_large"
    param = "format"


class JobTooSmall(EngineError):
    """A job has no row with a text."""

    code = "job_too_small"


class JobStateConflict(EngineError):
    """This cannot be done to a job in its present state; nothing was changed."""

    code = "job_state_conflict"


class LabelNotAllowed(EngineError):
    """Speech without the label of generated audio, for a tenant whose speech must have one."""

    code = "label_not_allowed"
    param = "label"


class UnacceptableRetention(EngineError):
    """Fewer days than one, or more than anything is kept for."""

    code = "unacceptable_retention"
    param = "keep_days"
