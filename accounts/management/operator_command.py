"""What the operators' commands have in common: `--json`, and refusals in one line instead of a traceback."""

import json
from abc import ABC, abstractmethod
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

Options = dict[str, Any]
Answer = tuple[dict[str, Any], str]  # the same as one JSON object and as text for people


class OperatorCommand(BaseCommand, ABC):
    """Does what `answer` does and prints what it returns; `refusals` are the errors whose message is the answer."""

    refusals: tuple[type[Exception], ...]

    @abstractmethod
    def answer(self, options: Options) -> Answer: ...

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        try:
            shape, text = self.answer(options)
        except self.refusals as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(shape, ensure_ascii=False) if as_json else text)


def add_json(*parsers: CommandParser) -> None:
    for parser in parsers:
        parser.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")
