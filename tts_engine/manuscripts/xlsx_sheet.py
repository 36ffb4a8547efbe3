"""The cells of one sheet of an XLSX file, as they are parsed."""

import re

from tts_engine.manuscripts.cell_shows import GENERAL, shown
from tts_engine.manuscripts.errors import Damaged, TooLarge
from tts_engine.manuscripts.limits import Limits
from tts_engine.manuscripts.markup import local
from tts_engine.manuscripts.table import NumberedCells
from tts_engine.manuscripts.xlsx_strings import RunsOfText, Strings, unescaped

_CELL = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


class Sheet:
    """Rows wait here, as the sheet is parsed, until they are taken."""

    def __init__(self, limits: Limits, strings: Strings, formats: list[str], *, from_1904: bool) -> None:
        self._limits = limits
        self._strings = strings
        self._formats = formats
        self._from_1904 = from_1904
        self._ready: list[NumberedCells] = []
        self._number = 0
        self._cells: list[str] = []
        self._place = 0
        self._kind = self._format = ""
        self._value: list[str] = []
        self._size = 0  # of the value
        self._in_value = self._formula = False
        self._inline = RunsOfText(limits.cell_characters)

    def taken(self) -> list[NumberedCells]:
        ready, self._ready = self._ready, []
        return ready

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "row":
            given = attributes.get("r", "")
            self._number = int(given) if given.isdecimal() and len(given) < 8 else self._number + 1
            self._cells = []
        elif name == "c":
            self._start_cell(attributes)
        elif name == "f":
            self._formula = True
        self._in_value = name == "v"
        self._inline.start(name)

    def data(self, text: str) -> None:
        self._inline.data(text)
        if self._in_value:
            self._size += len(text)
            if self._size > self._limits.cell_characters:
                raise TooLarge(f"Cell {self._name()} is longer than {self._limits.cell_characters:,} characters.")
            self._value.append(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        self._in_value = False
        self._inline.end(name)
        if name == "c":
            self._cells += [""] * (self._place - len(self._cells)) + [self._shown()]
        elif name == "row":
            self._ready.append((self._number, self._cells))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = _CELL.fullmatch(attributes.get("r", ""))
        self._place = _column(reference[1]) if reference else len(self._cells)
        if self._place >= self._limits.columns:
            raise TooLarge(f"Cell {self._name()} is beyond column {self._limits.columns}; no more are read.")
        if self._place < len(self._cells):
            raise Damaged(f"Cell {self._name()} comes twice, or out of order. Save the file anew.")
        self._kind = attributes.get("t", "n")
        style = attributes.get("s", "0")
        known = style.isdecimal() and int(style) < len(self._formats)
        self._format = self._formats[int(style)] if known else GENERAL
        self._value = []
        self._size = 0
        self._formula = False

    def _shown(self) -> str:
        value = "".join(self._value)
        inline = self._inline.taken()
        if self._formula and not value:
            raise Damaged(
                f"Cell {self._name()} has a formula without its result: open the file in Excel or WPS and save it."
            )
        if self._kind == "e":
            raise Damaged(f"Cell {self._name()} shows the error {value}: mend it.")
        if self._kind == "s":
            return self._shared(value)
        if self._kind == "inlineStr":
            return inline
        if self._kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if self._kind == "n" and value:
            return shown(value.strip(), self._format, from_1904=self._from_1904)
        return unescaped(value)

    def _shared(self, value: str) -> str:
        if not value.strip().isdecimal() or int(value) >= len(self._strings):
            raise Damaged(f"Cell {self._name()} points to a text that is not in the file. Save it anew.")
        return self._strings[int(value)]

    def _name(self) -> str:
        return f"{_letters(self._place)}{self._number}"


def _column(letters: str) -> int:
    """A is 0, Z 25, AA 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
