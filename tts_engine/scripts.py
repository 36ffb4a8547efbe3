"""From what a request says, as text, tags or SSML, to the script that is spoken."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as memoize
from typing import Protocol

from django.conf import settings

from tts_engine.models import InputType, Synthesis
from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text import Script, plain_script
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.dictionary import Dictionary, Entry, Kind
from tts_engine.speech.text.ssml import read_ssml
from tts_engine.speech.text.tags import read_tags


class Asked(Protocol):
    """An order, or the row it became."""

    @property
    def text(self) -> str: ...
    @property
    def input_type(self) -> str: ...
    @property
    def voice_aliases(self) -> Mapping[str, str] | None: ...


@dataclass(frozen=True, slots=True)
class Written:
    """A text and how it is written: all that its script depends on."""

    text: str
    input_type: str = InputType.TEXT
    voice_aliases: tuple[tuple[str, str], ...] = ()
    dictionary: tuple[Entry, ...] = ()  # entries of the team's that occur in it

    @classmethod
    def of(cls, asked: Asked) -> "Written":
        """A row has noted the entries that occur in it; those of an order are yet to be looked up."""
        noted = (asked.dictionary if isinstance(asked, Synthesis) else None) or ()
        entries = tuple(Entry(word, Kind(kind), value) for word, kind, value in noted)
        return cls(asked.text, asked.input_type, tuple(sorted((asked.voice_aliases or {}).items())), entries)

    def script(self) -> Script:
        """Its words that are in the dictionary as that says. Raises ScriptError."""
        script = self._as_written()
        return Dictionary(self.dictionary).apply(script) if self.dictionary else script

    def _as_written(self) -> Script:
        if self.input_type == InputType.SSML:
            return read_ssml(self.text, dict(self.voice_aliases), limits())
        if self.input_type == InputType.TAGS:
            return read_tags(self.text, dict(self.voice_aliases), limits())
        return plain_script(self.text)


def spoken_text(synthesis: Synthesis) -> str:
    """What was spoken, without tags and pronunciation marks; the text as it is where limits have fallen since."""
    try:
        return Written.of(synthesis).script().plain
    except ScriptError:
        return synthesis.text


@memoize
def limits() -> Limits:
    return Limits(
        characters=settings.MARKUP_MAX_CHARACTERS,
        elements=settings.SSML_MAX_ELEMENTS,
        depth=settings.SSML_MAX_DEPTH,
        pause=settings.SCRIPT_LONGEST_PAUSE.total_seconds(),
        pauses=settings.SCRIPT_MOST_SILENCE.total_seconds(),
        clips=settings.SCRIPT_MOST_CLIPS,
    )
