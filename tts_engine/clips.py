"""Recordings that a text may put between its sentences: what the tenant had spoken before, `history:ID`."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from tts_engine import store
from tts_engine.errors import SynthesisNotFound
from tts_engine.models import Status, Synthesis
from tts_engine.selectors import synthesis_get
from tts_engine.speech.audio.decode import decoded, sample_rate_of
from tts_engine.speech.audio.render import levelled
from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.script import Clip
from tts_engine.speech.voice import Chunk

HISTORY = "history:"


def check(tenant_id: UUID, clips: Iterable[Clip]) -> None:
    """Raises ScriptError for the first that is not there, or not yet."""
    for clip in clips:
        _recorded(tenant_id, clip)


def heard(tenant_id: UUID, clip: Clip, sample_rate: int) -> Iterator[Chunk]:
    """A recording as it was sent, at `sample_rate` Hz. Raises ScriptError."""
    recorded = _recorded(tenant_id, clip)
    try:
        master = store.master_file(recorded).open("rb")
    except FileNotFoundError:
        raise _missing(clip) from None
    with master:
        samples = decoded(master)
        rate = sample_rate_of(master)
        for louder in levelled(samples, rate, sample_rate, volume=recorded.volume, loudness=recorded.loudness):
            yield Chunk(louder)


def _recorded(tenant_id: UUID, clip: Clip) -> Synthesis:
    try:
        found = synthesis_get(tenant_id=tenant_id, synthesis_id=UUID(clip.source.removeprefix(HISTORY)))
    except (SynthesisNotFound, ValueError):
        raise _missing(clip) from None
    if found.status != Status.DONE:
        raise _missing(clip)
    return found


def _missing(clip: Clip) -> ScriptError:
    message = f"There is no recording '{clip.source}': name a finished result in your history, as history:ID."
    return ScriptError(message, clip.place)
