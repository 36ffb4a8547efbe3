"""The built-in voice, heard by numbers."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import ScriptError, StyleError
from tts_engine.speech.speak import lines_of, plan, speak, staged
from tts_engine.speech.text import read_script
from tts_engine.speech.text.building import Limits
from tts_engine.speech.text.ssml import read_ssml
from tts_engine.speech.timeline import Timekeeper
from tts_engine.speech.voice import Samples, Style, Voice, speak_alone
from tts_engine.speech.voices.kokoro import english
from tts_engine.speech.voices.kokoro.symbols import _vocabulary

TEXT = "欢迎光临我们的店铺！"


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Voice:
    return Catalog(Path(tmp_path_factory.mktemp("home"))).load("kokoro")


@pytest.fixture(scope="module")
def neutral(voice: Voice) -> Samples:
    return spoken(voice)


def spoken(voice: Voice, text: str = TEXT, **style: float | str) -> Samples:
    wanted = Style(**{"speaker": "xiaoxiao", **style})  # type: ignore[arg-type]
    return np.concatenate([chunk.samples for chunk in speak(voice, plan(text, voice.info, wanted))])


def test_it_is_speech_of_a_natural_length_and_level(voice: Voice, neutral: Samples) -> None:
    """Nine syllables in one to four seconds, neither silent nor clipped."""
    assert 1.0 < len(neutral) / voice.info.sample_rate < 4.0
    assert 0.01 < float(np.sqrt(np.mean(neutral**2))) < 0.3
    assert float(np.mean(np.abs(neutral) >= 1)) == 0


def test_speed_scales_the_duration(voice: Voice, neutral: Samples) -> None:
    """Twice as fast is about half as long."""
    assert len(spoken(voice, speed=2.0)) / len(neutral) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("speaker", ["xiaobei", "yunxi"])
def test_speakers_differ(voice: Voice, neutral: Samples, speaker: str) -> None:
    """Each speaker has other samples than the default one."""
    other = spoken(voice, speaker=speaker)
    assert len(other) != len(neutral) or not np.array_equal(other, neutral)


def test_emotions_differ_from_neutral(voice: Voice, neutral: Samples) -> None:
    """happy, sad and angry each sound unlike neutral; an emotion it lacks is refused."""
    for emotion in ("happy", "sad", "angry"):
        other = spoken(voice, emotion=emotion)
        assert len(other) != len(neutral) or not np.array_equal(other, neutral)
    with pytest.raises(StyleError):
        spoken(voice, emotion="fear")


def test_threads_get_the_bits_they_get_alone(voice: Voice, neutral: Samples) -> None:
    """The same utterance gives the same samples, whatever is spoken beside it."""
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda _: spoken(voice), range(4)))
    assert all(np.array_equal(neutral, other) for other in together)


def test_every_character_has_its_time(voice: Voice) -> None:
    """Times are in order and lie within the audio."""
    chunks = list(speak(voice, plan(TEXT, voice.info, Style("xiaoxiao"))))
    times = [time for chunk in chunks for time in chunk.characters]
    assert "".join(time.char for time in times) == TEXT
    assert all(before.start <= after.start for before, after in itertools.pairwise(times))
    assert times[-1].end <= sum(len(chunk.samples) for chunk in chunks) / voice.info.sample_rate


@pytest.mark.parametrize("speaker", ["xiaoxiao", "yunxi"])
def test_sentences_begin_where_they_are_heard(voice: Voice, speaker: str) -> None:
    """Within 50 ms of the onset of energy, whether they begin with a vowel, an aspirate or a mark."""
    text = "啊，真的吗？四是四。2026年11月25日，气温12℃。“他说：”Hello everyone。"
    utterances = plan(text, voice.info, Style(speaker))
    keeper = Timekeeper([(utterance.sentence, speaker) for utterance in utterances], voice.info.sample_rate)
    samples = np.concatenate([chunk.samples for chunk in keeper.listen(speak(voice, utterances))])
    after = 0
    for times, sentence in zip(keeper.timeline.sentences, keeper.timeline.timed(), strict=True):
        assert sentence.start == pytest.approx(onset(samples[after:], voice.info.sample_rate, after), abs=0.05)
        after = times.ends[-1]


def onset(samples: Samples, rate: int, after: int) -> float:
    """Seconds to the first 10 ms that are at most 30 dB below the loudest of a second; the first sample is `after`."""
    window = rate // 100
    stretch = samples[: min(len(samples), rate) // window * window].reshape(-1, window)
    loudness = np.sqrt(np.mean(stretch**2, axis=1))
    return float(after + window * np.argmax(loudness > loudness.max() * 10 ** (-30 / 20))) / rate


def test_sounds_given_in_ipa_are_said(voice: Voice) -> None:
    """As dictionaries write them, the word is what the lexicon has; other sounds are another word."""

    def said(word: str) -> Samples:
        script = read_ssml(f"<speak>请说{word}。</speak>", {}, Limits())
        lines = lines_of(staged(read_script(script), voice.info, Style("xiaoxiao"), Catalog(Path()).resolve))
        return np.concatenate([chunk.samples for line in lines for chunk in speak_alone(voice, line.utterance)])

    phoneme = '<phoneme alphabet="ipa" ph="{}">potato</phoneme>'
    assert np.array_equal(said(phoneme.format("pəˈteɪtoʊ")), said(phoneme.format("pə.ˈteɪ.toʊ")))
    assert np.array_equal(said(phoneme.format("bəˈtwin")), said("between"))
    with pytest.raises(ScriptError, match=r"Line 1, column 10: .*'ǂ'"):
        said(phoneme.format("pǂ"))


def test_every_symbol_of_ipa_that_is_offered_has_a_sound() -> None:
    """None is refused by the model's vocabulary once it was let in."""
    for symbol in english.SAYABLE:
        assert set(english.from_ipa(symbol)) <= set(_vocabulary())
