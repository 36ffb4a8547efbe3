"""A script spoken: who speaks what, how long the silence is, when a mark is reached."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.factories import make_voice_info
from tts_engine.speech.errors import NothingToSay, ScriptError, UnknownVoice
from tts_engine.speech.speak import Line, Part, join, lines_of, staged
from tts_engine.speech.text import read_script
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.script import Clip
from tts_engine.speech.text.ssml import read_ssml
from tts_engine.speech.voice import CharacterTime, Chunk, Range, Samples, Style, VoiceInfo

RATE = 1000  # Hz of the voices here
LOW = replace(
    make_voice_info("low", batch_size=1), sample_rate=RATE, speed=Range(0.5, 2.0), emotions=("neutral", "happy")
)
HIGH = replace(LOW, id="high", sample_rate=2 * RATE, pitch=Range(-12, 12))
A_CHARACTER = 100  # milliseconds


def cast(name: str) -> tuple[VoiceInfo, str]:
    voices = {"low": LOW, "high": HIGH}
    if name not in voices:
        raise UnknownVoice(f"There is no voice '{name}' here.")
    return voices[name], name


def parts(inside: str, speed: float = 1.0) -> list[Part]:
    items = read_script(read_ssml(f"<speak>{inside}</speak>", {}, Limits()))
    return staged(items, LOW, Style(speaker="low", speed=speed), cast)


def spoken(line: Line) -> Iterator[Chunk]:
    """A tenth of a second for each character, at half of full scale, in chunks of two."""
    rate = line.voice.sample_rate * A_CHARACTER // 1000
    text = line.utterance.sentence.text
    for first in range(0, len(text), 2):
        times = [CharacterTime(char, i / 10, (i + 1) / 10) for i, char in enumerate(text)][first : first + 2]
        yield Chunk(np.full(rate * len(times), 0.5, np.float32), tuple(times))


def heard(script: Sequence[Part]) -> list[Chunk]:
    sound = (
        spoken(part) if isinstance(part, Line) else [Chunk(np.ones(70, np.float32))]
        for part in script
        if isinstance(part, Line | Clip)
    )
    return list(join(script, sound, RATE))


def samples(script: Sequence[Part]) -> Samples:
    return np.concatenate([chunk.samples for chunk in heard(script)])


@pytest.mark.parametrize(("time", "silence"), [("0s", 0), ("1ms", 1), ("333ms", 333), ("1.5s", 1500)])
def test_a_pause_is_exact_to_the_sample(time: str, silence: int) -> None:
    """In the place of the text's own rest, before the first word, after the last, and whatever the speed is."""
    audible = samples(parts(f'你好，<break time="{time}"/>世界', speed=2.0)) != 0
    assert len(audible) - np.count_nonzero(audible) == silence + 100  # and the rest at the end of all, at that speed
    at_both_ends = samples(parts(f'<break time="{time}"/>好<break time="{time}"/>')) != 0
    assert np.flatnonzero(audible)[0] == 0
    assert (np.flatnonzero(at_both_ends)[0], len(at_both_ends)) == (silence, 2 * silence + A_CHARACTER)


def test_each_passage_in_its_voice_and_manner() -> None:
    """Speed and pitch count from the request's; a voice of another rate is heard at the request's."""
    script = parts(
        '一<prosody rate="1.25">二</prosody><voice name="high"><prosody pitch="+2st">三</prosody></voice>', speed=0.8
    )
    first, quick, other = lines_of(script)
    assert [line.utterance.style.speed for line in (first, quick, other)] == [0.8, 1.0, 0.8]
    assert (other.voice, other.utterance.style.speaker, other.utterance.style.pitch) == (HIGH, "high", 2.0)
    assert np.count_nonzero(samples(script)) == pytest.approx(3 * A_CHARACTER, abs=2)


def test_volume_is_the_passage_s_own() -> None:
    """Six decibels are half the amplitude; silent is silence of the same length."""
    script = samples(parts('一<prosody volume="-6.0206dB">二</prosody><prosody volume="silent">三</prosody>'))
    assert script[:100] == pytest.approx(0.5)
    assert script[100:200] == pytest.approx(0.25, rel=1e-4)
    assert not script[200:].any()


def test_marks_are_reached_with_the_character_behind_them() -> None:
    """In the middle of a word, after numbers that are said longer than written, between pauses, at the end."""
    script = parts(
        '你好，<mark name="a"/>银<mark name="b"/>行。<break time="1s"/>'
        '<mark name="c"/>20<mark name="d"/>个<mark name="e"/>'
    )
    marks = {mark.name: mark.time for chunk in heard(script) for mark in chunk.marks}
    assert marks == pytest.approx({"a": 0.3, "b": 0.4, "c": 1.6, "d": 1.8, "e": 1.9})


def test_no_mark_is_lost_with_the_punctuation_it_lies_in() -> None:
    """Stops at the beginning end nothing and are not heard; the first character behind them is."""
    script = parts('！<mark name="a"/>”<mark name="b"/>…你<mark name="c"/>好')
    marks = {mark.name: mark.time for chunk in heard(script) for mark in chunk.marks}
    assert marks == pytest.approx({"a": 0.0, "b": 0.0, "c": 0.1})


def test_a_recording_lies_between() -> None:
    """As it is, between the sentences."""
    found = samples(parts('你<audio src="history:0b4f2c1e-0000-4000-8000-000000000000"/>好'))
    assert np.count_nonzero(found == 1) == 70


@pytest.mark.parametrize(
    ("inside", "names"),
    [
        ('你<prosody pitch="+1st">好</prosody>', "pitch"),
        ('你<prosody rate="3">好</prosody>', "speed"),
        ('你<emotion category="sad">好</emotion>', "sad"),
        ('你<emotion category="happy" intensity="2">好</emotion>', "emotion_intensity"),
        ('你<voice name="nobody">好</voice>', "nobody"),
    ],
)
def test_what_a_voice_cannot_is_refused_where_it_is_asked_for(inside: str, names: str) -> None:
    """By line and column, never passed over."""
    with pytest.raises(ScriptError, match=rf"Line 1, column 9: .*{names}"):
        parts(inside)


def test_a_script_of_which_nothing_is_heard_is_refused() -> None:
    """Pauses and recordings are no speech."""
    script = parts('好<break time="1s"/>')
    with pytest.raises(NothingToSay):
        list(join(script, iter([[]]), RATE))
