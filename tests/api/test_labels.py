"""What history tells of how audio was asked for, and of speech without its label."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Tenant
from tests.factories import ask
from tts_engine.labels import policy_set

pytestmark = pytest.mark.usefixtures("no_wake_ups")

MakeKey = Callable[..., dict[str, str]]


def test_the_history_tells_how_the_audio_was_asked_for(tenant: Tenant, key: MakeKey) -> None:
    """As it was said, null where it was not; the rate is that of the answer."""
    members = ("loudness", "leading_silence_ms", "trailing_silence_ms", "label", "sample_rate")
    said = ask(tenant, audio_format="wav_alaw", loudness=-20.0, trailing_silence_ms=0, label="audible")
    unsaid = ask(tenant)
    rows = {row["id"]: row for row in Client().get("/v1/history", headers=key("history")).json()["data"]}
    assert [rows[str(said.id)][name] for name in members] == [-20.0, None, 0, "audible", 8_000]
    assert [rows[str(unsaid.id)][name] for name in members] == [None, None, None, "implicit", 24_000]


def test_what_was_spoken_without_a_label_can_be_listed(tenant: Tenant, key: MakeKey) -> None:
    """With who asked for it; a label that there is not is refused."""
    policy_set(tenant=tenant, may_omit=True)
    without = ask(tenant, label="none")
    ask(tenant)
    listed = Client().get("/v1/history?label=none", headers=key("history")).json()["data"]
    assert [row["id"] for row in listed] == [str(without.id)]
    assert Client().get("/v1/history?label=loud", headers=key("history")).status_code == 400
