"""A compiled voice as the platform uses it: text in, chunks and times out, whatever else it is speaking."""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.speech.sambert.conftest import tiny_am_yaml, write_folder
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import UnknownUnit, UnknownVoice, VoiceUnavailable
from tts_engine.speech.speak import plan
from tts_engine.speech.text.types import Character, Sentence, Word, WordKind
from tts_engine.speech.voice import Chunk, Samples, Style, Utterance, Voice, speak_alone
from tts_engine.speech.voices.sambert.description import GRAPHS, Description
from tts_engine.speech.voices.sambert.install import add

TEXTS = ("你好。", "今天天气怎么样？", "您的订单已经发货，预计明天下午送达。")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one small voice added."""
    home = tmp_path_factory.mktemp("home")
    model = write_folder(home / "model", voices=("zhitian_emo",))
    list(add(model, home / "voices", name="a/model", revision="1234"))
    return home


@pytest.fixture(scope="module")
def voice(home: Path) -> Voice:
    return Catalog(home).load("zhitian_emo")


def utterance(voice: Voice, text: str, **style: object) -> Utterance:
    return plan(text, voice.info, replace(Style("zhitian_emo"), **style))[0]  # type: ignore[arg-type]


def alone(voice: Voice, one: Utterance) -> Samples:
    return np.concatenate([chunk.samples for chunk in speak_alone(voice, one)])


def heard(spoken: Iterator[tuple[int, object]]) -> dict[int, Samples]:
    pieces: dict[int, list[Samples]] = {}
    for number, piece in spoken:
        if isinstance(piece, Chunk):
            pieces.setdefault(number, []).append(piece.samples)
    return {number: np.concatenate(samples) for number, samples in pieces.items()}


def test_a_batch_and_what_joins_it_sound_as_alone(voice: Voice) -> None:
    """Bit for bit: three begin together, five join as places become free."""
    wanted = [utterance(voice, TEXTS[number % 3], speed=1 + number / 10) for number in range(8)]
    waiting = wanted[3:]

    def more(places: int) -> Sequence[Utterance]:
        joining = waiting[: min(places, 2)]
        del waiting[: len(joining)]
        return joining

    together = heard(voice.speak(wanted[:3], more))
    assert not waiting
    for number, one in enumerate(wanted):
        assert np.array_equal(together[number], alone(voice, one)), number


def test_two_threads_share_a_voice(voice: Voice) -> None:
    """500 sentences from two threads: every one is bit for bit what it is alone."""
    wanted = [utterance(voice, text) for text in ("好。", "你好。", "谢谢。")]
    expected = [alone(voice, one) for one in wanted]
    with ThreadPoolExecutor(2) as threads:
        results = threads.map(lambda number: alone(voice, wanted[number % 3]), range(500))
        assert all(np.array_equal(result, expected[number % 3]) for number, result in enumerate(results))


def test_every_character_has_its_time(voice: Voice) -> None:
    """In order, without a hole, and up to the end of the audio; each comes with the chunk it begins in."""
    chunks = list(speak_alone(voice, utterance(voice, TEXTS[2])))
    times = [time for chunk in chunks for time in chunk.characters]
    assert "".join(time.char for time in times) == TEXTS[2]
    assert all(one.end <= other.start + 1e-9 for one, other in pairwise(times))
    length = sum(len(chunk.samples) for chunk in chunks) / voice.info.sample_rate
    assert times[-1].end == pytest.approx(length, abs=0.02)
    begun = 0.0
    for chunk in chunks:
        end = begun + len(chunk.samples) / voice.info.sample_rate
        assert all(begun - 1e-9 <= time.start < end + 1e-9 for time in chunk.characters)
        begun = end


def test_a_sound_the_model_lacks_fails_alone(voice: Voice) -> None:
    """The error names the unit; the sentence beside it is heard whole."""
    strange = Word((Character("呣", "hm2"),), WordKind.HANZI)
    bad = Utterance(Sentence((strange,), 0.0), Style("zhitian_emo"))
    good = utterance(voice, TEXTS[0])
    spoken = list(voice.speak([bad, good]))
    errors = [piece for number, piece in spoken if number == 0]
    assert [type(error) for error in errors] == [UnknownUnit]
    assert np.array_equal(heard(iter(spoken))[1], alone(voice, good))


@pytest.mark.parametrize(
    "style", [{"emotion": "angry"}, {"emotion": "sad", "emotion_intensity": 0.5}, {"pitch": -3}], ids=str
)
def test_style_changes_the_sound(voice: Voice, style: dict[str, object]) -> None:
    """What a request asks for is heard."""
    plain, styled = alone(voice, utterance(voice, TEXTS[1])), alone(voice, utterance(voice, TEXTS[1], **style))
    assert len(plain) != len(styled) or not np.array_equal(plain, styled)


def test_no_emotion_at_intensity_nothing(voice: Voice) -> None:
    """The line from the neutral row begins there."""
    neutral = alone(voice, utterance(voice, TEXTS[1]))
    faint = alone(voice, utterance(voice, TEXTS[1], emotion="happy", emotion_intensity=0.0))
    assert np.array_equal(neutral, faint)


def test_a_description_says_where_the_voice_is_from(home: Path) -> None:
    """Model, revision, and the sum of every file that was read."""
    source = Description.read(home / "voices" / "zhitian_emo").source
    assert (source.model, source.revision) == ("a/model", "1234")
    assert "voices/zhitian_emo/am/ckpt/checkpoint_0.pth" in source.files


def test_other_speakers_are_reached_by_their_name(home: Path) -> None:
    """The default is offered by the voice's name; the table's others are there for who asks."""
    catalog = Catalog(home)
    assert "zhitian_emo" in [entry.id for entry in catalog.entries()]
    assert "zhitian_emo:F74" not in [entry.id for entry in catalog.entries()]
    info, speaker = catalog.resolve("zhitian_emo:F74")
    assert (info.id, speaker) == ("zhitian_emo", "zhitian_emo:F74")


@pytest.mark.parametrize("file", ["vocoder-int8.onnx", "step-fp32.onnx", "acoustic.npz", "inventory.json"])
def test_a_damaged_file_is_named(home: Path, tmp_path: Path, file: str) -> None:
    """Before anything is spoken with it."""
    shutil.copytree(home / "voices", tmp_path / "voices")
    (tmp_path / "voices" / "zhitian_emo" / file).write_bytes(b"not what was compiled")
    with pytest.raises(VoiceUnavailable, match=file):
        Catalog(tmp_path).load("zhitian_emo")


def test_a_voice_of_another_version_is_to_be_added_again(home: Path, tmp_path: Path) -> None:
    """Its graphs may want other inputs: told when the voice is looked up, not when it is to speak."""
    shutil.copytree(home / "voices", tmp_path / "voices")
    file = tmp_path / "voices" / "zhitian_emo" / "voice.json"
    file.write_text(file.read_text().replace(f'"graphs": {GRAPHS}', f'"graphs": {GRAPHS - 1}'))
    with pytest.raises(VoiceUnavailable, match=r"compiled by another version.*add the voice again"):
        Description.read(file.parent)


def test_a_damaged_description_leaves_the_other_voices_alone(home: Path, tmp_path: Path) -> None:
    """The catalog goes on without it."""
    shutil.copytree(home / "voices", tmp_path / "voices")
    (tmp_path / "voices" / "zhitian_emo" / "voice.json").write_text("{")
    assert list(Catalog(tmp_path).installed()) == ["kokoro"]


def test_adding_again_replaces_and_removing_removes(home: Path, tmp_path: Path) -> None:
    """Whoever looks sees the old voice or the new one; other files of the folder are gone with it."""
    voices = tmp_path / "voices"
    shutil.copytree(home / "voices", voices)
    (voices / "zhitian_emo" / "of-old").touch()
    list(add(home / "model", voices, name="a/model", revision="2"))
    assert Description.read(voices / "zhitian_emo").source.revision == "2"
    assert [folder.name for folder in voices.iterdir()] == ["zhitian_emo"]
    assert not (voices / "zhitian_emo" / "of-old").exists()
    catalog = Catalog(tmp_path)
    catalog.remove("zhitian_emo")
    assert list(voices.iterdir()) == []
    with pytest.raises(UnknownVoice):
        catalog.remove("zhitian_emo")
    with pytest.raises(UnknownVoice):
        catalog.remove("../models")


def test_a_voice_given_by_a_vector_speaks(tmp_path: Path) -> None:
    """It has no table of speakers: its own vector is its one speaker."""
    model = write_folder(tmp_path / "model", am=tiny_am_yaml(SE=True), voices=("own",))
    list(add(model, tmp_path / "voices", name="a/model"))
    voice = Catalog(tmp_path).load("own")
    assert [speaker.id for speaker in voice.info.speakers] == ["own"]
    assert np.abs(alone(voice, plan(TEXTS[0], voice.info, Style("own"))[0])).max() > 0.01
