"""SSML and voice tags through the whole platform: two voices, a pause, a recording; exact to the sample."""

from typing import Any

import httpx
import numpy as np

from tests.system.instance import Platform

RATE = 24_000  # Hz; two bytes a sample


def speak(platform: Platform, **asked: Any) -> httpx.Response:
    answer = httpx.post(
        f"{platform.url}/v1/audio/speech",
        json={"model": "kokoro", "voice": "xiaoxiao", "response_format": "pcm", **asked},
        headers={"Authorization": f"Bearer {platform.api_key}"},
        timeout=60,
    )
    return answer.raise_for_status()


def test_a_dialogue_is_its_sentences_and_the_silence_between(platform: Platform) -> None:
    """Each voice has a batcher of its own; what is asked for alone is the same audio, and comes from the cache."""
    dialogue = speak(
        platform,
        input="[voice:甲]您好。[pause:1234ms][voice:乙]再见。",
        allow_voice_tags=True,
        voice_aliases={"甲": "xiaobei(2)+yunxi(1)", "乙": "yunjian"},
    )
    assert dialogue.headers["x-billed-characters"] == "6"
    first, second = (
        speak(platform, input=text, voice=voice).content
        for text, voice in (("您好。", "xiaobei(2)+yunxi(1)"), ("再见。", "yunjian"))
    )
    rest = 2 * round(0.2 * RATE)  # after the last sentence
    silence = bytes(2 * RATE * 1234 // 1000)
    assert dialogue.content == first[:-rest] + silence + second


def test_a_recording_of_the_history_is_heard_again(platform: Platform) -> None:
    """As it was, between new sentences; and nobody else's is."""
    jingle = speak(platform, input="叮咚。", speed=1.5)
    source = f"history:{jingle.headers['x-request-id']}"
    script = f"<speak><audio src='{source}'/>请讲。</speak>"
    answer = speak(platform, input=script, input_type="ssml")
    wanted = jingle.content + speak(platform, input="请讲。").content
    heard, made = (np.frombuffer(audio, "<i2").astype(int) for audio in (answer.content, wanted))
    assert len(heard) == len(made)
    assert np.abs(heard - made).max() <= 1  # of 32,768: it was stored in 16 bits
    assert answer.headers["x-billed-characters"] == "3"
