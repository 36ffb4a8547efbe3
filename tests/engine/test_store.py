"""Audio in its folder: whole or not there at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.conf import settings

from accounts.models import Tenant
from tests.engine.conftest import no_file_above
from tests.factories import make_done, make_queued, make_tenant
from tests.kept import answer_of, master_of
from tts_engine import queue, store
from tts_engine.models import Synthesis
from tts_engine.shelves.shelf import version_of
from tts_engine.store import DRAFTS, Draft

pytestmark = pytest.mark.django_db(transaction=True)

TONE = np.full(480, 0.25, np.float32)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def claimed(tenant: Tenant) -> Synthesis:
    make_queued(tenant)
    row = queue.claim()
    assert row is not None
    return row


def fill(draft: Draft, answer: bytes) -> None:
    for _ in draft.master(iter([TONE])):
        pass
    for _ in draft.answer(iter([answer])):
        pass


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def drafts() -> list[Path]:
    return list((settings.AUDIO_ROOT / DRAFTS).iterdir())


def test_a_recording_that_did_not_fit_is_not_kept(claimed: Synthesis) -> None:
    """Libsndfile writes the end of a recording when it closes it, and says nothing if the disk is full."""
    with Draft(claimed, voice_rate=24_000) as draft:
        fill(draft, b"answer")
        with no_file_above(10), pytest.raises(OSError, match="No space left"):
            draft.keep()
    assert drafts() == []
    assert not store.is_kept(claimed)


def test_a_kept_draft_is_the_audio(claimed: Synthesis) -> None:
    """Master and answer lie in the folder, and nothing is left of the draft."""
    with Draft(claimed, voice_rate=24_000) as draft:
        fill(draft, b"answer")
        assert not answer_of(claimed).exists()
        assert draft.keep() == 6
    assert answer_of(claimed).read_bytes() == b"answer"
    master, rate = soundfile.read(master_of(claimed), dtype="float32")
    assert rate == 24_000
    assert np.abs(master - TONE).max() < 1e-4
    assert drafts() == []


def test_a_broken_draft_leaves_nothing(claimed: Synthesis, tenant: Tenant) -> None:
    """Whatever goes wrong before the end: no file of it stays."""
    with pytest.raises(ZeroDivisionError), Draft(claimed, voice_rate=24_000) as draft:
        fill(draft, b"half an ans")
        raise ZeroDivisionError
    assert drafts() == []
    assert list(files(settings.AUDIO_ROOT / str(tenant.id))) == []


def test_a_later_attempt_replaces_the_audio_of_an_earlier(claimed: Synthesis) -> None:
    """Even if the first was killed between its rename and its commit."""
    for answer in (b"first", b"second"):
        with Draft(claimed, voice_rate=24_000) as draft:
            fill(draft, answer)
            draft.keep()
        claimed.attempt += 1
    assert answer_of(claimed).read_bytes() == b"second"


def test_linked_audio_lives_alone(tenant: Tenant) -> None:
    """A repeat from the cache shares the bytes on the disk; deleting either leaves the other."""
    first = make_done(tenant, TONE)
    repeat = make_queued(tenant)
    repeat.audio_format = first.audio_format
    store.link(first, repeat)
    assert answer_of(first).samefile(answer_of(repeat))
    before = answer_of(first).read_bytes()
    store.delete(first)
    assert answer_of(repeat).read_bytes() == before
    assert not answer_of(first).exists()


def test_another_format_is_made_once(tenant: Tenant) -> None:
    """The second time the file is there; nothing half-made lies beside it."""
    spoken = make_done(tenant, TONE)
    made = version_of(store.file_in(spoken, "mp3"))
    assert version_of(store.file_in(spoken, "mp3")) == made
    assert drafts() == []
    assert sorted(path.name for path in answer_of(spoken).parent.iterdir()) == ["answer.wav", "as.mp3", "master.flac"]
    assert store.file_in(spoken, "wav") == answer_of(spoken)


def test_deleting_twice_is_no_error(tenant: Tenant) -> None:
    spoken = make_done(tenant, TONE)
    store.delete(spoken)
    store.delete(spoken)
    assert not answer_of(spoken).parent.exists()
