"""A model folder as ModelScope lays it out, read without trusting it.

    configuration.json              model.sample_rate, 16000 if silent
    voices/voices.json              {"voices": [names]}, the first is the default
    voices/<v>/audio_config.yaml    in most models
    voices/<v>/am/config.yaml       am/ckpt/checkpoint_<N>.pth, the highest N counts
    voices/<v>/am/mvn.npy           mean and deviation of F0, for NSF models normalised by voice
    voices/<v>/am/se.npy            the speaker's vector, for models without a speaker table
    voices/<v>/voc/config.yaml      voc/ckpt/checkpoint_<N>.pth
    voices/<v>/dict/*_dict.txt      the rows of the tables, in some models

Whatever is missing, truncated, foreign, hostile or contradicts another file is one DamagedModel
that names the file and the field.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.config import MOST_RATE, AcousticConfig, Fields, GeneratorConfig
from tts_engine.speech.voices.sambert.errors import DamagedModel
from tts_engine.speech.voices.sambert.f0 import F0Scale
from tts_engine.speech.voices.sambert.generator import Generator
from tts_engine.speech.voices.sambert.inventory import Inventory
from tts_engine.speech.voices.sambert.weights import (
    POSITIONS,
    Weights,
    acoustic_model,
    generator,
    read_checkpoint,
    tables_of,
)

MOST_TEXT = 64 << 10  # bytes of a yaml or JSON file; published ones have 6 kB
MOST_ALIASES = 32  # of a yaml file; published ones have none, a bomb is made of them
MOST_BRACKETS = 1_000  # of a yaml file, whose reading takes time by their square; published ones have 20
MOST_VOICES = 1_000
DEFAULT_RATE = 16_000  # Hz
_CHECKPOINT = re.compile(r"checkpoint_(\d{1,12})\.pth")
_TABLES = {  # the checkpoint's tables, and what the inventory calls them
    "text_encoder.sy_emb.weight": "sy",
    "text_encoder.tone_emb.weight": "tone",
    "text_encoder.syllable_flag_emb.weight": "syllable_flag",
    "text_encoder.ws_emb.weight": "word_segment",
    "emo_tokenizer.weight": "emotion",
    "spk_tokenizer.weight": "speaker",
}


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """One voice of a model folder, loaded and checked; its networks keep no state and may be shared."""

    name: str
    sample_rate: int  # Hz
    acoustic: AcousticModel
    acoustic_config: AcousticConfig
    generator: Generator
    generator_config: GeneratorConfig
    inventory: Inventory
    speaker: Samples | None  # [speaker_units], where the model has no table of speakers
    f0: F0Scale | None  # of NSF models
    files: tuple[Path, ...]  # all that was read for it


class ModelFolder:
    """A model folder and the names of its voices. Raises DamagedModel, here and in `load`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = path.resolve()
        self._common: list[Path] = []
        configuration = Fields.of(*self._read_json(path / "configuration.json", self._common))
        self._declared_rate: int | None = None
        if "model" in configuration.values:
            model = configuration.mapping("model")
            if "sample_rate" in model.values:
                self._declared_rate = model.whole("sample_rate", MOST_RATE, least=8_000)
        self.voices = self._names(path / "voices" / "voices.json")

    @property
    def default_voice(self) -> str:
        return self.voices[0]

    def load(self, name: str) -> VoiceModel:
        """Read a voice's files, check each against the others, build its networks (about a second)."""
        if name not in self.voices:
            raise DamagedModel(
                self.path / "voices" / "voices.json", "voices", f"has no {name!r}; it has {', '.join(self.voices)}"
            )
        folder = self.path / "voices" / name
        read = list(self._common)
        am, voc = folder / "am", folder / "voc"
        am_yaml, voc_yaml = self._read_yaml(am / "config.yaml", read), self._read_yaml(voc / "config.yaml", read)
        c = AcousticConfig.parse(am_yaml.mapping("Model").mapping("KanTtsSAMBERT").mapping("params"))
        g = GeneratorConfig.parse(voc_yaml.mapping("Model").mapping("Generator").mapping("params"))
        if g.features != c.num_mels:
            raise DamagedModel(
                voc / "config.yaml",
                "Model.Generator.params.in_channels",
                f"takes {g.features} features a frame and the acoustic model makes {c.num_mels}",
            )
        am_file, am_weights = self._checkpoint(am / "ckpt", read, "model")
        voc_file, voc_weights = self._checkpoint(voc / "ckpt", read, "model", "generator")
        if POSITIONS in am_weights and am_weights[POSITIONS].dim() == 3:
            c = replace(c, max_len=am_weights[POSITIONS].size(1))
        inventory = self._inventory(folder / "dict", am_yaml, read)
        _check_rows(c, am_weights, inventory, am_file)
        return VoiceModel(
            name=name,
            sample_rate=self._sample_rate(folder / "audio_config.yaml", g, read),
            acoustic=acoustic_model(c, am_weights, am_file),
            acoustic_config=c,
            generator=generator(g, voc_weights, voc_file),
            generator_config=g,
            inventory=inventory,
            speaker=self._array(am / "se.npy", c.speaker_units, read) if c.se else None,
            f0=self._f0_scale(am / "mvn.npy", c, read),
            files=tuple(read),
        )

    def _names(self, file: Path) -> tuple[str, ...]:
        fields = Fields.of(*self._read_json(file, self._common))
        names = fields.values.get("voices")
        if not isinstance(names, list) or not 1 <= len(names) <= MOST_VOICES:
            raise fields.refuse("voices", f"must be a list of 1 to {MOST_VOICES} names")
        for name in names:
            if not isinstance(name, str) or Path(name).name != name or name.startswith(".") or "\\" in name:
                raise fields.refuse("voices", f"{str(name)[:40]!r} is no name of a folder beside voices.json")
        present = tuple(dict.fromkeys(name for name in names if (file.parent / name).is_dir()))
        if not present:
            raise fields.refuse("voices", "names no folder beside voices.json")
        return present

    def _sample_rate(self, file: Path, g: GeneratorConfig, read: list[Path]) -> int:
        """The rate that configuration.json and the voice's own audio_config.yaml, where it has one, agree on."""
        if not file.exists():
            return self._declared_rate or DEFAULT_RATE
        audio = self._read_yaml(file, read).mapping("audio_config")
        hop = audio.whole("hop_length", MOST_RATE)
        if hop != g.hop:
            raise audio.refuse("hop_length", f"is {hop} and the generator makes {g.hop} samples a frame")
        rate = audio.whole("sampling_rate", MOST_RATE, least=8_000)
        if self._declared_rate not in (None, rate):
            raise audio.refuse("sampling_rate", f"is {rate} and configuration.json says {self._declared_rate}")
        return rate

    def _inventory(self, folder: Path, am_yaml: Fields, read: list[Path]) -> Inventory:
        """The voice's own tables; without a file for them the published ones, and the yaml's list of speakers."""
        own = sorted(folder.glob("*_dict.txt"))
        for file in own:
            if self._opened(file, read).stat().st_size > MOST_TEXT:
                raise DamagedModel(file, "", f"has more than {MOST_TEXT} bytes")
        try:
            inventory = Inventory.of_folder(folder)
        except VoiceUnavailable as error:
            raise DamagedModel(folder, "", str(error)) from error
        unit = am_yaml.mapping("linguistic_unit")
        speakers = unit.values.get("speaker_list")
        if speakers is None or folder / "speaker_dict.txt" in own:
            return inventory
        if not isinstance(speakers, str):
            raise unit.refuse("speaker_list", "must be names with commas between")
        names = {table: tuple(rows) for table, rows in inventory.tables.items()}
        return Inventory.of_names(names | {"speaker": tuple(name.strip() for name in speakers.split(","))})

    def _checkpoint(self, folder: Path, read: list[Path], *path: str) -> tuple[Path, Weights]:
        found = {int(match[1]): file for file in folder.glob("*.pth") if (match := _CHECKPOINT.fullmatch(file.name))}
        if not found:
            raise DamagedModel(folder, "checkpoint_<N>.pth", "is missing")
        file = self._opened(found[max(found)], read)
        return file, read_checkpoint(file, *path)

    def _f0_scale(self, file: Path, c: AcousticConfig, read: list[Path]) -> F0Scale | None:
        if c.nsf is None:
            return None
        if not c.nsf.by_voice:
            return F0Scale(factor=c.nsf.maximum - c.nsf.minimum, offset=c.nsf.minimum)
        mean, deviation = self._array(file, 2, read)
        return F0Scale(factor=float(deviation), offset=float(mean))

    def _array(self, file: Path, count: int, read: list[Path]) -> Samples:
        """The `count` numbers of a .npy file, whatever their shape."""
        try:
            # Mapped, so that a header which claims more than the file holds costs nothing.
            array = np.load(self._opened(file, read), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DamagedModel(file, "", f"is no .npy file of numbers: {error}") from error
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.size != count:
            raise DamagedModel(file, "", f"must be an array of {count} floating-point numbers")
        numbers = np.array(array, dtype=np.float32).reshape(-1)
        if not np.isfinite(numbers).all():
            raise DamagedModel(file, "", "has numbers that are not finite")
        return numbers

    def _read_json(self, file: Path, read: list[Path]) -> tuple[Path, str, Any]:
        return self._parsed(file, read, json.loads)

    def _read_yaml(self, file: Path, read: list[Path]) -> Fields:
        return Fields.of(*self._parsed(file, read, _safe_yaml))

    def _parsed(self, file: Path, read: list[Path], parse: Callable[[str], Any]) -> tuple[Path, str, Any]:
        try:
            with self._opened(file, read).open("rb") as stream:
                content = stream.read(MOST_TEXT + 1)
            if len(content) > MOST_TEXT:
                raise DamagedModel(file, "", f"has more than {MOST_TEXT} bytes")
            return file, "", parse(content.decode("utf-8"))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            problem = " ".join(str(error).split())[:200]
            raise DamagedModel(file, "", f"cannot be read: {problem}") from error

    def _opened(self, file: Path, read: list[Path]) -> Path:
        """The file, noted as read, if it is one and lies in the model folder, links followed."""
        if not file.is_file():
            raise DamagedModel(file, "", "is missing")
        if not file.resolve().is_relative_to(self._root):
            raise DamagedModel(file, "", "is a link out of the model folder")
        read.append(file)
        return file


def _safe_yaml(text: str) -> Any:
    if text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ValueError("more brackets than any model's")
    aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))
    if aliases > MOST_ALIASES:
        raise ValueError(f"{aliases} aliases, more than any model's")
    return yaml.safe_load(text)


def _check_rows(c: AcousticConfig, weights: Weights, inventory: Inventory, file: Path) -> None:
    """Each table has a row for every name of the inventory and for its marks, of which older models lack one."""
    rows = tables_of(c, weights, file)
    sizes: Mapping[str, int] = inventory.sizes
    for key, table in _TABLES.items():
        have, want = getattr(rows, table), sizes[table]
        if have not in (want, want - 1) and not (table == "speaker" and c.se):
            raise DamagedModel(
                file,
                key,
                f"has {have} rows and the voice's list of {table} makes {want} (or {want - 1} without a mask)",
            )
