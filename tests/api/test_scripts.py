"""SSML and voice tags at the doors: what is counted is the same everywhere, and what was sent can be found again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Tenant
from tests.factories import ask
from tests.factories import speak_queued as speak
from tts_engine.models import Synthesis

MakeKey = Callable[..., dict[str, str]]
SSML = """<speak version="1.0">
  您好，<break time="2s"/><voice name="店员">这里是<prosody rate="2">声坊</prosody>。</voice>
</speak>"""
CAST = {"店员": "yunxi"}
SPOKEN = "您好，这里是声坊。"


def preview(key: MakeKey, **body: Any) -> dict[str, Any]:
    answer = Client().post("/v1/text/preview", body, content_type="application/json", headers=key())
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_the_preview_counts_what_will_be_billed(key: MakeKey, tenant: Tenant) -> None:
    """The text without tags, before and after; the pause and the speed are in its estimate of time."""
    told = preview(key, input=SSML, input_type="ssml", voice_aliases=CAST)
    assert (told["text"], told["normalized_text"]) == (SPOKEN, SPOKEN)
    assert told["billable_characters"] == len(SPOKEN)
    plain = preview(key, input=SPOKEN)
    assert told["estimated_seconds"] == pytest.approx(plain["estimated_seconds"] + 2 - 0.23, abs=0.3)
    asked = ask(tenant, text=SSML, input_type="ssml", voice_aliases=CAST)
    assert (asked.characters, asked.hanzi, asked.utf8_bytes) == (len(SPOKEN), 7, len(SPOKEN.encode()))
    assert speak().billed_characters == len(SPOKEN)


def test_the_preview_tells_words_and_what_was_written_for_them(key: MakeKey) -> None:
    """So that a page can show 2026 beside 二零二六 and put a mark where a character stands."""
    told = preview(key, input="[rate:1.2]银行在2026年。", allow_voice_tags=True)
    (sentence,) = told["sentences"]
    assert sentence["words"][:2] == ["银行", "在"]
    assert "".join(sentence["words"]) == sentence["text"] == "银行在二零二六年。"
    assert "".join(stretch["text"] for stretch in sentence["written"]) == told["text"] == "银行在2026年。"
    assert {"text": "2026", "characters": 4} in sentence["written"]
    assert sum(stretch["characters"] for stretch in sentence["written"]) == len(told["characters"])


def test_the_preview_tells_the_readings_to_choose_from(key: MakeKey) -> None:
    """Of each character that has several, the one it has here among them."""
    told = preview(key, input="银行。")
    assert told["readings"].keys() == {"行"}
    assert {"hang2", "xing2"} <= set(told["readings"]["行"])


@pytest.mark.parametrize(
    "body",
    [
        {"input": "<speak><blink>好</blink></speak>", "input_type": "ssml"},
        {"input": "<speak><voice name='nobody'>好</voice></speak>", "input_type": "ssml"},
        {"input": "好[emotion:fear]好", "allow_voice_tags": True},
        {"input": "<speak>好<audio src='history:00000000-0000-0000-0000-000000000001'/></speak>", "input_type": "ssml"},
    ],
)
def test_the_preview_refuses_what_would_be_refused(key: MakeKey, body: dict[str, Any]) -> None:
    """With the place in the text."""
    answer = Client().post("/v1/text/preview", body, content_type="application/json", headers=key())
    assert (answer.status_code, answer.json()["param"]) == (400, "input")
    assert answer.json()["detail"].startswith("Line 1, column")


def test_the_history_shows_what_was_sent_and_what_was_spoken(key: MakeKey, tenant: Tenant) -> None:
    """All that it takes to have it spoken again."""
    asked = ask(tenant, text=SSML, input_type="ssml", voice_aliases=CAST)
    told = Client().get(f"/v1/history/{asked.id}", headers=key()).json()
    assert (told["text"], told["input_type"], told["voice_aliases"]) == (SSML, "ssml", CAST)
    assert told["spoken_text"] == SPOKEN


def test_a_repeat_of_a_script_is_answered_from_the_cache(tenant: Tenant) -> None:
    """However its SSML is laid out; its row keeps what was sent this time."""
    first = ask(tenant, text=SSML, input_type="ssml", voice_aliases=CAST)
    speak()
    laid_out = SSML.replace("\n  ", "").replace("\n", "")
    again = ask(tenant, text=laid_out, input_type="ssml", voice_aliases=CAST)
    assert (again.cache_hit, again.text, again.voice_aliases) == (True, laid_out, CAST)
    assert again.cache_key == first.cache_key
    other = ask(tenant, text=SSML, input_type="ssml", voice_aliases={"店员": "xiaobei"})
    assert not other.cache_hit


def test_a_deleted_script_leaves_no_cast(key: MakeKey, tenant: Tenant) -> None:
    """Names in a dialogue are the tenant's own words too."""
    asked = ask(tenant, text=SSML, input_type="ssml", voice_aliases=CAST)
    assert Client().delete(f"/v1/history/{asked.id}", headers=key()).status_code == 204
    gone = Synthesis.objects.get(id=asked.id)
    assert (gone.text, gone.voice_aliases) == ("", None)
