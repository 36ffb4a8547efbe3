"""The simple door: audio inside JSON, and a link that is a file."""

import base64
import io
import wave

import httpx

from tests.system.instance import Platform


def frames_of(audio: bytes) -> int:
    """The samples that the header of a WAV speaks of, which must be all that are there."""
    with wave.open(io.BytesIO(audio)) as file:
        frames: int = file.getnframes()
    assert len(audio) == audio.index(b"data") + 8 + 2 * frames
    return frames


def test_audio_comes_inside_json(platform: Platform) -> None:
    """A whole WAV in base64, the first time and from the cache, with what it was billed."""
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    answers = [
        httpx.post(
            f"{platform.url}/tts", json={"text": "简单的一扇门。", "emotion": "happy"}, headers=headers, timeout=60
        )
        for _ in range(2)
    ]
    told = [answer.raise_for_status().json() for answer in answers]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "hit"]
    assert [each["billed_characters"] for each in told] == [7, 0]
    assert told[0]["audio_base64"] == told[1]["audio_base64"]
    assert 24_000 < frames_of(base64.b64decode(told[0]["audio_base64"])) < 4 * 24_000


def test_a_link_is_a_file(platform: Platform) -> None:
    """A whole WAV of known size; the same link again gives the same bytes, so a download can go on."""
    with httpx.Client(headers={"Authorization": f"Bearer {platform.api_key}"}, timeout=60) as client:
        link = f"{platform.url}/tts/download?text=链接就是文件。"
        first = client.get(link).raise_for_status()
        assert first.headers["content-length"] == str(len(first.content))
        assert frames_of(first.content)
        again = client.get(link, headers={"Range": "bytes=100-", "If-Range": first.headers["etag"]})
    assert again.status_code == 206
    assert again.content == first.content[100:]
