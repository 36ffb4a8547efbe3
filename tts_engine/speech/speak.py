"""Text in, audio out: the front end and a voice put together.

`plan` and `join` are what a worker uses too, with a batcher between them.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tts_engine.speech.errors import NothingToSay
from tts_engine.speech.text import read
from tts_engine.speech.text.dictionary import NO_ENTRIES, Dictionary
from tts_engine.speech.voice import Chunk, Style, Utterance, Voice, VoiceInfo, check_style, speak_alone


def plan(text: str, info: VoiceInfo, style: Style, dictionary: Dictionary = NO_ENTRIES) -> list[Utterance]:
    """The sentences of a text, each with the style it is spoken in. Raises TextError or StyleError."""
    check_style(info, style)
    return [Utterance(sentence, style) for sentence in read(text, dictionary).sentences]


def join(utterances: Sequence[Utterance], spoken: Iterable[Iterable[Chunk]], sample_rate: int) -> Iterator[Chunk]:
    """One stream out of each utterance's chunks, with silence between; times count from the whole's start.

    Pauses shorten as the speed grows. Raises NothingToSay when not one sample was spoken.
    """
    samples = 0
    silent = True
    for utterance, chunks in zip(utterances, spoken, strict=True):
        begin = samples / sample_rate
        for chunk in chunks:
            silent = silent and not len(chunk.samples)
            samples += len(chunk.samples)
            yield chunk.later(begin)
        pause = round(utterance.sentence.pause / utterance.style.speed * sample_rate)
        samples += pause
        yield Chunk(np.zeros(pause, np.float32))
    if silent:
        raise NothingToSay("This voice has no sound for anything in the text.")


def speak(voice: Voice, utterances: Sequence[Utterance]) -> Iterator[Chunk]:
    """Speak one sentence after the other in this thread."""
    spoken = (speak_alone(voice, utterance) for utterance in utterances)
    return join(utterances, spoken, voice.info.sample_rate)
