"""A script put together piece by piece, as its source is read from front to back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.characters import CLOSING, SENTENCE_MARKS
from tts_engine.speech.text.marks import IPA, MarkedText, read_marks
from tts_engine.speech.text.script import Clip, Item, Manner, Mark, Passage, Pause, Place, Script

_SAYS_SOMETHING = re.compile(r"\w")


def spoken_by(name: str, manner: Manner, aliases: Mapping[str, str]) -> Manner:
    """The manner with another voice; `aliases` may give the name to one, and then it is a role."""
    if name in aliases:
        return replace(manner, voice=aliases[name], role=name)
    return replace(manner, voice=name, role=None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a script may ask for at most, and its source."""

    characters: int = 65_536  # of the source, tags too
    elements: int = 2_000  # of SSML
    depth: int = 32  # of elements inside each other
    pause: float = 20.0  # seconds of one pause
    pauses: float = 600.0  # seconds of all together
    clips: int = 20


class ScriptBuilder:
    """Joins what is said in one manner to one passage, and punctuation alone to the passage before it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._items: list[Item] = []
        self._plain: list[str] = []
        self._length = 0  # of the plain text
        self._silence = 0.0  # seconds
        self._clips = 0

    def say(self, text: str, manner: Manner, place: Place | None = None) -> None:
        """Text as written; pronunciation marks 字(zi4) are taken out of it."""
        marked = read_marks(text)
        self.say_as(marked.text, marked, manner, place)

    def say_as(self, written: str, said: MarkedText, manner: Manner, place: Place | None = None) -> None:
        """`said` in the place of what is `written`, which is what counts."""
        said = said.standing_for(written, self._length)
        if written:
            self._plain.append(written)
            self._length += len(written)
        last = self._items[-1] if self._items else None
        if isinstance(last, Passage) and (last.manner == manner or not _SAYS_SOMETHING.search(said.text)):
            asked = place if any(reading.startswith(IPA) for reading in said.readings.values()) else last.place
            self._items[-1] = replace(last, text=last.text + said, place=asked)
        elif said.text:
            self._items.append(Passage(said, manner, place))

    def pause(self, seconds: float, place: Place) -> None:
        """Raises ScriptError beyond the limits."""
        self._silence += seconds
        if seconds > self._limits.pause:
            raise ScriptError(f"A pause has at most {self._limits.pause:g} seconds.", place)
        if self._silence > self._limits.pauses:
            raise ScriptError(f"All pauses together have at most {self._limits.pauses:g} seconds.", place)
        self._items.append(Pause(seconds))

    def clip(self, source: str, place: Place) -> None:
        """Raises ScriptError beyond the limits."""
        self._clips += 1
        if self._clips > self._limits.clips:
            raise ScriptError(f"A text has at most {self._limits.clips} recordings.", place)
        self._items.append(Clip(source, place))

    def mark(self, name: str) -> None:
        last = self._items[-1] if self._items else None
        if isinstance(last, Passage):
            bookmarks = (*last.text.bookmarks, (len(last.text.text), name))
            self._items[-1] = replace(last, text=replace(last.text, bookmarks=bookmarks))
        else:
            self._items.append(Mark(name))

    def end_sentence(self) -> None:
        """What comes next is another sentence, whether or not a stop was written."""
        self._end("。")

    def end_paragraph(self) -> None:
        self._end("\n")

    @property
    def last(self) -> str:
        """The last character that was written, if there is one."""
        return self._plain[-1][-1] if self._plain else ""

    def script(self) -> Script:
        return Script(tuple(self._items), "".join(self._plain))

    def _end(self, stop: str) -> None:
        last = self._items[-1] if self._items else None
        if isinstance(last, Passage) and not _ends(last.text.text, stop):
            self._items[-1] = replace(last, text=last.text + MarkedText(stop).standing_for("", self._length))


def _ends(text: str, stop: str) -> bool:
    """Whether a sentence, or with a line break a paragraph, has its end there already."""
    said = text.rstrip()
    return "\n" in text[len(said) :] or (stop != "\n" and said.rstrip(CLOSING).endswith(tuple(SENTENCE_MARKS)))
