"""What the dictionary does to a text, seen without speaking it."""

from dataclasses import dataclass
from uuid import UUID

from tts_engine.dictionary import selectors
from tts_engine.scripts import Written
from tts_engine.speech.text import plain_text, read, read_script, reading_of
from tts_engine.speech.text.dictionary import Match
from tts_engine.speech.text.types import Reading


@dataclass(frozen=True, slots=True)
class Trial:
    """`matches` are places of the text without its pronunciation marks; `version` is 0 before the first entry."""

    version: int
    matches: tuple[Match, ...]
    before: Reading
    after: Reading


def try_text(tenant_id: UUID, text: str) -> Trial:
    """Read it without the dictionary and with it. Raises TextError or DictionaryTextTooLong."""
    number = selectors.current_number(tenant_id)
    matches = tuple(selectors.dictionary(tenant_id, number).matches(plain_text(text)))
    after = reading_of(read_script(selectors.as_read_now(tenant_id, Written(text)).script()))
    return Trial(number, matches, read(text), after)
