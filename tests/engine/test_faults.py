"""What becomes of a row when not its text is at fault but the machine: documented, released, and others go on."""

import errno
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import Tenant
from billing.selectors import usage
from tests.engine.conftest import Run
from tests.factories import make_queued, make_tenant
from tts_engine import listen, quarantine, queue, relay, room
from tts_engine.errors import StorageFull, SynthesisFailed
from tts_engine.models import QuarantinedText, Status, Synthesis
from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.worker import Engine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def ended(row: Synthesis, engine: Engine) -> Synthesis:
    """The row after `engine` has had it in hand."""
    claimed = queue.claim()
    assert claimed is not None
    engine.speak(claimed)
    row.refresh_from_db()
    return row


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Engine:
    """A worker that meets this when it is to speak."""

    def fail(_engine: Engine, _synthesis: Synthesis) -> None:
        raise error

    monkeypatch.setattr(Engine, "_speak", fail)
    return Engine()


def test_a_quarantined_text_is_spoken_by_nobody(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for another team either, until it is released; another text of the team is."""
    poison = make_queued(tenant, text="毒药")
    quarantine.take_in(poison)
    engine = failing(monkeypatch, AssertionError("it was spoken"))
    assert ended(poison, engine).error_code == "text_quarantined"
    other = make_tenant()
    assert ended(make_queued(other, text="毒药"), engine).error_code == "text_quarantined"
    assert usage(other.id).reserved == 0
    assert ended(make_queued(tenant, text="解药"), engine).error_code == "synthesis_failed"
    assert quarantine.release([quarantine.fingerprint(poison)]) == 1
    assert not QuarantinedText.objects.exists()


def test_a_damaged_voice_is_the_operator_s_affair(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is told to take another voice, and not where the file lies."""
    engine = failing(monkeypatch, VoiceUnavailable("/house/voices/x/step-8.onnx is missing or damaged"))
    row = ended(make_queued(tenant), engine)
    assert (row.status, row.error_code) == (Status.FAILED, "voice_unavailable")
    assert "house" not in row.error_message
    assert usage(tenant.id).reserved == 0


def test_a_worker_whose_default_voice_is_damaged_speaks_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts, and its log tells."""
    engine = Engine()

    def load(voice_id: str) -> None:
        raise VoiceUnavailable("a file is damaged")

    monkeypatch.setattr(engine.catalog, "load", load)
    engine.warm_up()


def test_a_disk_that_is_full_midway(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request fails as what it is, and bills nothing."""
    row = ended(make_queued(tenant), failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device")))
    assert (row.status, row.error_code, row.billed_characters) == (Status.FAILED, "storage_full", 0)
    assert usage(tenant.id).reserved == 0


def test_without_room_nothing_is_let_in(settings: Any) -> None:
    """Before the disk is full, so that what is being spoken can be kept."""
    room.refuse_without_room()
    settings.AUDIO_SPARE_BYTES = 2**62
    with pytest.raises(StorageFull):
        room.refuse_without_room()


def test_a_database_that_is_away_fails_nobody(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row stays as it was claimed: when its lease has run out it is spoken again."""
    row = ended(make_queued(tenant), failing(monkeypatch, OperationalError("the connection was closed")))
    assert row.status == Status.RUNNING
    assert row.lease_expires_at is not None


def test_a_caller_waits_while_the_database_is_away(
    tenant: Tenant, run: Run[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is asked how the row is doing, in vain; the next time there is an answer, and the caller hears of it."""
    row = make_queued(tenant)
    claimed = queue.claim()
    assert claimed is not None
    monkeypatch.setattr(relay, "BLOCK_MS", 20)
    looks: list[str] = []
    read = Synthesis.refresh_from_db

    def away_at_first(synthesis: Synthesis, **more: Any) -> None:
        looks.append("")
        if len(looks) == 1:
            raise OperationalError("the database system is starting up")
        queue.fail(claimed, SynthesisFailed("why", code="synthesis_failed"))
        relay.writer().delete(relay._key(row.id))  # only the row tells
        read(synthesis, **more)

    monkeypatch.setattr(Synthesis, "refresh_from_db", away_at_first)

    async def heard() -> list[bytes]:
        return [piece async for piece in listen.answer(row)]

    with pytest.raises(SynthesisFailed, match="why"):
        run(heard())
    assert len(looks) == 2
