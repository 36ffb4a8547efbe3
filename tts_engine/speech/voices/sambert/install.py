"""A model folder's voices come into a home: `voices/<id>/`, each there whole or not at all.

A voice is compiled in a folder of another name and moved into place in one step, so whoever looks sees
the old voice or the new one. Needs the extra `[sambert]`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voices.sambert.compile_voice import Compiled, compile_voice
from tts_engine.speech.voices.sambert.description import Source, sha256
from tts_engine.speech.voices.sambert.folder import ModelFolder


def add(model: Path, voices: Path, *, name: str, revision: str = "") -> Iterator[Compiled]:
    """Compile every voice of a model folder into `voices`, one after the other; a voice of that id is replaced.

    `name` and `revision` say where the folder is from, and are kept in each description. Raises VoiceUnavailable.
    """
    folder = ModelFolder(model)
    for voice in folder.voices:
        loaded = folder.load(voice)
        source = Source(name, revision, {str(file.relative_to(model)): sha256(file) for file in loaded.files})
        voices.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{voice}.", suffix=".part", dir=voices) as workplace:
            made = Path(workplace) / voice
            compiled = compile_voice(loaded, made, source, licence_of(model))
            _put(made, voices / voice)
        yield compiled


def licence_of(model: Path) -> str:
    """What the head of the model card says, as ModelScope has it; `unknown` where there is none."""
    card = model / "README.md"
    if not card.is_file():
        return "unknown"
    _, _, rest = card.read_text("utf-8", errors="replace").partition("---\n")
    head, _, _ = rest.partition("\n---")
    try:
        said = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise VoiceUnavailable(f"{card}: its head is no YAML ({error}).") from error
    return str(said.get("license", "unknown")) if isinstance(said, dict) else "unknown"


def _put(made: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(shutil.move(target, made.with_name(f"{made.name}.old")))
    made.rename(target)
