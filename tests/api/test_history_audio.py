"""Downloads from the history: whole files that say their size, in any format, by the stretch."""

import io
import json
import wave
from collections.abc import AsyncIterator, Callable
from typing import cast
from uuid import uuid4

import numpy as np
import pytest
import soundfile
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from tests.factories import make_done, make_queued, make_tenant
from tests.kept import answer_of
from tts_engine import store
from tts_engine.models import Synthesis
from tts_engine.speech.audio import wav
from tts_engine.speech.audio.label import Label
from tts_engine.speech.voice import Samples

MakeKey = Callable[..., dict[str, str]]
Get = Callable[..., HttpResponseBase]

# A RIFF head, its format and the label before the samples.
LABEL = Label.generated(producer="Voxhouse", content_id=str(uuid4()))
HEAD = 44 + len(wav.packed(b"AIGC", LABEL.as_json().encode()))
SIZE = HEAD + 4800
TONE: Samples = np.sin(np.arange(2400, dtype=np.float32) / 10).astype(np.float32) / np.float32(2)  # 0.1 s at 24 kHz


@pytest.fixture
def spoken(tenant: Tenant) -> Synthesis:
    return make_done(tenant, TONE)


@pytest.fixture
def get(spoken: Synthesis, key: MakeKey) -> Get:
    """get(query, header=value, ...): the answer of the spoken synthesis's audio door."""
    authorization = key("history")

    def get(query: str = "", **headers: str) -> HttpResponseBase:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cast(
            HttpResponseBase, Client().get(f"/v1/history/{spoken.id}/audio{query}", headers={**authorization, **named})
        )

    return get


def body(answer: HttpResponseBase) -> bytes:
    if not isinstance(answer, StreamingHttpResponse):
        return cast(bytes, answer.content)  # type: ignore[attr-defined]

    async def joined() -> bytes:
        return b"".join([piece async for piece in cast(AsyncIterator[bytes], answer.streaming_content)])

    return async_to_sync(joined)()


def test_a_stored_wav_says_its_size(get: Get) -> None:
    """RIFF and data sizes are true, not those of a stream without an end."""
    answer = get()
    whole = body(answer)
    assert answer.headers["Content-Length"] == str(len(whole)) == str(SIZE)
    assert int.from_bytes(whole[4:8], "little") == len(whole) - 8
    assert int.from_bytes(whole[HEAD - 4 : HEAD], "little") == len(whole) - HEAD == 2 * len(TONE)
    with wave.open(io.BytesIO(whole)) as file:
        assert (file.getnframes(), file.getframerate(), file.getnchannels()) == (len(TONE), 24_000, 1)


def test_another_format_is_made_when_it_is_asked_for(get: Get) -> None:
    """A FLAC of a WAV has the same samples; a WAV of what was sent as MP3 says its size too."""
    samples, rate = soundfile.read(io.BytesIO(body(get("?format=flac"))), dtype="float32")
    assert rate == 24_000
    assert np.abs(samples - TONE).max() < 1e-4
    assert get("?format=flac").headers["Content-Type"] == "audio/flac"
    assert get("?format=midi").status_code == 400


def test_a_wav_made_of_an_mp3_says_its_size(tenant: Tenant, key: MakeKey) -> None:
    """It is decoded from the lossless master."""
    spoken = make_done(tenant, TONE, audio_format="mp3")
    whole = body(cast(HttpResponseBase, Client().get(f"/v1/history/{spoken.id}/audio?format=wav", headers=key())))
    with wave.open(io.BytesIO(whole)) as file:
        assert file.getnframes() == len(TONE)


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-99", 0, 100),
        (f"bytes={HEAD}-", HEAD, SIZE),
        ("bytes=4800-9999", 4800, SIZE),
        ("bytes=-44", SIZE - 44, SIZE),
        ("bytes=-9999", 0, SIZE),
        ("bytes=7-7", 7, 8),
    ],
)
def test_a_stretch(get: Get, asked: str, first: int, end: int) -> None:
    """206 with what was asked for, cut at the end of the file, and where it lies."""
    answer = get(range=asked)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - first)
    assert body(answer) == body(get())[first:end]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=9999-10000", "bytes=-0"])
def test_a_stretch_outside_the_file(get: Get, asked: str) -> None:
    """416 tells the size."""
    answer = get(range=asked)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert body(answer) == b""


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b"])
def test_what_is_no_single_range_gets_the_whole(get: Get, asked: str) -> None:
    """RFC 9110 lets a server ignore what it does not understand."""
    answer = get(range=asked)
    assert answer.status_code == 200
    assert len(body(answer)) == SIZE


def test_a_download_goes_on_only_with_the_same_bytes(get: Get) -> None:
    """If-Range with the file's tag gets the stretch, with another's the whole; If-None-Match gets 304."""
    tag = get().headers["ETag"]
    assert get(range="bytes=0-9", if_range=tag).status_code == 206
    assert get(range="bytes=0-9", if_range='"of another file"').status_code == 200
    assert get("?format=flac").headers["ETag"] != tag
    assert get(if_none_match=tag).status_code == 304


def test_what_has_no_audio(tenant: Tenant, key: MakeKey) -> None:
    """A queued one is 409, one of another tenant and one nobody made are 404."""
    strangers = make_done(make_tenant(), TONE)
    queued = make_queued(tenant)
    expected = {queued.id: 409, strangers.id: 404, uuid4(): 404}
    headers = key("history")
    found = {own: Client().get(f"/v1/history/{own}/audio", headers=headers).status_code for own in expected}
    assert found == expected


def test_a_deleted_one_is_gone_and_its_counts_stay(spoken: Synthesis, get: Get, key: MakeKey) -> None:
    """Text and audio are removed for good; what was billed stays."""
    assert Client().delete(f"/v1/history/{spoken.id}", headers=key("history")).status_code == 204
    assert get().status_code == 404
    assert not answer_of(spoken).parent.exists()
    spoken.refresh_from_db()
    assert (spoken.text, spoken.billed_characters) == ("", 3)


def test_audio_that_is_gone_is_told_of(get: Get, spoken: Synthesis) -> None:
    """409 where the row outlives its file, in every format."""
    store.delete(spoken)
    for query in ("", "?format=flac"):
        answer = get(query)
        assert answer.status_code == 409
        assert json.loads(body(answer))["code"] == "audio_not_ready"


def test_the_list_is_narrowed_as_on_the_page(tenant: Tenant, key: MakeKey) -> None:
    """By emotion, by the member who asked and by whether the cache answered."""
    made = make_queued(tenant)
    Synthesis.objects.filter(id=made.id).update(emotion="happy", cache_hit=True, member_id=7)
    make_queued(tenant)
    for query in ("emotion=happy", "cached=true", "member=7"):
        found = Client().get(f"/v1/history?{query}", headers=key("history")).json()["data"]
        assert [row["id"] for row in found] == [str(made.id)]
    assert Client().get("/v1/history?emotion=bored", headers=key("history")).status_code == 400


def test_nginx_sends_it_where_it_may(get: Get, spoken: Synthesis, settings: Settings) -> None:
    """The answer is the file's name below AUDIO_ACCEL and what it is; its bytes and their stretches are nginx's."""
    settings.AUDIO_ACCEL = "/stored-audio/"
    answer = get(range="bytes=0-99")
    assert answer.status_code == 200
    assert body(answer) == b""
    name = f"{spoken.tenant_id}/{str(spoken.id)[:2]}/{spoken.id}/answer.wav"
    assert answer.headers["X-Accel-Redirect"] == f"/stored-audio/{name}"
    assert answer.headers["Content-Type"] == "audio/wav"
    assert "ETag" not in answer.headers
