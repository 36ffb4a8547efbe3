"""What no door takes: the right status and the member at fault, and nothing is written or billed."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as running
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from billing.models import Counter, LedgerEntry
from config.asgi import application
from tts_engine.models import Synthesis

MakeKey = Callable[..., dict[str, str]]
Refused = tuple[int, str | None, str]  # status, param, code
Call = Callable[[str, bytes], Refused]


@pytest.fixture
def nothing_billed(tenant: Tenant, settings: Settings) -> Iterator[None]:
    """Whatever happens in between, no row, no ledger entry and no counter comes of it."""
    settings.SPEECH_WAIT = timedelta(0)  # no worker runs here: what is let in by mistake must not wait for one
    yield
    assert not Synthesis.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not Counter.objects.exists()


@pytest.fixture
def post(key: MakeKey, nothing_billed: None) -> Call:
    """post(path, body): how it is refused."""
    headers = key()

    def post(path: str, body: bytes) -> Refused:
        return refusal(Client().post(path, body, content_type="application/json", headers=headers))

    return post


def refusal(answer: Any) -> Refused:
    assert answer.headers["x-request-id"]
    told = answer.json()
    problem = told.get("error", told)
    assert problem.get("message") or problem.get("detail")
    return answer.status_code, problem["param"], problem["code"]


# Text that no door speaks, whatever it calls the member.
TEXTS = {
    "empty": ("", "empty_string"),
    "blank": (" \n\u3000", "text_empty"),
    "4,097 characters": ("好" * 4097, "string_above_max_length"),
    "control character": ("你\x07好", "text_control_character"),
    "NUL": ("你\0好", "invalid_value"),
    "half a surrogate pair": ("你\ud83d好", "invalid_value"),
    "emoji only": ("😀🎉", "text_unspeakable"),
    "Tibetan only": ("བོད་ཡིག", "text_unspeakable"),
    "punctuation only": ("……！", "text_unspeakable"),
    "no string": (5, "invalid_type"),
    "nothing": (None, "invalid_type"),
}
DOORS = {"/v1/audio/speech": "input", "/v1/text/preview": "input", "/tts": "text"}
REST: dict[str, dict[str, Any]] = {"/v1/audio/speech": {"model": "tts-1", "voice": "alloy"}}


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("path", DOORS)
def test_text(post: Call, path: str, case: str) -> None:
    """400 names the member that holds the text."""
    text, code = TEXTS[case]
    body = json.dumps({**REST.get(path, {}), DOORS[path]: text}).encode()
    assert post(path, body) == (400, DOORS[path], code)


@pytest.mark.parametrize("case", [case for case, (text, _) in TEXTS.items() if isinstance(text, str)])
def test_text_in_a_link(key: MakeKey, nothing_billed: None, case: str) -> None:
    """The same from /tts/download."""
    text, code = TEXTS[case]
    if case == "half a surrogate pair":
        code = "invalid_type"  # its bytes are no UTF-8
    query = urlencode({"text": text}, errors="surrogatepass")
    assert refusal(Client().get(f"/tts/download?{query}", headers=key())) == (400, "text", code)


MEMBERS: dict[str, tuple[dict[str, Any], Refused]] = {
    "no model": ({"model": None}, (400, "model", "invalid_type")),
    "unknown model": ({"model": "whisper-1"}, (404, None, "model_not_found")),
    "unknown voice": ({"voice": "nobody"}, (400, "voice", "voice_not_found")),
    "voice that is a number": ({"voice": 7}, (400, "voice", "invalid_type")),
    "unknown format": ({"response_format": "midi"}, (400, "response_format", "invalid_value")),
    "unknown emotion": ({"emotion": "bored"}, (400, "emotion", "invalid_value")),
    "emotion that the voice lacks": ({"emotion": "fear"}, (400, "emotion", "unsupported_by_voice")),
    "instructions": ({"instructions": "whisper"}, (400, "instructions", "unsupported_by_voice")),
    "unknown member": ({"temperature": 1}, (400, "temperature", "unknown_parameter")),
    "speed 5": ({"speed": 5}, (400, "speed", "decimal_above_max_value")),
    "speed 0.2": ({"speed": 0.2}, (400, "speed", "decimal_below_min_value")),
    "speed in words": ({"speed": "1.0"}, (400, "speed", "invalid_type")),
    "speed true": ({"speed": True}, (400, "speed", "invalid_type")),
    "pitch 13": ({"pitch": 13}, (400, "pitch", "decimal_above_max_value")),
    "volume -21": ({"volume": -21}, (400, "volume", "decimal_below_min_value")),
    "sample rate 7,999": ({"sample_rate": 7999}, (400, "sample_rate", "decimal_below_min_value")),
    "sample rate of no MP3": ({"sample_rate": 10_000}, (400, "sample_rate", "unsupported_value")),
    "G.711 at 16 kHz": (
        {"sample_rate": 16_000, "response_format": "wav_mulaw"},
        (400, "sample_rate", "unsupported_value"),
    ),
    "loudness 0": ({"loudness": 0}, (400, "loudness", "decimal_above_max_value")),
    "loudness and volume": ({"loudness": -16, "volume": 3}, (400, "volume", "unsupported_value")),
    "silence of 11 s": ({"leading_silence_ms": 11_000}, (400, "leading_silence_ms", "decimal_above_max_value")),
    "silence before the beginning": (
        {"trailing_silence_ms": -1},
        (400, "trailing_silence_ms", "decimal_below_min_value"),
    ),
    "unknown label": ({"label": "loud"}, (400, "label", "invalid_value")),
    "no label where there must be one": ({"label": "none"}, (403, "label", "label_not_allowed")),
    "events from tts-1": ({"stream_format": "sse"}, (400, "stream_format", "unsupported_value")),
    "SSML that is none": ({"input_type": "ssml", "input": "<speak>好"}, (400, "input", "markup_invalid")),
    "SSML element unknown": (
        {"input_type": "ssml", "input": "<speak><blink/>好</speak>"},
        (400, "input", "markup_invalid"),
    ),
    "SSML voice unknown": (
        {"input_type": "ssml", "input": "<speak><voice name='nobody'>好</voice></speak>"},
        (400, "input", "voice_not_found"),
    ),
    "SSML emotion that the voice lacks": (
        {"input_type": "ssml", "input": "<speak><emotion category='fear'>好</emotion></speak>"},
        (400, "input", "unsupported_by_voice"),
    ),
    "SSML without a word": ({"input_type": "ssml", "input": "<speak><break/></speak>"}, (400, "input", "text_empty")),
    "SSML of 4,097 characters": (
        {"input_type": "ssml", "input": f"<speak>{'好' * 4097}</speak>"},
        (400, "input", "string_above_max_length"),
    ),
    "SSML with a recording of nobody's": (
        {"input_type": "ssml", "input": f"<speak>好<audio src='history:{UUID(int=5)}'/></speak>"},
        (400, "input", "markup_invalid"),
    ),
    "billion laughs": (
        {"input_type": "ssml", "input": "<!DOCTYPE s [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><speak>&b;</speak>"},
        (400, "input", "markup_invalid"),
    ),
    "input type html": ({"input_type": "html"}, (400, "input_type", "invalid_value")),
    "tag that cannot be read": (
        {"allow_voice_tags": True, "input": "好[pause:soon]"},
        (400, "input", "markup_invalid"),
    ),
    "tags in SSML": ({"allow_voice_tags": True, "input_type": "ssml"}, (400, "allow_voice_tags", "unsupported_value")),
    "a cast without names in the text": (
        {"voice_aliases": {"甲": "yunxi"}},
        (400, "voice_aliases", "unsupported_value"),
    ),
    "a cast of 51": (
        {"voice_aliases": {str(n): "yunxi" for n in range(51)}},
        (400, "voice_aliases", "string_above_max_length"),
    ),
    "a blend of two voices' names": ({"voice": "xiaobei+nobody"}, (400, "voice", "voice_not_found")),
    "a blend that is none": ({"voice": "xiaobei(x)"}, (400, "voice", "unsupported_by_voice")),
    "cache maybe": ({"cache": "maybe"}, (400, "cache", "invalid_type")),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_members_of_a_speech_request(post: Call, case: str) -> None:
    """Each is refused by its name."""
    changed, refused = MEMBERS[case]
    body = {"model": "tts-1", "voice": "alloy", "input": "好", **changed}
    assert post("/v1/audio/speech", json.dumps(body).encode()) == refused


@pytest.mark.parametrize("member", ["model", "voice", "input"])
def test_members_that_must_be_there(post: Call, member: str) -> None:
    """OpenAI's contract needs three."""
    body = {"model": "tts-1", "voice": "alloy", "input": "好"}
    del body[member]
    assert post("/v1/audio/speech", json.dumps(body).encode()) == (400, member, "missing_required_parameter")


BODIES = {
    "nothing": b"",
    "half an object": b'{"model": ',
    "invalid UTF-8": b'{"model": "tts-1", "voice": "alloy", "input": "\xff\xfe"}',
    "a list": b"[1]",
    "a string": '"好"'.encode(),
    "null": b"null",
    "NaN": b'{"model": "tts-1", "voice": "alloy", "input": "a", "speed": NaN}',
    "ten thousand brackets": b"[" * 10_000,
}


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("path", DOORS)
def test_bodies_that_are_no_object(post: Call, path: str, case: str) -> None:
    """400, whatever it is."""
    status, _, _ = post(path, BODIES[case])
    assert status == 400


def test_another_media_type(key: MakeKey, nothing_billed: None) -> None:
    """Forms are not taken: 415 says so."""
    answer = Client().post("/v1/audio/speech", {"input": "好"}, headers=key())
    assert refusal(answer) == (415, None, "unsupported_media_type")


@pytest.mark.parametrize("path", [*DOORS, "/nowhere"])
@pytest.mark.django_db
def test_a_body_of_50_mb(path: str) -> None:
    """413 without a look at it or at the key, in the words of the door."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"a" * 1_000_000

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(path, content=body())

    answer = async_to_sync(send)()
    assert refusal(answer) == (413, None, "request_too_large")
    assert str(running.DATA_UPLOAD_MAX_MEMORY_SIZE) in answer.text


ADDRESSES = {
    "/v1/audio/speeches": "application/json",
    "/v1/models/": "application/json",
    "/v1/nowhere": "application/problem+json",
    "/v1/history/7/audio": "application/problem+json",
    "/tts/": "application/problem+json",
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_addresses_that_lead_nowhere(client: Client, path: str) -> None:
    """Machines get JSON that names the address, in the words of the doors beside it."""
    answer = client.get(path)
    assert refusal(answer) == (404, None, "unknown_url")
    assert answer.headers["Content-Type"] == ADDRESSES[path]
    assert f"GET {path}" in answer.content.decode()


def test_a_page_that_is_not_there_is_a_page(client: Client) -> None:
    """People get HTML."""
    answer = client.get("/studio/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/audio/speech", "POST, OPTIONS"),
        ("PUT", "/v1/history", "GET, HEAD, OPTIONS"),
        ("POST", "/tts/download", "GET, HEAD, OPTIONS"),
    ],
)
def test_methods_a_door_does_not_know(key: MakeKey, method: str, path: str, allowed: str) -> None:
    """405 lists those it knows."""
    answer = Client().generic(method, path, headers=key())
    assert refusal(answer) == (405, None, "method_not_allowed")
    assert answer.headers["Allow"] == allowed
