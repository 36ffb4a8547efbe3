"""Text as the model reads it: a sentence becomes a row of linguistic units.

A unit is one phone or one break, with its tone, its place in the syllable and in the word, the
emotion and the speaker. Written out it is `{b_c$tone3$s_begin$word_begin$emotion_neutral$F7}`, the form
in which ModelScope's closed front end hands its result to the model. The way there:

    text.read      any text to words with pinyin and breaks (shared with every voice)
    breaks         words to prosodic words, each followed by #1 to #4
    syllables      pinyin to phones, erhua              english   Latin words to ARPAbet
    tones          third tones as said
    units          phones with their flags              inventory units to rows of the model's tables

Place flags: the only phone of a syllable is `s_both`, else the first is `s_begin`, the last `s_end`,
those between `s_middle`; likewise `word_` over the phones of a prosodic word. Breaks have none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tts_engine.speech.errors import UnknownUnit
from tts_engine.speech.text.types import Break, Sentence
from tts_engine.speech.voice import NEUTRAL
from tts_engine.speech.voices.sambert.breaks import ProsodicWord, prosodic_words
from tts_engine.speech.voices.sambert.tones import third_tones

SPEAKER = "F7"
"""The row of the speaker table that every released voice is spoken with."""

_SYMBOL = re.compile(r"\{[^{}$]+(?:\$[^{}$]+){5}\}")


@dataclass(frozen=True, slots=True)
class Unit:
    """One phone or break, and the characters [first, end) of the sentence that it is a part of.

    A break has the punctuation it stands for, often none (first == end). Several units share their
    characters: the phones of a syllable, or all phones of an English word.
    """

    sy: str
    tone: str
    syllable_flag: str
    word_segment: str
    emotion: str
    speaker: str
    first: int = 0
    end: int = 0

    @property
    def is_break(self) -> bool:
        return self.sy.startswith("#")

    def __str__(self) -> str:
        return f"{{{self.sy}${self.tone}${self.syllable_flag}${self.word_segment}${self.emotion}${self.speaker}}}"


def units_of(sentence: Sentence, emotion: str = NEUTRAL, speaker: str = SPEAKER) -> list[Unit]:
    """The units of a sentence, the last of them a #4; [] if nothing in it has a sound.

    `emotion` is one of `voice.EMOTIONS`. Raises UnknownUnit for a sound the model has no phone for.
    """
    words = third_tones(prosodic_words(sentence))
    ends = [*(word.syllables[0].first for word in words), len(sentence.text)][1:]
    units: list[Unit] = []
    for word, end in zip(words, ends, strict=True):
        units += _phones(word, f"emotion_{emotion}", speaker)
        units.append(_break(word.break_after, speaker, word.syllables[-1].end, end))
    return units


def _phones(word: ProsodicWord, emotion: str, speaker: str) -> Iterator[Unit]:
    count = sum(len(syllable.phones) for syllable in word.syllables)
    at = 0
    for syllable in word.syllables:
        for place, phone in enumerate(syllable.phones):
            yield Unit(
                phone,
                f"tone{syllable.tone}",
                f"s_{_place(place, len(syllable.phones))}",
                f"word_{_place(at, count)}",
                emotion,
                speaker,
                syllable.first,
                syllable.end,
            )
            at += 1


def _place(index: int, count: int) -> str:
    if count == 1:
        return "both"
    if index == 0:
        return "begin"
    return "end" if index == count - 1 else "middle"


def _break(level: Break, speaker: str, first: int, end: int) -> Unit:
    return Unit(f"#{level:d}", "tone_none", "s_none", "word_none", "emotion_none", speaker, first, end)


def written(units: Iterable[Unit]) -> str:
    """The units in braces, a space between."""
    return " ".join(map(str, units))


def parse(sequence: str) -> list[Unit]:
    """The units of a sequence as `written`; they belong to no characters. Raises UnknownUnit."""
    parts = sequence.split()
    malformed = [part for part in parts if not _SYMBOL.fullmatch(part)]
    if malformed:
        raise UnknownUnit(malformed)
    return [_parsed(*part[1:-1].split("$")) for part in parts]


def _parsed(sy: str, tone: str, syllable_flag: str, word_segment: str, emotion: str, speaker: str) -> Unit:
    return Unit(sy, tone, syllable_flag, word_segment, emotion, speaker)


def runs_of(units: Sequence[Unit], longest: int) -> Iterator[list[Unit]]:
    """Cut a row into rows of at most `longest` units that each end in #4.

    A model has so many positions; no Mandarin sentence reaches them, a row of spelt letters may. The
    cut is at the strongest break of the second half, the last of equals, else after a syllable.
    """
    left = list(units)
    while len(left) > longest:
        ends = [i for i in range(longest // 2, longest) if left[i].is_break]
        if ends:
            cut = max(ends, key=lambda i: (left[i].sy, i)) + 1
            last = replace(left[cut - 1], sy=f"#{Break.SENTENCE:d}")
            yield [*left[: cut - 1], last]
        else:
            cut = max(i for i in range(longest - 1) if left[i].syllable_flag in ("s_end", "s_both")) + 1
            at = left[cut - 1].end
            yield [*left[:cut], _break(Break.SENTENCE, left[cut - 1].speaker, at, at)]
        left = left[cut:]
    if left:
        yield left
