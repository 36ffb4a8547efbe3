"""What is stored is compared with what was made; what belongs to nobody goes, and nothing else does."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings as running
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from tests.factories import make_done, make_queued, make_timeline
from tts_engine import queue, store, tasks, upkeep
from tts_engine.models import Synthesis
from tts_engine.store import Draft
from tts_engine.upkeep import Fault

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("anywhere")]

TONE = np.full(480, 0.25, np.float32)
TEXT = "你好。"


@pytest.fixture
def old(settings: Settings) -> None:
    """All that lies there is old enough to be an orphan."""
    settings.ORPHANS_AFTER = timedelta(minutes=-1)


def put(name: str, content: bytes = b"x") -> None:
    made = Path(running.AUDIO_ROOT, uuid4().hex)
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_bytes(content)
    if not running.AUDIO_BUCKET:
        Path(running.AUDIO_ROOT, name).parent.mkdir(parents=True, exist_ok=True)
    store.shelf().put(made, name)


def found(tenant: Tenant | None = None, **asked: Any) -> list[tuple[Fault, str]]:
    return [(each.fault, each.synthesis) for each in upkeep.check(tenant.id if tenant else None, **asked)]


def listed(tenant: Tenant) -> set[str]:
    return {each.name for each in store.shelf().listed(tenant.id)}


@pytest.mark.usefixtures("old")
def test_nothing_is_wrong_with_what_was_spoken_repeated_and_asked_for_in_other_formats(tenant: Tenant) -> None:
    spoken = make_done(tenant, TONE, text=TEXT, timeline=make_timeline(TEXT))
    store.file_in(spoken, "mp3")
    make_queued(tenant)
    assert found(contents=True) == []


@pytest.mark.usefixtures("old")
def test_files_that_no_row_names_are_orphans(tenant: Tenant) -> None:
    """Of no row, of a deleted one; of a team without texts its times. The sweep takes just those."""
    kept = make_done(tenant, TONE, text=TEXT, timeline=make_timeline(TEXT))
    before = listed(tenant)
    deleted = make_done(tenant, TONE)
    Synthesis.objects.filter(id=deleted.id).update(deleted_at=timezone.now())
    nobody = str(uuid4())
    put(f"{tenant.id}/{nobody[:2]}/{nobody}/answer.mp3")
    put(f"{store.shelf().folder(kept)}/left-behind")
    assert sorted(found()) == sorted((Fault.ORPHAN, name) for name in (str(deleted.id), nobody, str(kept.id)))
    Synthesis.objects.filter(id=kept.id).update(keeps_text=False)
    tasks.sweep_audio()
    assert listed(tenant) == {name for name in before if not name.endswith(store.TIMES)}
    assert found() == []


def test_what_is_young_may_be_on_its_way(tenant: Tenant) -> None:
    nobody = str(uuid4())
    put(f"{tenant.id}/{nobody[:2]}/{nobody}/answer.mp3")
    assert found() == []


@pytest.mark.usefixtures("old")
def test_what_a_worker_writes_now_is_left_alone(tenant: Tenant) -> None:
    """Its draft, and what it has brought near; both are orphans once another worker has the row."""
    make_queued(tenant)
    row = queue.claim()
    assert row is not None
    with Draft(row, voice_rate=24_000) as draft:
        for _ in draft.answer(iter([b"answer"])):
            pass
        draft.prepare()
        tasks.sweep_audio()
        assert draft.keep() == len(b"answer")
    assert store.is_kept(row)
    left = Path(running.AUDIO_ROOT, store.DRAFTS, f"{row.id}-{row.attempt - 1}")
    left.mkdir()
    assert upkeep.sweep_drafts() == 1
    assert not left.exists()


def test_sentences_of_a_tenant_that_is_no_more_go_too(tenant: Tenant) -> None:
    kept, left = (Path(running.SENTENCES_ROOT, str(each), "voice", "ab", "abc") for each in (tenant.id, uuid4()))
    for sentence in (kept, left):
        sentence.parent.mkdir(parents=True)
        sentence.write_bytes(b"a sentence")
    assert upkeep.sweep_sentences() == 1
    assert (kept.exists(), left.exists()) == (True, False)


def test_what_is_missing_or_was_changed_is_told(tenant: Tenant) -> None:
    """By its id, and by the exit of the command; of another tenant nothing is."""
    gone, changed = make_done(tenant, TONE), make_done(tenant, TONE)
    Synthesis.objects.update(finished_at=timezone.now() - timedelta(days=1))
    store.delete(gone)
    folder = store.shelf().folder(changed)
    content = bytearray(store.answer_file(changed).read_bytes())
    content[-1] ^= 1
    put(f"{folder}/{store.answer_name(changed)}", bytes(content))
    assert found() == [(Fault.MISSING, str(gone.id))]
    assert sorted(found(tenant, contents=True)) == sorted(
        [(Fault.MISSING, str(gone.id)), (Fault.CHANGED, str(changed.id))]
    )
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audio", "check", "--contents", "--tenant", tenant.name, "--json", stdout=out)
    assert ended.value.code == 1
    told = json.loads(out.getvalue())
    assert (told["missing"], told["changed"], told["orphan"]) == (1, 1, 0)
