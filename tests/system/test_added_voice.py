"""A voice of ModelScope's, from its folder to a tenant's ear: added while the platform runs, spoken, removed."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.speech.sambert.conftest import write_folder
from tests.system.instance import Platform

TEXT = "你好，今天天气怎么样？"


@pytest.fixture(scope="module")
def voice(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small stand-in with the published layout and units; its sound is noise in the rhythm of speech."""
    folder = tmp_path_factory.mktemp("model") / "snapshot"
    write_folder(folder, voices=("zhitian_emo",))
    added = json.loads(platform.manage("voices", "add", str(folder), "--json"))["voices"][0]
    assert added["family"] == "sambert"
    yield str(added["id"])
    platform.manage("voices", "remove", "zhitian_emo")


def ask(platform: Platform, **body: object) -> httpx.Response:
    return httpx.post(
        f"{platform.url}/v1/audio/speech",
        headers={"Authorization": f"Bearer {platform.api_key}"},
        json={"model": "sambert", "input": TEXT, "response_format": "pcm", **body},
        timeout=60,
    )


def samples(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<i2").astype(float)


def test_an_added_voice_is_offered_and_speaks(platform: Platform, voice: str) -> None:
    """Without a restart: the catalog shows it with what its tables declare, and it is heard."""
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    offered = httpx.get(f"{platform.url}/v1/audio/voices", headers=headers).json()["voices"]
    entry = next(entry for entry in offered if entry["id"] == voice)
    assert entry["emotions"] == ["neutral", "happy", "sad", "angry", "fear", "hate", "surprise"]
    heard = samples(ask(platform, voice=voice))
    assert len(heard) > 8000
    assert np.abs(heard).max() > 300


def test_emotion_speed_and_pitch_are_honoured(platform: Platform, voice: str) -> None:
    """Each changes what is heard; at half the speed it lasts about twice as long."""
    plain = samples(ask(platform, voice=voice))
    slow = samples(ask(platform, voice=voice, speed=0.5))
    assert len(slow) > 1.6 * len(plain)
    for change in ({"emotion": "surprise"}, {"emotion": "sad", "emotion_intensity": 1.5}, {"pitch": 4}):
        other = samples(ask(platform, voice=voice, **change))
        assert len(other) != len(plain) or not np.array_equal(other, plain), change


def test_a_sentence_in_company_sounds_as_alone(platform: Platform, voice: str) -> None:
    """The batch it happens to be spoken in changes nothing: asked again, past the cache, the bytes are the same."""
    alone = ask(platform, voice=voice, cache=False)
    again = ask(platform, voice=voice, cache=False)
    assert alone.content == again.content


def test_a_removed_voice_is_gone(platform: Platform, voice: str, small_voices: Path) -> None:
    """Another one, removed: the next request is told which voices there are, and nothing is billed."""
    folder = platform.home / "voices" / "zhizhe_emo"
    shutil.copytree(small_voices / "zhitian_emo", folder)
    (folder / "voice.json").write_text((folder / "voice.json").read_text().replace("zhitian_emo", "zhizhe_emo"))
    assert ask(platform, voice="zhizhe_emo").status_code == 200
    platform.manage("voices", "remove", "zhizhe_emo")
    answer = ask(platform, voice="zhizhe_emo")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "voice"
    assert voice in answer.json()["error"]["message"]
