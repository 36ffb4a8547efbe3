"""OpenAI's own Python package, unmodified, against the running platform."""

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any, Literal

import av
import openai
import pytest

from tests.system.instance import Platform

AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
WITH_CONTAINER: tuple[AudioFormat, ...] = ("mp3", "opus", "aac", "flac", "wav")


@pytest.fixture
def client(platform: Platform) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.api_key, max_retries=0, timeout=120) as client:
        yield client


def seconds_of(audio: bytes) -> float:
    with av.open(io.BytesIO(audio)) as container:
        frames = list(container.decode(audio=0))
    return float(sum(frame.samples / frame.sample_rate for frame in frames))


@pytest.mark.parametrize("audio_format", WITH_CONTAINER)
def test_speech_in_every_format_that_has_a_container(client: openai.OpenAI, audio_format: AudioFormat) -> None:
    """Each decodes with an independent decoder, and lasts as long as the sentence."""
    answer = client.audio.speech.create(
        model="tts-1", voice="alloy", input="欢迎光临我们的店铺！", response_format=audio_format
    )
    assert 1.0 < seconds_of(answer.content) < 4.0


def test_pcm_is_24_khz_16_bit_mono(client: openai.OpenAI) -> None:
    """As long as the WAV of the same sentence, without its header."""
    names: tuple[AudioFormat, ...] = ("pcm", "wav")
    made = {
        name: client.audio.speech.create(
            model="tts-1", voice="alloy", input="欢迎光临我们的店铺！", response_format=name
        ).content
        for name in names
    }
    assert made["wav"].endswith(made["pcm"])


def test_audio_streams(client: openai.OpenAI) -> None:
    """The first bytes are there before the last sentence is made."""
    text = "今天我们讲一个故事。从前有一座山，山上有一座庙。庙里有一个老和尚。"
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="nova", input=text, response_format="pcm"
    ) as answer:
        pieces = list(answer.iter_bytes())
    assert len(pieces) > 2
    assert sum(map(len, pieces)) > 2 * 24_000 * 3


def test_events_carry_audio_and_usage(client: openai.OpenAI) -> None:
    """stream_format sse: deltas, then done with the billed characters."""
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="nova", input="事件流。", stream_format="sse"
    ) as answer:
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data")]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["characters"] == 4


def test_events_tell_when_sentences_are_heard(client: openai.OpenAI) -> None:
    """Each sentence once it is made, as it was written, in order; the same from the cache, where the audio is too."""
    text = "2026年到了。涨了50%！"
    told = []
    for _ in range(2):
        with client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts",
            voice="nova",
            input=text,
            response_format="pcm",
            stream_format="sse",
            extra_body={"timestamps": "character"},
        ) as answer:
            events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data")]
        audio = b"".join(base64.b64decode(event["audio"]) for event in events if "audio" in event)
        told.append(([event for event in events if event["type"] == "speech.audio.sentence"], audio))
    assert told[0] == told[1]
    sentences, audio = told[0]
    assert [(one["index"], one["text"]) for one in sentences] == [(0, "2026年到了。"), (1, "涨了50%！")]
    assert [each["text"] for each in sentences[0]["characters"]] == ["2026", "年", "到", "了", "。"]
    times = [time for one in sentences for each in one["characters"] for time in (each["start"], each["end"])]
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] <= len(audio) / 2 / 24_000


def test_errors_are_the_package_s_own(client: openai.OpenAI, platform: Platform) -> None:
    """400 with param and code, 401, 404, and 429 that is not to be repeated."""
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model="tts-1", voice="alloy", input="好", speed=5)
    assert (refused.value.param, refused.value.code) == ("speed", "decimal_above_max_value")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.audio.speech.create(model="no-such-model", voice="alloy", input="好")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="vox_wrong").models.list()


BAD_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"input": ""}, "input"),
    "blank": ({"input": "  \n "}, "input"),
    "too long": ({"input": "好" * 4097}, "input"),
    "emoji only": ({"input": "😀🎉"}, "input"),
    "Tibetan only": ({"input": "བོད་ཡིག"}, "input"),
    "control character": ({"input": "你\x07好"}, "input"),
    "unknown voice": ({"voice": "nobody"}, "voice"),
    "unknown format": ({"response_format": "midi"}, "response_format"),
    "unknown emotion": ({"emotion": "bored"}, "emotion"),
    "emotion the voice lacks": ({"emotion": "fear"}, "emotion"),
    "unknown member": ({"temperature": 1}, "temperature"),
    "speed 5": ({"speed": 5}, "speed"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_bad_input_is_refused_with_its_parameter_and_bills_nothing(client: openai.OpenAI, case: str) -> None:
    """The contract's envelope, status 400, and no row in the history."""
    changed, param = BAD_BODIES[case]
    before = client.get("/history?limit=1", cast_to=object)
    with pytest.raises(openai.BadRequestError) as refused:
        client.post(
            "/audio/speech", cast_to=object, body={"model": "tts-1", "voice": "alloy", "input": "好", **changed}
        )
    assert refused.value.param == param
    assert refused.value.code
    assert client.get("/history?limit=1", cast_to=object) == before


@pytest.mark.parametrize("body", [b'{"model": ', b'{"input": "\xff\xfe"}', b"[1]"])
def test_malformed_bodies_are_400(platform: Platform, client: openai.OpenAI, body: bytes) -> None:
    """Broken JSON, invalid UTF-8, and JSON that is no object."""
    answer = client._client.post(
        f"{platform.url}/v1/audio/speech",
        content=body,
        headers={"Authorization": f"Bearer {platform.api_key}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_huge_body_is_413(platform: Platform, client: openai.OpenAI) -> None:
    """Fifty megabytes are read, thrown away and refused in the contract's envelope."""
    answer = client._client.post(
        f"{platform.url}/v1/audio/speech",
        content=b'{"input": "' + b"a" * 50_000_000,
        headers={"Authorization": f"Bearer {platform.api_key}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_usage_through_the_packages_own_calls(platform: Platform, client: openai.OpenAI) -> None:
    """`client.admin` reads what a key just spoke: buckets, groups and pages are the package's own types."""
    made = json.loads(platform.manage("key", "create", "demo", "--json"))
    began, text = int(time.time()), "这句话是要记账的。"
    speaking = client.with_options(api_key=made["key"])
    speaking.audio.speech.create(model="tts-1", voice="alloy", input=text, extra_body={"cache": False})
    with openai.OpenAI(base_url=f"{platform.url}/v1", api_key="", admin_api_key=platform.api_key) as admin:
        usage = admin.admin.organization.usage
        asked: dict[str, Any] = {"start_time": began - 600, "api_key_ids": [made["id"]]}
        day = usage.audio_speeches(**asked, bucket_width="1d", group_by=["model", "project_id"])
        (result,) = day.data[0].results
        assert result.object == "organization.usage.audio_speeches.result"
        assert (result.characters, result.num_model_requests, result.model) == (len(text), 1, "tts-1")
        assert result.project_id
        minute = usage.audio_speeches(**asked, bucket_width="1m", limit=1)
        assert minute.has_more
        following = usage.audio_speeches(**asked, bucket_width="1m", limit=1, page=str(minute.next_page))
        assert following.data[0].start_time == minute.data[0].end_time
        with pytest.raises(openai.BadRequestError) as refused:
            usage.audio_speeches(**asked, limit=99)
        assert refused.value.param == "limit"


def test_answers_tell_what_is_left(client: openai.OpenAI) -> None:
    """Requests of the minute and characters of the period, in the draft's headers and OpenAI's."""
    answer = client.audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input="还剩多少？")
    headers = answer.headers
    usage: Any = client.get("/usage", cast_to=object)
    assert headers["x-ratelimit-limit-characters"] == str(usage["limit"])
    assert int(headers["x-ratelimit-remaining-characters"]) == usage["remaining"]
    assert '"characters";q=' in headers["RateLimit-Policy"]
    assert '"requests";r=' in headers["RateLimit"]
