"""A text and how it is to be spoken: what plain text, voice tags and SSML are all read into.

    plain text, tags, SSML --> Script --speech.speak.staged--> Parts --speech.speak.join--> audio

A script is a row of items. Plain text is the trivial script, one passage. What changes nothing of
the manner (a pronunciation, a mark, what `say-as` or `sub` put in the place of what was written)
does not divide a passage, so that the front end reads it in its context.
"""

from dataclasses import dataclass, field, replace

from tts_engine.speech.text.marks import MarkedText, read_marks
from tts_engine.speech.text.types import Sentence


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the source something was asked for, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"Line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a passage differs from what the request asks for; None is as the request says."""

    voice: str | None = None  # a name or a blend that the catalog resolves
    role: str | None = None  # how the text calls who speaks, where that is not the voice's name
    emotion: str | None = None
    emotion_intensity: float = 1.0  # of the emotion that is named here
    speed: float = 1.0  # times the request's
    pitch: float = 0.0  # semitones above the request's
    volume: float = 0.0  # dB above the request's; -inf is silent


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of text spoken in one manner.

    `text` is what is said: its pinyin given by hand and its bookmarks (SSML's `mark`) are at their
    positions. `place` is where its manner, or IPA in it, was asked for, for errors.
    """

    text: MarkedText
    manner: Manner = Manner()
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of exactly this long, instead of the one the text around it would have had there."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A name for this moment, between two other items; inside a passage it is a bookmark of its text."""

    name: str


@dataclass(frozen=True, slots=True)
class Clip:
    """Recorded audio of the tenant's own, as `source` names it."""

    source: str
    place: Place | None = field(default=None, compare=False, repr=False)


Item = Passage | Pause | Mark | Clip


@dataclass(frozen=True, slots=True)
class Said:
    """A passage as it is read aloud, at least one sentence."""

    sentences: tuple[Sentence, ...]
    manner: Manner = Manner()
    ipa: str = ""  # the sounds given in it, which not every voice can say
    place: Place | None = field(default=None, compare=False, repr=False)

    def ending(self, pause: float) -> "Said":
        """The same with so many seconds of silence at its end."""
        return replace(self, sentences=(*self.sentences[:-1], replace(self.sentences[-1], pause=pause)))


@dataclass(frozen=True, slots=True)
class Script:
    """`plain` is the text without tags and pronunciation marks, as written: what is shown, and what billing counts."""

    items: tuple[Item, ...]
    plain: str

    @property
    def length(self) -> int:
        """Characters that are spoken."""
        return sum(len(item.text.text) for item in self.items if isinstance(item, Passage))

    @property
    def silence(self) -> float:
        """Seconds of pauses that are asked for."""
        return sum(item.seconds for item in self.items if isinstance(item, Pause))


def plain_script(text: str) -> Script:
    """The trivial script: one passage, as the request says. Pronunciation marks 字(zi4) are taken out."""
    marked = read_marks(text)
    return Script((Passage(marked),), marked.text)
