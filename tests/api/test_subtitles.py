"""Subtitles of what is in the history."""

import json
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import numpy as np
import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Tenant
from tests.factories import make_done, make_queued, make_tenant, make_timeline
from tts_engine.models import Synthesis

MakeKey = Callable[..., dict[str, str]]

SILENCE = np.zeros(2400, np.float32)
TEXT = "2026年好。走吧！"


@pytest.fixture
def spoken(tenant: Tenant) -> Synthesis:
    return make_done(tenant, SILENCE, text=TEXT, timeline=make_timeline(TEXT))


def get(synthesis: Synthesis, file: str, headers: dict[str, str]) -> HttpResponse:
    return cast(HttpResponse, Client().get(f"/v1/history/{synthesis.id}/subtitles.{file}", headers=headers))


def told(answer: HttpResponse) -> Any:
    return json.loads(answer.content)


def test_a_file_of_each_format(spoken: Synthesis, key: MakeKey) -> None:
    """Each with its media type and a name to be kept under, the text as it was written."""
    for name, media_type in {
        "srt": "application/x-subrip",
        "vtt": "text/vtt",
        "json": "application/json",
        "lrc": "text/plain",
    }.items():
        answer = get(spoken, name, key("history"))
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="speech.{name}"'
        assert "2026年好" in answer.content.decode()


def test_they_fit_the_audio_s_format(spoken: Synthesis, key: MakeKey) -> None:
    """What was sent is a WAV; an MP3 of it is heard 1105 samples later."""
    wav, mp3 = (told(get(spoken, f"json{query}", key()))["sentences"][0] for query in ("", "?format=mp3"))
    assert (wav["start"], mp3["start"]) == (0.1, round(0.1 + 1105 / 24_000, 3))


def test_by_character(spoken: Synthesis, key: MakeKey) -> None:
    """2026 is heard as long as 二零二六 is said."""
    sentences = told(get(spoken, "json?level=character", key()))["sentences"]
    assert sentences[0]["characters"][:2] == [
        {"text": "2026", "start": 0.1, "end": 0.9},
        {"text": "年", "start": 0.9, "end": 1.1},
    ]


def test_several_speakers_are_named(tenant: Tenant, key: MakeKey) -> None:
    """One alone is not, but in JSON."""
    dialogue = make_timeline("你好。再见。", speakers=("旁白", "云希"))
    spoken = make_done(tenant, SILENCE, text="你好。再见。", timeline=dialogue)
    assert "旁白：你好\n" in get(spoken, "srt", key()).content.decode()
    assert "<v 云希>再见\n" in get(spoken, "vtt", key()).content.decode()
    alone = make_done(tenant, SILENCE, text="你好。", timeline=make_timeline("你好。"))
    assert "晓晓" not in get(alone, "lrc", key()).content.decode()
    assert told(get(alone, "json", key()))["sentences"][0]["speaker"] == "晓晓"


def test_what_has_no_subtitles(tenant: Tenant, spoken: Synthesis, key: MakeKey) -> None:
    """Refused with the reason: not spoken yet, spoken before times were kept, a stranger's, a format nobody has."""
    old = make_done(tenant, SILENCE)
    strangers = make_done(make_tenant(), SILENCE, timeline=make_timeline("你好。"))
    queued = make_queued(tenant)
    answers = {
        "queued": get(queued, "srt", key()),
        "old": get(old, "srt", key()),
        "stranger's": get(strangers, "srt", key()),
        "nobody's": get(Synthesis(id=uuid4()), "srt", key()),
        "format": get(spoken, "ass", key()),
        "level": get(spoken, "srt?level=word", key()),
        "misspelt": get(spoken, "srt?lvel=character", key()),
    }
    assert {name: (answer.status_code, told(answer)["code"]) for name, answer in answers.items()} == {
        "queued": (409, "audio_not_ready"),
        "old": (409, "times_not_kept"),
        "stranger's": (404, "synthesis_not_found"),
        "nobody's": (404, "synthesis_not_found"),
        "format": (404, "not_found"),
        "level": (400, "invalid_value"),
        "misspelt": (400, "unknown_parameter"),
    }


def test_times_come_as_events_or_not_at_all(key: MakeKey) -> None:
    """Asked for where none can come, they are refused and not forgotten; nothing is spoken."""
    body = {"model": "kokoro", "voice": "xiaoxiao", "input": "好", "timestamps": "character"}
    answer = cast(HttpResponse, Client().post("/v1/audio/speech", body, content_type="application/json", headers=key()))
    assert (answer.status_code, told(answer)["error"]["param"]) == (400, "timestamps")
