"""Which voices are installed. Asking costs nothing; loading one happens once a process."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tts_engine.speech.errors import UnknownVoice
from tts_engine.speech.voice import Speaker, Voice, VoiceInfo
from tts_engine.speech.voices.kokoro.model import install
from tts_engine.speech.voices.kokoro.voice import INFO as KOKORO
from tts_engine.speech.voices.kokoro.voice import load as load_kokoro

# A family adds a line here: what its voice is, and how it is loaded from the folder of models.
BUILT_IN: Mapping[str, tuple[VoiceInfo, Callable[[Path], Voice]]] = {KOKORO.id: (KOKORO, load_kokoro)}


@dataclass(frozen=True, slots=True)
class Entry:
    """What callers name as a voice: one speaker of one installed voice."""

    info: VoiceInfo
    speaker: Speaker

    @property
    def id(self) -> str:
        return self.speaker.id


class Catalog:
    """The voices of one home folder."""

    def __init__(self, home: Path) -> None:
        self._models = home / "models"
        self._loaded: dict[str, Voice] = {}
        self._lock = threading.Lock()

    def entries(self) -> list[Entry]:
        return [Entry(info, speaker) for info, _ in BUILT_IN.values() for speaker in info.speakers]

    def resolve(self, name: str) -> tuple[VoiceInfo, str]:
        """The voice behind a name that callers use, and its speaker's id. Raises UnknownVoice."""
        for entry in self.entries():
            if entry.id == name:
                return entry.info, entry.speaker.id
        names = ", ".join(entry.id for entry in self.entries())
        raise UnknownVoice(f"There is no voice '{name}' here; there are {names}.")

    def prepare(self) -> None:
        """Do what takes long at the first start: put the models in place. Raises VoiceUnavailable."""
        install(self._models, KOKORO.revision)

    def load(self, voice_id: str) -> Voice:
        """The voice, ready to speak; loaded by the first call. Raises UnknownVoice or VoiceUnavailable."""
        if voice_id not in BUILT_IN:
            raise UnknownVoice(f"There is no voice '{voice_id}' here; there are {', '.join(BUILT_IN)}.")
        with self._lock:
            if voice_id not in self._loaded:
                _, load = BUILT_IN[voice_id]
                self._loaded[voice_id] = load(self._models)
            return self._loaded[voice_id]
