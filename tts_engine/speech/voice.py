"""The boundary between the platform and whatever speaks.

What a voice is (`VoiceInfo`, frozen, from its files) is kept apart from what one request wants of
it (`Style`). A family of voices implements `Voice`; the platform knows no more of it than this.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tts_engine.speech.errors import SpeechError, StyleError
from tts_engine.speech.text.types import Sentence

NEUTRAL = "neutral"
EMOTIONS = (NEUTRAL, "happy", "sad", "angry", "fear", "hate", "surprise")

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Speaker:
    id: str
    name: str  # as a person would read it, 晓晓
    gender: str  # female | male | unknown
    listed: bool = True  # offered to choose from; else reached by who knows its id


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of what a voice can honour."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """What a voice is and what it can honour; the same for every request.

    `revision` changes whenever the same text and style would give other samples: it is part of
    every cache key. `batch_size` is how many sentences one call of `speak` should be given.
    None for a range means the voice cannot do it at all.
    """

    id: str
    family: str
    name: str
    revision: str
    licence: str
    sample_rate: int  # Hz
    speakers: tuple[Speaker, ...]  # the first is the default
    emotions: tuple[str, ...] = (NEUTRAL,)
    emotion_intensity: Range | None = None
    speed: Range = Range(1.0, 1.0)
    pitch: Range | None = None  # semitones
    batch_size: int = 1
    blends: bool = False  # its speakers can be mixed
    ipa: frozenset[str] = frozenset()  # the symbols of the International Phonetic Alphabet that it can say


@dataclass(frozen=True, slots=True)
class Style:
    """How one request wants its text spoken."""

    speaker: str
    emotion: str = NEUTRAL
    emotion_intensity: float = 1.0
    speed: float = 1.0
    pitch: float = 0.0  # semitones


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence and the style it is to be spoken in."""

    sentence: Sentence
    style: Style


@dataclass(frozen=True, slots=True)
class CharacterTime:
    """Where a character of the normalised text is heard, in seconds from the utterance's start."""

    char: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class MarkTime:
    """When a mark of a script is reached, in seconds from the start."""

    name: str
    time: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one utterance's audio, mono in [-1, 1], and the characters that begin in it.

    `marks` are those of a script; no voice knows of them.
    """

    samples: Samples
    characters: tuple[CharacterTime, ...] = field(default=())
    marks: tuple[MarkTime, ...] = ()

    def later(self, seconds: float) -> "Chunk":
        """The same audio with its times counted from `seconds` earlier; none comes before that."""

        def moved(time: float) -> float:
            return max(0.0, time + seconds)

        return Chunk(
            self.samples,
            tuple(CharacterTime(c.char, moved(c.start), moved(c.end)) for c in self.characters),
            tuple(MarkTime(mark.name, moved(mark.time)) for mark in self.marks),
        )


Spoken = Chunk | SpeechError | None
"""What is heard next of an utterance: audio; the error that ends it, and it alone; None at its end."""

More = Callable[[int], Sequence[Utterance]]
"""Utterances to join a batch under way, at most so many; none is as good an answer."""


def nobody_more(_places: int) -> Sequence[Utterance]:
    return ()


class Voice(Protocol):
    """A loaded voice. Loading happens once, in the family's `load`; speaking keeps no state.

    `speak` may be called from several threads at once, and the same utterance gives the same
    samples whatever it is batched with.
    """

    @property
    def info(self) -> VoiceInfo: ...

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        """Yield (number, what is heard next of that utterance) as the audio is made.

        Utterances are numbered as they come: those of `batch`, then those that `more` gives when a
        voice with free places in its batch asks it. The chunks of one come in order and join without
        a gap; those of different utterances may interleave. Silence between sentences is not the
        voice's affair.
        """
        ...


def speak_alone(voice: Voice, utterance: Utterance) -> Iterator[Chunk]:
    """The audio of one utterance. Raises the SpeechError that ends it."""
    for _, spoken in voice.speak([utterance]):
        if isinstance(spoken, SpeechError):
            raise spoken
        if spoken is not None:
            yield spoken


def check_style(info: VoiceInfo, style: Style) -> None:
    """Raise StyleError for the first thing in `style` that the voice cannot honour."""
    if style.emotion not in info.emotions:
        raise StyleError(
            f"The voice {info.id} cannot speak with emotion '{style.emotion}'; it has {', '.join(info.emotions)}.",
            param="emotion",
        )
    for param, value, default, bounds in (
        ("speed", style.speed, 1.0, info.speed),
        ("pitch", style.pitch, 0.0, info.pitch),
        ("emotion_intensity", style.emotion_intensity, 1.0, info.emotion_intensity),
    ):
        if value == default:
            continue
        if bounds is None:
            raise StyleError(f"The voice {info.id} has no control of {param}; leave it out.", param=param)
        if value not in bounds:
            raise StyleError(
                f"{param} must be between {bounds.low:g} and {bounds.high:g} for the voice {info.id}.", param=param
            )


def check_ipa(info: VoiceInfo, ipa: str) -> None:
    """Raise StyleError for the first of these sounds that the voice cannot say."""
    if ipa and not info.ipa:
        raise StyleError(f"The voice {info.id} cannot say IPA; write pinyin, or another word.", param="input")
    for symbol in ipa:
        if symbol not in info.ipa:
            raise StyleError(f"The voice {info.id} has no sound for '{symbol}' of IPA.", param="input")
