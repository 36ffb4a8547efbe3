"""A request at the door: reserved and queued together, or answered from the cache, or nothing at all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import ProtectedError
from kombu.exceptions import OperationalError

from accounts.models import ApiKey, Member, Tenant
from accounts.services import api_key_create, api_key_revoke, member_add, user_create
from billing.errors import QuotaExceeded
from billing.limits.services import account_suspend
from billing.models import Counter, LedgerEntry
from billing.reconciliation import reconcile
from billing.selectors import usage
from tests.factories import ORDER, ask, make_plan, make_tenant, speak_queued
from tests.kept import answer_of
from tts_engine import cache, queue, store, tasks
from tts_engine.models import Status, Synthesis
from tts_engine.services import Caller, synthesis_delete, synthesis_request
from tts_engine.speech.errors import NothingToSay, StyleError, UnknownVoice
from tts_engine.speech.text import plain_script, read_script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def wake_ups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that would have been sent to the workers."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.speak_next, "delay", lambda: sent.append("speak_next"))
    return sent


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def test_a_new_text_is_reserved_and_queued(tenant: Tenant, wake_ups: list[str]) -> None:
    """One row with its facts, one reservation, one wake-up."""
    asked = ask(tenant, text=" 你好，world！ ")
    assert (asked.status, asked.characters, asked.text) == (Status.QUEUED, 9, "你好，world！")
    assert (asked.hanzi, asked.other_characters) == (2, 7)
    assert usage(tenant.id).reserved == 9
    assert wake_ups == ["speak_next"]


def test_the_same_text_twice_comes_from_the_cache(tenant: Tenant, wake_ups: list[str]) -> None:
    """Done at once, the same bytes, nothing reserved or billed, no worker woken."""
    first = ask(tenant)
    speak_queued()
    again = ask(tenant)
    assert (again.status, again.cache_hit, again.billed_characters) == (Status.DONE, True, 0)
    assert again.audio_ms == 10
    assert answer_of(again).read_bytes() == answer_of(first).read_bytes()
    assert usage(tenant.id).used == first.characters
    assert wake_ups == ["speak_next"]
    assert reconcile() == []


@pytest.mark.parametrize(("rate", "billed"), [(0, 0), (50, 1), (100, 3)])
def test_a_repeat_bills_the_plan_s_rate(rate: int, billed: int) -> None:
    """Percent of the characters, rounded down; the ledger says the same."""
    tenant = make_tenant(plan=make_plan(cached_rate=rate))
    ask(tenant)
    speak_queued()
    assert ask(tenant).billed_characters == billed
    assert (usage(tenant.id).used, usage(tenant.id).reserved) == (3 + billed, 0)
    assert reconcile() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "您好。"},
        {"voice": "yunxi"},
        {"audio_format": "mp3"},
        {"emotion": "happy"},
        {"emotion_intensity": 0.5},
        {"speed": 1.1},
        {"pitch": 1.0},
        {"volume": 3.0},
        {"sample_rate": 16_000},
        {"loudness": -16.0},
        {"leading_silence_ms": 0},
        {"trailing_silence_ms": 0},
        {"label": "audible"},
        {"use_cache": False},
        {"text": "<speak>你<break/>好。</speak>", "input_type": "ssml"},
        {"text": "<speak><voice name='yunxi'>你好。</voice></speak>", "input_type": "ssml"},
        {"text": "[volume:-3dB]你好。", "input_type": "tags"},
        {"voice": "xiaoxiao(2)+yunxi"},
    ],
)
def test_what_decides_the_bytes_decides_the_cache(tenant: Tenant, changed: dict[str, Any]) -> None:
    """Another text, voice, format, style or rate is spoken anew; so is what asks for no cache."""
    ask(tenant)
    speak_queued()
    assert ask(tenant, **changed).status == Status.QUEUED


def test_another_revision_of_the_voice_is_spoken_anew(tenant: Tenant) -> None:
    """A voice that was renewed does not answer with its old sound."""
    first = ask(tenant)
    first.voice_revision += "+"
    assert cache.key(first, cache.digest(read_script(plain_script(first.text)))) != first.cache_key


def test_no_tenant_hears_another_s_cache(tenant: Tenant) -> None:
    """The same request of another team is spoken and billed anew."""
    ask(tenant)
    speak_queued()
    assert ask(make_tenant()).status == Status.QUEUED


def test_lost_and_deleted_audio_is_spoken_anew(tenant: Tenant) -> None:
    """A row alone is no hit: its file must be there."""
    first = ask(tenant)
    speak_queued()
    store.delete(first)
    second = ask(tenant)
    assert second.status == Status.QUEUED
    speak_queued()
    synthesis_delete(second)
    assert ask(tenant).status == Status.QUEUED


def test_two_in_one_transaction(tenant: Tenant, wake_ups: list[str]) -> None:
    """Both are reserved, in the order in which they came; workers are woken when it commits, not before."""
    with transaction.atomic():
        one, other = ask(tenant), ask(tenant)
        assert wake_ups == []
    assert one.start_tag is not None
    assert other.start_tag is not None
    assert one.start_tag < other.start_tag
    assert usage(tenant.id).reserved == 6
    assert wake_ups == ["speak_next", "speak_next"]


def test_a_transaction_that_breaks_leaves_nothing(tenant: Tenant, wake_ups: list[str]) -> None:
    """No row, no reservation, no wake-up."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ask(tenant)
        raise ZeroDivisionError
    assert not Synthesis.objects.exists()
    assert usage(tenant.id).reserved == 0
    assert wake_ups == []


def test_over_quota_nothing_is_written(wake_ups: list[str]) -> None:
    """No row, no entry, no counter that moved; what fits is taken afterwards."""
    tenant = make_tenant(plan=make_plan(characters=5))
    ask(tenant)
    before = list(LedgerEntry.objects.values()), list(Counter.objects.values())
    with pytest.raises(QuotaExceeded) as refused:
        ask(tenant, text="三个字")
    assert (refused.value.asked, refused.value.limit, refused.value.reserved) == (3, 5, 3)
    assert (list(LedgerEntry.objects.values()), list(Counter.objects.values())) == before
    assert Synthesis.objects.count() == 1
    assert ask(tenant, text="两字").status == Status.QUEUED


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"text": "😀"}, NothingToSay), ({"voice": "nobody"}, UnknownVoice), ({"emotion": "fear"}, StyleError)],
)
def test_what_cannot_be_spoken_is_not_written(tenant: Tenant, changed: dict[str, Any], error: type[Exception]) -> None:
    """It is refused before anything is counted."""
    with pytest.raises(error):
        ask(tenant, **changed)
    assert not Synthesis.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_broker_that_is_away_loses_nothing(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is in the queue all the same, and workers look at it unasked."""

    def refuse() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(tasks.speak_next, "delay", refuse)
    assert ask(tenant).status == Status.QUEUED
    assert Synthesis.objects.filter(status=Status.QUEUED).count() == 1


def test_deleting_what_waits_cancels_it(tenant: Tenant) -> None:
    """It is not spoken any more, its characters are given back, its text is gone."""
    asked = ask(tenant)
    synthesis_delete(asked)
    asked.refresh_from_db()
    assert (asked.status, asked.text, asked.billed_characters) == (Status.CANCELLED, "", 0)
    assert usage(tenant.id).reserved == 0
    assert queue.claim() is None


def test_the_caller_chooses_the_id(tenant: Tenant) -> None:
    """The door's request id is the history's."""
    own = uuid4()
    asked = synthesis_request(caller=Caller(tenant_id=tenant.id), order=ORDER, synthesis_id=own)
    assert asked.id == own


def suspended(tenant: Tenant, _key: ApiKey, _member: Member) -> None:
    account_suspend(tenant=tenant)


def revoked(_tenant: Tenant, key: ApiKey, _member: Member) -> None:
    api_key_revoke(key_id=key.id)


def left(_tenant: Tenant, _key: ApiKey, member: Member) -> None:
    member.user.delete()


def deleted(tenant: Tenant, _key: ApiKey, _member: Member) -> None:
    with pytest.raises(ProtectedError):
        tenant.delete()


@pytest.mark.parametrize("meanwhile", [suspended, revoked, left, deleted])
def test_what_was_accepted_is_spoken_and_billed(tenant: Tenant, meanwhile: Callable[..., None]) -> None:
    """Whatever becomes of tenant, key or person while it waits and is spoken; a tenant cannot be deleted at all."""
    key, _ = api_key_create(tenant=tenant)
    member = member_add(tenant=tenant, user=user_create(username="mei", password="a long word to guess"), role="member")
    callers = [Caller(tenant_id=tenant.id, api_key_id=key.id), Caller(tenant_id=tenant.id, member_id=member.id)]
    accepted = [synthesis_request(caller=caller, order=replace(ORDER, use_cache=False)) for caller in callers]
    meanwhile(tenant, key, member)
    assert {speak_queued().id, speak_queued().id} == {one.id for one in accepted}
    assert usage(tenant.id).used == 2 * 3
    assert reconcile() == []
