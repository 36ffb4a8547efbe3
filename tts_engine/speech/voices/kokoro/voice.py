"""The built-in Mandarin voice: Kokoro-82M behind the Voice protocol."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tts_engine.speech.audio.tempo import stretched
from tts_engine.speech.errors import SpeechError
from tts_engine.speech.voice import (
    CharacterTime,
    Chunk,
    More,
    Range,
    Samples,
    Spoken,
    Style,
    Utterance,
    VoiceInfo,
    nobody_more,
)
from tts_engine.speech.voices.kokoro import english, model, pieces, rhythm, styles
from tts_engine.speech.voices.kokoro.networks import SAMPLE_RATE, Networks
from tts_engine.speech.voices.kokoro.speakers import SPEAKERS, style_vector
from tts_engine.speech.voices.kokoro.symbols import token_ids, transcribe

# The model's frames are too coarse to speak more than this much faster by shorter durations alone;
# what is asked beyond it is had by stretching the audio in time, its pitch kept.
FASTEST_RATE = 2.0

INFO = VoiceInfo(
    id="kokoro",
    family="kokoro",
    name="Kokoro",
    revision="82m-1.0-zh2",  # the model, its Mandarin speakers and this code; raised when samples change
    licence="Apache-2.0",
    sample_rate=SAMPLE_RATE,
    speakers=SPEAKERS,
    emotions=tuple(styles.EMOTIONS),
    emotion_intensity=Range(0.0, 2.0),
    speed=Range(0.25, 4.0),
    pitch=Range(-12.0, 12.0),
    batch_size=1,  # the model takes one utterance a run
    blends=True,
    ipa=english.SAYABLE,
)


def load(folder: Path, threads: int = 1) -> "KokoroVoice":
    """The voice with its model kept below `folder`, ready to speak. Raises VoiceUnavailable."""
    return KokoroVoice(Networks(model.install(folder, INFO.revision), threads))


class KokoroVoice:
    """Speaks one utterance at a time: text to rhythm, rhythm to melody, both to audio.

    Rhythm and melody are made for the whole sentence (a twentieth of the work); audio is made and
    yielded clause by clause, so that the first sound of a long sentence need not wait for its end.
    """

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    @property
    def info(self) -> VoiceInfo:
        return INFO

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        for number, utterance in enumerate(batch):
            try:
                for chunk in self._utterance(utterance):
                    yield number, chunk
                yield number, None
            except SpeechError as error:
                yield number, error

    def _utterance(self, utterance: Utterance) -> Iterator[Chunk]:
        elapsed = 0  # samples
        for run in pieces.runs_of(utterance.sentence.text, transcribe(utterance.sentence)):
            begin = elapsed / SAMPLE_RATE
            for chunk in self._run(run, utterance.style):
                yield chunk.later(begin)
                elapsed += len(chunk.samples)

    def _run(self, run: pieces.Run, style: Style) -> Iterator[Chunk]:
        prosody = styles.prosody_of(style)
        rate = min(prosody.rate, FASTEST_RATE)
        tokens = token_ids(list(run.sounds))
        vector = style_vector(style.speaker, len(tokens))

        symbols = self._networks.symbols(tokens, vector)
        frames = rhythm.frame_counts(symbols.durations, run.sounds, rate, prosody.pauses)
        contours = styles.shaped(self._networks.contours(symbols, frames, vector), prosody)
        sound = np.repeat(symbols.sound, frames, axis=1)
        spans = pieces.spans_of(run.sounds, frames, contours.energy)
        times = rhythm.character_times(run.text, run.sounds, frames, spans[0].first, spans[-1].end)
        audio = pieces.joined(
            (span, self._networks.decode(sound[:, span.heard], contours.during(span.heard), vector)) for span in spans
        )
        yield from _timed(audio, times, prosody.rate / rate)


def _timed(audio: Iterable[Samples], times: Sequence[CharacterTime], tempo: float) -> Iterator[Chunk]:
    """Chunks of `audio`, `tempo` times as fast, each with the characters that begin in it."""
    before = after = 0  # samples of the audio as made, and as stretched
    begun = 0
    for samples in audio:
        if not before:
            times = rhythm.begun_as_heard(times, samples)
        faster = stretched(samples, SAMPLE_RATE, tempo) if tempo > 1 else samples
        before, after = before + len(samples), after + len(faster)
        scale = after / before
        upto = bisect_left(times, before / SAMPLE_RATE, lo=begun, key=lambda time: time.start)
        yield Chunk(faster, tuple(CharacterTime(t.char, t.start * scale, t.end * scale) for t in times[begun:upto]))
        begun = upto
