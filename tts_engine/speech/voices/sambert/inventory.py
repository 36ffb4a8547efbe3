"""The tables of a model: which row of its embeddings stands for which name.

`data/inventory.json` holds the published lists (KAN-TTS, MIT) in the order of their rows; some
models bring their own as text files, one name a line. After the names come a row for padding, one for
the end of a sequence and, in all but older models, one for a mask; none of the three is ever spoken.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tts_engine.speech.errors import UnknownUnit, VoiceUnavailable
from tts_engine.speech.voice import EMOTIONS
from tts_engine.speech.voices.sambert.units import Unit

LINGUISTIC = ("sy", "tone", "syllable_flag", "word_segment")
TABLES = (*LINGUISTIC, "emotion", "speaker")
MARKS = PAD, END, MASK = "_", "~", "@[MASK]"

_FILES = {"emotion": "emo_category"}  # what KAN-TTS calls a table, where we call it otherwise
_MOST_NAMES = 10_000  # in a table; a file with more is no table of names

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """A row of units as ids: `linguistic` [L, 4] (sy, tone, syllable_flag, word_segment), the others [L]."""

    linguistic: Ids
    emotion: Ids
    speaker: Ids


@dataclass(frozen=True, slots=True)
class Inventory:
    """Name to row for each of TABLES."""

    tables: Mapping[str, Mapping[str, int]]

    @classmethod
    def of_names(cls, names: Mapping[str, Sequence[str]]) -> "Inventory":
        """From the names of each table in the order of their rows, with or without the three of no sound."""
        return cls(MappingProxyType({table: _rows(names[table]) for table in TABLES}))

    @classmethod
    def of_folder(cls, folder: Path) -> "Inventory":
        """A model's own tables, `sy_dict.txt` and so on; where it has no such file, the published one.

        Raises VoiceUnavailable for a file that is no table of names.
        """
        names = dict(_published())
        for table in TABLES:
            file = folder / f"{_FILES.get(table, table)}_dict.txt"
            if file.is_file():
                names[table] = _names_in(file)
        return cls.of_names(names)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Rows of each table in a model with a mask row; an older one has one less."""
        return {table: len(rows) for table, rows in self.tables.items()}

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, as requests name them, that have a row; whether it was trained no table can say."""
        return tuple(name for name in EMOTIONS if f"emotion_{name}" in self.tables["emotion"])

    def rows(self, units: Sequence[Unit]) -> Rows:
        """The ids of the units. Raises UnknownUnit with every name the tables lack."""
        missing = {
            name for unit in units for table in TABLES if (name := getattr(unit, table)) not in self.tables[table]
        }
        if missing:
            raise UnknownUnit(sorted(missing))
        ids = {table: [self.tables[table][getattr(unit, table)] for unit in units] for table in TABLES}
        linguistic = np.array([ids[table] for table in LINGUISTIC], dtype=np.int64).T
        return Rows(linguistic, np.array(ids["emotion"], np.int64), np.array(ids["speaker"], np.int64))


@cache
def published() -> Inventory:
    """The tables of the released emotional voices: 147 sy, 10 tones, 8 + 8 flags, 36 emotions, 9 speakers."""
    return Inventory.of_names(_published())


@cache
def _published() -> Mapping[str, Sequence[str]]:
    lists = json.loads(files(__package__).joinpath("data", "inventory.json").read_text("utf-8"))
    return {table: lists[_FILES.get(table, table)] for table in TABLES}


def _rows(names: Sequence[str]) -> Mapping[str, int]:
    plain = [name.removeprefix("@") for name in names if name not in MARKS]
    return MappingProxyType({name: row for row, name in enumerate([*plain, *MARKS])})


def _names_in(file: Path) -> Sequence[str]:
    try:
        names = file.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise VoiceUnavailable(f"{file.name} is no text in UTF-8: fetch the model again.") from error
    if not 0 < len(names) <= _MOST_NAMES or len(set(names)) < len(names):
        raise VoiceUnavailable(f"{file.name} is no list of different names, one a line: fetch the model again.")
    return names
