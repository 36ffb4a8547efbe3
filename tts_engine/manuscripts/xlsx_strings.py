"""Texts of an XLSX file: those that its cells share, and how a text is made of runs."""

import re
import tempfile
from array import array
from types import TracebackType
from typing import Self

from tts_engine.manuscripts.errors import TooLarge
from tts_engine.manuscripts.limits import Limits
from tts_engine.manuscripts.markup import local

_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")


def unescaped(text: str) -> str:
    """What XML cannot hold is written `_x000D_` (ECMA-376 part 1, 22.9.2.19, ST_Xstring)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


class Strings:
    """The texts that cells point to, on disk while the file is read: a table may have millions."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.cell_characters
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when this context is left
        self._ends = array("Q", [0])
        self._text = RunsOfText(self._most)

    def __getitem__(self, place: int) -> str:
        self._file.seek(self._ends[place])
        return self._file.read(self._ends[place + 1] - self._ends[place]).decode()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.start(local(tag))

    def data(self, text: str) -> None:
        self._text.data(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        self._text.end(name)
        if name == "si":
            self._ends.append(self._ends[-1] + self._file.write(self._text.taken().encode()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class RunsOfText:
    """The text between `<t>` and `</t>`, runs of it joined, without the reading printed above it (`<rPh>`)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[str] = []
        self._size = 0
        self._open = self._above = False

    def start(self, name: str) -> None:
        self._above = self._above or name == "rPh"
        self._open = name == "t" and not self._above

    def end(self, name: str) -> None:
        self._open = False
        self._above = self._above and name != "rPh"

    def data(self, text: str) -> None:
        if self._open:
            self._size += len(text)
            if self._size > self._most:
                raise TooLarge(f"The file has a cell longer than {self._most:,} characters.")
            self._parts.append(text)

    def taken(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return unescaped(text)
