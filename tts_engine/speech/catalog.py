"""Which voices are installed. Asking costs nothing; loading one happens once a process."""

import logging
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tts_engine.speech import blends
from tts_engine.speech.errors import StyleError, UnknownVoice, VoiceUnavailable
from tts_engine.speech.voice import Speaker, Voice, VoiceInfo
from tts_engine.speech.voices.kokoro import model as kokoro_model
from tts_engine.speech.voices.kokoro import voice as kokoro
from tts_engine.speech.voices.sambert import description as sambert
from tts_engine.speech.voices.sambert import voice as sambert_voice

log = logging.getLogger(__name__)

BLEND, REMOVED = "blend", "removed"  # instead of any of the endless names of mixtures, and of voices that are gone


@dataclass(frozen=True, slots=True)
class Entry:
    """What callers name as a voice: one speaker of one installed voice."""

    info: VoiceInfo
    speaker: Speaker

    @property
    def id(self) -> str:
        return self.speaker.id


@dataclass(frozen=True, slots=True)
class Installed:
    info: VoiceInfo
    load: Callable[[], Voice]
    removable: bool = True  # it was added; the built-in one stays


def kind(name: str, known: Collection[str]) -> str:
    """For statistics, which can bear so many names and no more: one of the known, or what else it was."""
    if name in known:
        return name
    return BLEND if "+" in name or "(" in name else REMOVED


class Catalog:
    """The voices of one home folder: the built-in one, and those that `manage.py voices add` put there."""

    def __init__(self, home: Path) -> None:
        self._models = home / "models"
        self.voices = home / "voices"
        self._read: dict[Path, tuple[int, Installed | None]] = {}
        self._loaded: dict[tuple[str, str], Voice] = {}
        self._lock = threading.Lock()

    def installed(self) -> Mapping[str, Installed]:
        """Voice id to voice; one added or removed by another process is seen at the next call."""
        found = {kokoro.INFO.id: Installed(kokoro.INFO, lambda: kokoro.load(self._models), removable=False)}
        for file in sorted(self.voices.glob(f"*/{sambert.FILE}")):
            if one := self._described(file):
                found[one.info.id] = one
        return found

    def entries(self) -> list[Entry]:
        """What is offered to choose from."""
        return [entry for entry in self._entries() if entry.speaker.listed]

    def resolve(self, name: str) -> tuple[VoiceInfo, str]:
        """The voice behind a name that callers use, and its speaker's id; or behind a blend, and its name.

        Raises UnknownVoice, StyleError for a blend that cannot be.
        """
        for entry in self._entries():
            if entry.id == name:
                return entry.info, entry.speaker.id
        if "+" in name or "(" in name:
            return self._blended(name)
        names = ", ".join(entry.id for entry in self.entries())
        raise UnknownVoice(f"There is no voice '{name}' here; there are {names}.")

    def names(self) -> set[str]:
        """What callers may name, blends left out."""
        return {entry.id for entry in self._entries()}

    def _blended(self, name: str) -> tuple[VoiceInfo, str]:
        try:
            parts = blends.parts_of(name)
        except ValueError as error:
            raise StyleError(f"'{name}' cannot be blended: {error}.", param="voice") from error
        infos = {info.id: info for info, _ in (self.resolve(speaker) for speaker, _ in parts)}
        info = next(iter(infos.values()))
        if len(infos) > 1 or not info.blends:
            raise StyleError(f"'{name}' cannot be blended: only speakers of one voice can, such as kokoro's.", "voice")
        return info, blends.name_of(parts)

    def prepare(self) -> None:
        """Do what takes long at the first start: put the models in place. Raises VoiceUnavailable."""
        kokoro_model.install(self._models, kokoro.INFO.revision)

    def load(self, voice_id: str) -> Voice:
        """The voice, ready to speak; loaded by the first call. Raises UnknownVoice or VoiceUnavailable."""
        installed = self.installed()
        if voice_id not in installed:
            raise UnknownVoice(f"There is no voice '{voice_id}' here; there are {', '.join(installed)}.")
        one = installed[voice_id]
        key = voice_id, one.info.revision
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = one.load()
            return self._loaded[key]

    def remove(self, voice_id: str) -> None:
        """Delete an added voice. Raises UnknownVoice."""
        found = self.installed().get(voice_id)
        if found is None or not found.removable:
            raise UnknownVoice(f"No voice '{voice_id}' was added here.")
        with tempfile.TemporaryDirectory(prefix=f"{voice_id}.", suffix=".gone", dir=self.voices) as grave:
            (self.voices / voice_id).rename(Path(grave) / voice_id)  # at once, and then file by file

    def _entries(self) -> list[Entry]:
        return [Entry(one.info, speaker) for one in self.installed().values() for speaker in one.info.speakers]

    def _described(self, file: Path) -> Installed | None:
        """The compiled voice beside its description, which is read again only when it has changed.

        A damaged one is left out, so that the others speak on.
        """
        try:
            written = file.stat().st_mtime_ns
        except FileNotFoundError:  # removed just now
            return None
        known = self._read.get(file)
        if known is None or known[0] != written:
            known = written, _installed(file.parent)
            self._read[file] = known
        return known[1]


def _installed(folder: Path) -> Installed | None:
    try:
        info = sambert.Description.read(folder).info
    except VoiceUnavailable:
        log.exception("A voice is left out of the catalog.")
        return None
    return Installed(info, lambda: sambert_voice.load(folder))
