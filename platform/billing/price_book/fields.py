"""The fields of a file, asked for one by one and checked; what is wrong is told with its path."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from billing.errors import PriceBookInvalid

Choice = TypeVar("Choice", bound=StrEnum)


class Fields:
    """The fields of one mapping, each asked for once; errors tell the path in the file."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise PriceBookInvalid(path or "the book", "must be a mapping of fields.")
        self.path = path
        self._left = dict(value)

    def wrong(self, name: str, problem: str) -> PriceBookInvalid:
        return PriceBookInvalid(f"{self.path}.{name}".lstrip("."), problem)

    def take(self, name: str) -> Any:
        if self._left.get(name) is None:
            raise self.wrong(name, "is missing.")
        return self._left.pop(name)

    def has(self, name: str) -> bool:
        return self._left.get(name) is not None

    def end(self) -> None:
        """Whatever nobody asked for is a misspelt field."""
        if self._left:
            raise self.wrong(next(iter(self._left)), "is no field of the schema.")

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "must be a text.")
        return value.strip()

    def flag(self, name: str) -> bool:
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false.")
        return value

    def number(self, name: str, *, above_zero: bool = False) -> Decimal:
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise self.wrong(name, "must be a number.")
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise self.wrong(name, "must be a number.") from None
        if not number.is_finite() or number < 0 or (above_zero and number == 0):
            raise self.wrong(name, f"must be a number {'above zero' if above_zero else 'not below zero'}.")
        return number

    def integer(self, name: str, *, above_zero: bool = True) -> int:
        number = self.number(name, above_zero=above_zero)
        if number != int(number):
            raise self.wrong(name, "must be a whole number.")
        return int(number)

    def day(self, name: str) -> date:
        value = self.take(name)
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise self.wrong(name, "must be a day, such as 2026-11-01.") from None
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.wrong(name, "must be a day, such as 2026-11-01.")
        return value

    def choice(self, name: str, kind: type[Choice]) -> Choice:
        value = self.take(name)
        if value not in list(kind):
            raise self.wrong(name, f"must be one of {', '.join(kind)}.")
        return kind(value)

    def url(self, name: str) -> str:
        value = self.text(name)
        if not value.startswith("https://"):
            raise self.wrong(name, "must be the https:// address of the page that shows the price.")
        return value

    def currency(self, name: str) -> str:
        value = self.text(name)
        if len(value) != 3 or not (value.isascii() and value.isupper()):
            raise self.wrong(name, "must be a code of ISO 4217, such as CNY.")
        return value

    def each(self, name: str, *, label: str = "") -> Iterator["Fields"]:
        """The mappings of a list, each called by its `label` field where it has one."""
        rows = self.take(name)
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise self.wrong(name, "must be a list.")
        for number, row in enumerate(rows):
            known = row.get(label) if label and isinstance(row, Mapping) else None
            yield Fields(row, f"{self.path}.{name}.{known or number}".lstrip("."))
