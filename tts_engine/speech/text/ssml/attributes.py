"""The attributes of one element, each read by the one function that knows its values."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.script import Place

T = TypeVar("T")
D = TypeVar("D")

LANGUAGES = ("zh", "cmn", "en")


class Attributes:
    """What is not taken is refused by `finish`: nothing that was asked for is passed over."""

    def __init__(self, element: str, given: Mapping[str, str], place: Place) -> None:
        self.element = element
        self.place = place
        self._given = dict(given)
        self._known: list[str] = []

    def take(self, name: str, read: Callable[[str], T], default: D) -> T | D:
        """The value as `read` reads it, or the default where it is not given. Raises ScriptError."""
        self._known.append(name)
        if name not in self._given:
            return default
        value = self._given.pop(name)
        try:
            return read(value)
        except ValueError as error:
            raise self.refused(f"cannot take {name}='{value}': {error}") from error

    def need(self, name: str, read: Callable[[str], T]) -> T:
        """As `take`, of an attribute the element cannot be without."""
        if name not in self._given:
            raise self.refused(f"needs the attribute '{name}'")
        value = self.take(name, read, None)
        assert value is not None  # noqa: S101 - no reader returns None
        return value

    def language(self) -> None:
        """`xml:lang`, which asks for nothing where it is a language that is spoken here anyway."""
        self.take("xml:lang", _spoken_language, None)

    def finish(self) -> None:
        """Raises ScriptError for the first attribute that nobody took."""
        for name in self._given:
            known = ", ".join(self._known) or "none"
            raise self.refused(f"has no attribute '{name}' that means anything here; known are: {known}")

    def refused(self, reason: str) -> ScriptError:
        return ScriptError(f"<{self.element}> {reason}.", self.place)


def _spoken_language(value: str) -> str:
    if value.lower().split("-")[0] not in LANGUAGES:
        raise ValueError("the voices here speak Mandarin, and English words in it")
    return value
