"""Text in, audio out: the front end and voices put together.

`staged` and `join` are what a worker uses too, with batchers between them; `plan` and `speak` do for
a plain text and one voice.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tts_engine.speech.audio.gain import amplified
from tts_engine.speech.audio.resample import resampled
from tts_engine.speech.errors import NothingToSay, ScriptError, StyleError, UnknownVoice
from tts_engine.speech.text import ReadItem, read
from tts_engine.speech.text.script import Clip, Manner, Mark, Pause, Place, Said
from tts_engine.speech.text.types import Sentence
from tts_engine.speech.voice import (
    CharacterTime,
    Chunk,
    MarkTime,
    Samples,
    Style,
    Utterance,
    Voice,
    VoiceInfo,
    check_ipa,
    check_style,
    speak_alone,
)

Cast = Callable[[str], tuple[VoiceInfo, str]]
"""The voice behind a name, and its speaker's id. Raises UnknownVoice."""


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance of a script, who speaks it, and what its passage asks for."""

    utterance: Utterance
    voice: VoiceInfo
    manner: Manner


Part = Line | Pause | Mark | Clip


def plan(text: str, info: VoiceInfo, style: Style) -> list[Utterance]:
    """The sentences of a plain text, each with the style it is spoken in. Raises TextError or StyleError."""
    check_style(info, style)
    return [Utterance(sentence, style) for sentence in read(text).sentences]


def staged(items: Iterable[ReadItem], info: VoiceInfo, style: Style, cast: Cast) -> list[Part]:
    """What is heard of a script, in order, spoken by `info` in `style` where the script says nothing else.

    Raises StyleError, and ScriptError for what the script asks of a voice that cannot.
    """
    check_style(info, style)
    parts: list[Part] = []
    for item in items:
        if isinstance(item, Said):
            parts += _lines(item, info, style, cast)
        else:
            parts.append(item)
    return parts


def _lines(said: Said, info: VoiceInfo, style: Style, cast: Cast) -> list[Line]:
    voice, own = honoured(said.manner, said.ipa, said.place, info, style, cast)
    return [Line(Utterance(sentence, own), voice, said.manner) for sentence in said.sentences]


def lines_of(parts: Iterable[Part]) -> list[Line]:
    return [part for part in parts if isinstance(part, Line)]


def honoured(
    manner: Manner, ipa: str, place: Place | None, info: VoiceInfo, style: Style, cast: Cast
) -> tuple[VoiceInfo, Style]:
    """Who speaks in this manner, and how, where the request asks for `info` and `style`.

    Raises ScriptError, which names the `place`, where there is no such voice or it cannot.
    """
    if manner == Manner() and not ipa:
        return info, style
    try:
        voice, speaker = cast(manner.voice) if manner.voice else (info, style.speaker)
        own = in_manner(manner, replace(style, speaker=speaker))
        check_style(voice, own)
        check_ipa(voice, ipa)
    except (UnknownVoice, StyleError) as error:
        raise ScriptError(str(error), place, code=error.code) from error
    return voice, own


def in_manner(manner: Manner, style: Style) -> Style:
    """The request's style as a passage differs from it."""
    emotion, intensity = style.emotion, style.emotion_intensity
    if manner.emotion is not None:
        emotion, intensity = manner.emotion, manner.emotion_intensity
    return replace(
        style,
        emotion=emotion,
        emotion_intensity=intensity,
        speed=style.speed * manner.speed,
        pitch=style.pitch + manner.pitch,
    )


def join(parts: Iterable[Part], heard: Iterable[Iterable[Chunk]], sample_rate: int) -> Iterator[Chunk]:
    """One stream of `sample_rate` Hz, with silence between; times count from the whole's start.

    `heard` are the chunks of each line, at its voice's rate, and of each clip, at `sample_rate`, in their
    order. All characters of every line come, in order. The text's own pauses shorten as the speed grows.
    Raises NothingToSay when not one sample was spoken.
    """
    samples = 0
    silent = True
    coming = iter(heard)
    for part in parts:
        begin = samples / sample_rate
        for chunk in _chunks(part, coming, sample_rate):
            silent = silent and not (isinstance(part, Line) and len(chunk.samples))
            samples += len(chunk.samples)
            yield chunk.later(begin)
        samples += (silence := round(silence_after(part) * sample_rate))
        yield Chunk(np.zeros(silence, np.float32))
    if silent:
        raise NothingToSay("This voice has no sound for anything in the text.")


def silence_after(part: Part) -> float:
    """Seconds; a text's own pauses shorten as the speed grows."""
    if isinstance(part, Line):
        return part.utterance.sentence.pause / part.utterance.style.speed
    return part.seconds if isinstance(part, Pause) else 0.0


def _chunks(part: Part, coming: Iterator[Iterable[Chunk]], sample_rate: int) -> Iterable[Chunk]:
    if isinstance(part, Mark):
        return [Chunk(np.zeros(0, np.float32), marks=(MarkTime(part.name, 0.0),))]
    if isinstance(part, Clip):
        return next(coming)
    if isinstance(part, Line):
        sentence = part.utterance.sentence
        chunks = _at_rate(next(coming), part.voice.sample_rate, sample_rate)
        whole = _whole(sentence, _at_volume(chunks, part.manner.volume), sample_rate)
        return _marked(whole, sentence.bookmarks, sample_rate)
    return ()


def _whole(sentence: Sentence, chunks: Iterable[Chunk], sample_rate: int) -> Iterator[Chunk]:
    """All of its characters with their times: those that the voice does not mention lie at the end."""
    samples = characters = 0
    for chunk in chunks:
        samples += len(chunk.samples)
        characters += len(chunk.characters)
        yield chunk
    end = samples / sample_rate
    if unmentioned := sentence.text[characters:]:
        yield Chunk(np.zeros(0, np.float32), tuple(CharacterTime(char, end, end) for char in unmentioned))


def _at_rate(chunks: Iterable[Chunk], rate: int, wanted: int) -> Iterable[Chunk]:
    return chunks if rate == wanted else _resampled(chunks, rate, wanted)


def _resampled(chunks: Iterable[Chunk], rate: int, wanted: int) -> Iterator[Chunk]:
    characters: list[CharacterTime] = []

    def samples() -> Iterator[Samples]:
        for chunk in chunks:
            characters.extend(chunk.characters)
            yield chunk.samples

    for ready in resampled(samples(), rate, wanted):
        yield Chunk(ready, tuple(characters))
        characters.clear()


def _at_volume(chunks: Iterable[Chunk], decibels: float) -> Iterable[Chunk]:
    if decibels == 0:
        return chunks
    return (replace(chunk, samples=louder) for chunk in chunks for louder in amplified([chunk.samples], decibels))


def _marked(chunks: Iterable[Chunk], bookmarks: Sequence[tuple[int, str]], sample_rate: int) -> Iterable[Chunk]:
    return _with_marks(chunks, bookmarks, sample_rate) if bookmarks else chunks


def _with_marks(chunks: Iterable[Chunk], bookmarks: Sequence[tuple[int, str]], sample_rate: int) -> Iterator[Chunk]:
    """Each bookmark when its character begins; one behind the last, when all have been heard."""
    left = deque(bookmarks)
    characters = samples = 0
    for chunk in chunks:
        upto = characters + len(chunk.characters)
        marks = []
        while left and left[0][0] < upto:
            position, name = left.popleft()
            marks.append(MarkTime(name, chunk.characters[position - characters].start))
        characters, samples = upto, samples + len(chunk.samples)
        yield replace(chunk, marks=tuple(marks))
    yield Chunk(np.zeros(0, np.float32), marks=tuple(MarkTime(name, samples / sample_rate) for _, name in left))


def speak(voice: Voice, utterances: Sequence[Utterance]) -> Iterator[Chunk]:
    """Speak one sentence after the other in this thread."""
    spoken = (speak_alone(voice, utterance) for utterance in utterances)
    lines = (Line(utterance, voice.info, Manner()) for utterance in utterances)
    return join(lines, spoken, voice.info.sample_rate)
