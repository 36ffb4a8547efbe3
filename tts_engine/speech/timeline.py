"""Where each sentence and each character of a result is heard.

Everything is kept in samples, counted from the result's start, and becomes seconds once, where it is
read: nothing rounded is ever added up, so an hour of speech drifts by nothing.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from tts_engine.speech.text.characters import is_hanzi, is_latin
from tts_engine.speech.text.types import Break, Sentence, Stretch
from tts_engine.speech.voice import CharacterTime, Chunk


@dataclass(frozen=True, slots=True)
class TimedText:
    """A stretch of text as it was written, `2026` or `年`, and when it is heard, in seconds.

    One that does not sound is a mark, and its time the pause.
    """

    text: str
    start: float
    end: float
    sounds: bool = True
    break_after: Break = Break.NONE


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """All of a sentence, in order. `speaker` is who speaks it."""

    stretches: tuple[TimedText, ...]
    speaker: str = ""

    @property
    def text(self) -> str:
        return "".join(stretch.text for stretch in self.stretches)

    @property
    def start(self) -> float:
        """Seconds; where its first sound begins."""
        return next((stretch.start for stretch in self.stretches if stretch.sounds), self.stretches[0].start)

    @property
    def end(self) -> float:
        """Seconds; where its last sound ends, not the pause after it."""
        return next((stretch.end for stretch in reversed(self.stretches) if stretch.sounds), self.stretches[-1].end)


@dataclass(frozen=True, slots=True)
class SentenceTimes:
    """A sentence's characters as they are read, where each is heard, and how they were written."""

    characters: str
    starts: tuple[int, ...]  # samples
    ends: tuple[int, ...]
    written: tuple[Stretch, ...]
    speaker: str

    def timed(self, sample_rate: int, later: float) -> TimedSentence:
        """In seconds, so many later."""
        return TimedSentence(tuple(self._stretches(sample_rate, later)), self.speaker)

    def _stretches(self, sample_rate: int, later: float) -> Iterator[TimedText]:
        first = 0
        for written in self.written:
            end = first + written.characters
            yield TimedText(
                written.text,
                later + self.starts[first] / sample_rate,
                later + max(self.ends[first:end]) / sample_rate,
                sounds=any(is_hanzi(char) or is_latin(char) for char in self.characters[first:end]),
                break_after=written.break_after,
            )
            first = end


@dataclass(frozen=True, slots=True)
class Timeline:
    """The sentences of a result, in the order in which they are heard, at its voice's sample rate."""

    sample_rate: int  # Hz
    sentences: tuple[SentenceTimes, ...]

    @property
    def speakers(self) -> set[str]:
        return {sentence.speaker for sentence in self.sentences}

    def timed(self, later: float = 0.0) -> Iterator[TimedSentence]:
        """In seconds, so many later: a codec's delay, what comes before it in a joined file."""
        return (sentence.timed(self.sample_rate, later) for sentence in self.sentences)

    def after(self, sentences: int) -> Self:
        """Without so many at its beginning."""
        return replace(self, sentences=self.sentences[max(0, sentences) :])

    def rewritten(self, sentences: Iterable[Sentence]) -> Self:
        """The same audio for a text that is read alike and was written otherwise, 5个 for 五个."""
        pairs = zip(self.sentences, sentences, strict=True)
        return replace(self, sentences=tuple(replace(times, written=sentence.written) for times, sentence in pairs))

    def pack(self) -> bytes:
        """JSON, deflated: some three bytes a character."""
        sentences = [
            [
                times.characters,
                _steps(times.starts),
                [end - start for start, end in zip(times.starts, times.ends, strict=True)],
                [[written.text, written.characters, written.break_after] for written in times.written],
                times.speaker,
            ]
            for times in self.sentences
        ]
        return zlib.compress(json.dumps([self.sample_rate, sentences], separators=(",", ":")).encode(), 1)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """What `pack` made."""
        sample_rate, sentences = json.loads(zlib.decompress(packed))
        return cls(sample_rate, tuple(_unpacked(*sentence) for sentence in sentences))


def _steps(places: Sequence[int]) -> list[int]:
    return [place - before for before, place in zip((0, *places), places, strict=False)]


def _unpacked(
    characters: str, steps: list[int], lengths: list[int], written: list[tuple[str, int, int]], speaker: str
) -> SentenceTimes:
    starts, place = [], 0
    for step in steps:
        place += step
        starts.append(place)
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    stretches = tuple(Stretch(text, count, Break(after)) for text, count, after in written)
    return SentenceTimes(characters, tuple(starts), tuple(ends), stretches, speaker)


class Timekeeper:
    """Writes down where sentences are heard, as their audio goes by. `timeline` is what has been heard so far.

    It tells sentences apart by the number of their characters, all of which come, in order (`speak.join`).
    """

    def __init__(self, sentences: Iterable[tuple[Sentence, str]], sample_rate: int) -> None:
        """The sentences in the order in which they are spoken, each with its speaker."""
        self.sample_rate = sample_rate
        self._coming = iter(sentences)
        self._heard: list[SentenceTimes] = []
        self._begun: list[CharacterTime] = []  # of the sentence that is being heard
        self._told = 0
        self._await_next()

    def listen(self, stream: Iterable[Chunk]) -> Iterator[Chunk]:
        """The same chunks; their characters' times count from the stream's start."""
        samples = 0
        for chunk in stream:
            for character in chunk.characters:
                self._hear(character)
            samples += len(chunk.samples)
            yield chunk
        self._heard = [_within(samples, times) for times in self._heard]  # silence may be cut off behind the last mark

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.sample_rate, tuple(self._heard))

    def news(self) -> tuple[int, Timeline]:
        """The sentences that were heard whole since the last call, and the number of the first of them."""
        first, self._told = self._told, len(self._heard)
        return first, Timeline(self.sample_rate, tuple(self._heard[first:]))

    def _hear(self, character: CharacterTime) -> None:
        self._begun.append(character)
        if self._sentence is None or len(self._begun) < len(self._text):
            return
        starts, ends = _places(self._begun, self.sample_rate)
        self._heard.append(SentenceTimes(self._text, starts, ends, self._sentence.written, self._speaker))
        self._begun.clear()
        self._await_next()

    def _await_next(self) -> None:
        self._sentence: Sentence | None
        self._sentence, self._speaker = next(self._coming, (None, ""))
        self._text = self._sentence.text if self._sentence else ""


def _places(times: Iterable[CharacterTime], sample_rate: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the characters start and end, in samples; none starts before the one before it has ended."""
    starts, ends, heard = [], [], 0
    for time in times:
        starts.append(max(heard, round(time.start * sample_rate)))
        heard = max(starts[-1], round(time.end * sample_rate))
        ends.append(heard)
    return tuple(starts), tuple(ends)


def _within(samples: int, times: SentenceTimes) -> SentenceTimes:
    if max(times.ends) <= samples:
        return times
    starts, ends = (tuple(min(place, samples) for place in places) for places in (times.starts, times.ends))
    return replace(times, starts=starts, ends=ends)


def joined(parts: Iterable[tuple[int, Timeline]], ticks: int, later: float = 0.0) -> Iterator[TimedSentence]:
    """The sentences of many results in one file; each part begins at so many of the `ticks` of a second, its samples.

    `later` is the file's own delay, in seconds. One part is held at a time.
    """
    for offset, timeline in parts:
        yield from timeline.timed(offset / ticks + later)
