"""Recordings of the history inside a new text: heard as they were sent, and only by their own team."""

from uuid import UUID

import numpy as np
import pytest

from tests.factories import ask, make_tenant, speak_queued
from tts_engine import clips
from tts_engine.speech.audio.loudness import integrated
from tts_engine.speech.errors import ScriptError
from tts_engine.speech.text.script import Clip
from tts_engine.speech.voice import Samples

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

RATE = 24_000
TONE = (np.sin(np.arange(RATE, dtype=np.float32) / 10) / 2).astype(np.float32)


def heard(tenant_id: UUID, clip: Clip) -> Samples:
    return np.concatenate([chunk.samples for chunk in clips.heard(tenant_id, clip, RATE)])


def test_a_recording_is_as_loud_as_it_was_sent() -> None:
    """Its master has the voice's own level."""
    tenant = make_tenant()
    ask(tenant, loudness=-30.0)
    clip = Clip(f"history:{speak_queued(TONE).id}", place=None)
    assert integrated(heard(tenant.id, clip), RATE) == pytest.approx(-30, abs=0.1)
    with pytest.raises(ScriptError):
        heard(make_tenant().id, clip)
