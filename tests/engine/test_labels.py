"""The label of generated audio: who may leave it out, who decided so, and what lies in the stored files."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import Tenant
from accounts.selectors import audit_events
from tests.factories import ask, make_done, make_tenant, speak_queued
from tests.kept import answer_of, master_of
from tts_engine import store
from tts_engine.errors import LabelNotAllowed
from tts_engine.labels import policy_set
from tts_engine.models import LabelPolicy, Synthesis
from tts_engine.selectors import HistoryFilter, history
from tts_engine.speech.audio import label
from tts_engine.speech.audio.label import Label

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

TONE = (np.sin(np.arange(2400, dtype=np.float32) / 10) / 2).astype(np.float32)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def run(*words: str) -> str:
    out = StringIO()
    call_command("label", *words, stdout=out)
    return out.getvalue()


def run_json(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*words, "--json"))
    return answer


def own(synthesis: Synthesis) -> Label:
    return Label.generated(producer="Voxhouse", content_id=str(synthesis.id))


def test_what_nobody_decided(tenant: Tenant) -> None:
    """Speech has its label, may have the audible one too, and must have one."""
    assert [ask(tenant, label=asked).label for asked in (None, "implicit", "audible")] == [
        "implicit",
        "implicit",
        "audible",
    ]
    with pytest.raises(LabelNotAllowed, match="implicit or audible"):
        ask(tenant, label="none")
    assert Synthesis.objects.filter(tenant=tenant).count() == 3


def test_an_operator_lets_a_tenant_omit_it(tenant: Tenant) -> None:
    """From the next request on, for this tenant alone, until it is taken back."""
    policy_set(tenant=tenant, may_omit=True)
    assert (ask(tenant, label="none").label, ask(tenant).label) == ("none", "implicit")
    with pytest.raises(LabelNotAllowed):
        ask(make_tenant(), label="none")
    policy_set(tenant=tenant, may_omit=False)
    with pytest.raises(LabelNotAllowed):
        ask(tenant, label="none")


@pytest.mark.parametrize("default", ["audible", "none"])
def test_a_tenant_s_default(tenant: Tenant, default: str) -> None:
    """Where a request does not say; it may still say otherwise."""
    policy_set(tenant=tenant, default=default, may_omit=True)
    assert (ask(tenant).label, ask(tenant, label="implicit").label) == (default, "implicit")


def test_none_by_default_is_only_for_who_may_omit_it(tenant: Tenant) -> None:
    """Neither set so nor left so; the database would not take it either, and nothing is written."""
    with pytest.raises(LabelNotAllowed):
        policy_set(tenant=tenant, default="none")
    policy_set(tenant=tenant, default="none", may_omit=True)
    with pytest.raises(LabelNotAllowed):
        policy_set(tenant=tenant, may_omit=False)
    assert ask(tenant).label == "none"
    with pytest.raises(IntegrityError), transaction.atomic():
        LabelPolicy.objects.filter(tenant=tenant).update(may_omit=False)
    assert audit_events(tenant).filter(action="label.policy").count() == 1


def test_who_switched_it_off_is_told(tenant: Tenant) -> None:
    """Each change is in the audit trail, each request in the history with its label."""
    policy_set(tenant=tenant, may_omit=True, actor="user:alice")
    policy_set(tenant=tenant, default="none")
    events = audit_events(tenant).filter(action="label.policy")
    assert [(event.actor, event.details) for event in events] == [
        ("operator", {"default": "none", "may_omit": True}),
        ("user:alice", {"default": "implicit", "may_omit": True}),
    ]
    without = ask(tenant)
    ask(tenant, label="implicit")
    assert list(history(tenant_id=tenant.id, narrow=HistoryFilter(label="none"))) == [without]


def test_a_stored_file_names_its_synthesis(tenant: Tenant) -> None:
    """As it was sent, as it is kept, and in every other format that can."""
    spoken = make_done(tenant, TONE)
    assert label.read(answer_of(spoken)) == own(spoken)
    assert label.read(master_of(spoken)) == own(spoken)
    assert label.read(store.file_in(spoken, "mp3")) == own(spoken)
    assert label.read(store.file_in(spoken, "wav_alaw")) == own(spoken)


def test_a_repeat_keeps_the_label_of_the_content(tenant: Tenant) -> None:
    """It is the same file; what is made from it later says the same, whatever becomes of the first request."""
    ask(tenant)
    first = speak_queued(TONE)
    repeat = ask(tenant)
    store.delete(first)
    assert repeat.cache_hit
    assert label.read(answer_of(repeat)) == own(first)
    assert label.read(store.file_in(repeat, "flac")) == own(first)


def test_without_a_label_no_file_has_one(tenant: Tenant) -> None:
    """Nor does the cache answer one with the other."""
    policy_set(tenant=tenant, may_omit=True)
    ask(tenant)
    speak_queued(TONE)
    ask(tenant, label="none")
    spoken = speak_queued(TONE)
    for file in (answer_of(spoken), master_of(spoken), store.file_in(spoken, "mp3")):
        assert label.read(file) is None


def test_a_second_attempt_makes_the_same_bytes(tenant: Tenant) -> None:
    """A worker that goes on where another died must: the label is the row's."""
    made = []
    for _ in range(2):
        ask(tenant, audio_format="mp3")
        spoken = speak_queued(TONE)
        made.append(answer_of(spoken).read_bytes())
        Synthesis.objects.filter(id=spoken.id).update(
            status="queued", finished_at=None, billed_characters=None, cache_key=""
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tts_engine.queue.billing.settle", lambda **_: None)
            again = speak_queued(TONE)
        assert again.id == spoken.id
        assert answer_of(again).read_bytes() == made[-1]
    assert len(set(made)) == 2
    assert len(made[0]) == len(made[1])


def test_the_producer_is_the_operator_s(tenant: Tenant, settings: Any) -> None:
    """Its name or its code, as the settings say."""
    settings.CONTENT_PRODUCER = "001191110105MA0XXXXX1X00001"
    found = label.read(answer_of(make_done(tenant, TONE)))
    assert found
    assert found.producer == "001191110105MA0XXXXX1X00001"


def test_the_command_reads_any_file_of_ours(tenant: Tenant, tmp_path: Path) -> None:
    """Or says that there is no label."""
    spoken = make_done(tenant, TONE)
    assert run_json("read", str(store.file_in(spoken, "opus")))["label"]["produce_id"] == str(spoken.id)
    assert str(spoken.id) in run("read", str(answer_of(spoken)))
    raw = store.file_in(spoken, "mulaw")
    assert run_json("read", str(raw)) == {"label": None}
    with pytest.raises(CommandError, match="missing"):
        run("read", str(tmp_path / "missing.wav"))


def test_the_command_shows_and_changes_a_policy(tenant: Tenant) -> None:
    """What is not given stays; looking changes nothing."""
    before = {"tenant": tenant.name, "default": "implicit", "may_omit": False}
    assert run_json("policy", tenant.name) == before
    assert audit_events(tenant).filter(action="label.policy").count() == 0
    assert run_json("policy", tenant.name, "--may-omit") == {**before, "may_omit": True}
    assert run_json("policy", tenant.name, "--default", "audible") == {
        **before,
        "may_omit": True,
        "default": "audible",
    }
    with pytest.raises(CommandError, match="may omit"):
        run("policy", tenant.name, "--default", "none", "--no-may-omit")
    with pytest.raises(CommandError, match="no tenant"):
        run("policy", "nobody")
