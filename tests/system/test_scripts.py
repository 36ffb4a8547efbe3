"""SSML and voice tags through the whole platform: two voices, a pause, a recording; exact to the sample."""

from typing import Any

import httpx
import numpy as np

from tests.system.instance import Platform, until

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


def test_a_job_s_rows_are_spoken_as_at_the_door(platform: Platform) -> None:
    """The same audio and the same bill; the subtitles of the whole tell who speaks."""
    asked = {"allow_voice_tags": True, "voice_aliases": {"甲": "xiaoxiao", "乙": "yunjian"}}
    text = "[voice:甲]几点了？[pause:300ms][voice:乙]三点。"
    with httpx.Client(base_url=platform.url, headers={"Authorization": f"Bearer {platform.api_key}"}) as client:
        order = {"model": "kokoro", "voice": "xiaoxiao", "response_format": "pcm", "start": True, **asked}
        job = client.post("/v1/jobs", json={**order, "items": [{"text": text}]}).raise_for_status().json()
        path = f"/v1/jobs/{job['id']}"
        until(lambda: client.get(path).json()["status"] == "done", seconds=60)
        (row,) = client.get(f"{path}/items").json()["data"]
        spoken = client.get(f"/v1/history/{row['synthesis']}/audio").raise_for_status()
        subtitles = client.get(f"{path}/download?as=subtitles&subtitles=lrc").raise_for_status().text
    door = speak(platform, input=text, **asked)
    assert spoken.content == door.content
    assert str(row["billed_characters"]) == door.headers["x-billed-characters"] == str(job["characters"])
    assert [line.partition("]")[2] for line in subtitles.splitlines() if "：" in line] == ["甲：几点了？", "乙：三点"]
