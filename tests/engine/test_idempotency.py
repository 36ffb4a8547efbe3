"""A request sent again with its Idempotency-Key: one row, one bill, the same answer."""

from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Tenant
from billing.errors import QuotaExceeded
from billing.reconciliation import reconcile
from billing.selectors import usage
from tests.factories import make_plan, make_tenant, speak_queued
from tts_engine import idempotency, queue, store
from tts_engine.errors import AnswerGone, KeyInUse, KeyReused, SynthesisFailed
from tts_engine.idempotency import Idempotency
from tts_engine.models import IdempotencyKey, Status, Synthesis
from tts_engine.services import Caller, Order, synthesis_delete, synthesis_request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

ORDER = Order(text="你好。", voice="xiaoxiao", model="tts-1", audio_format="wav", use_cache=False)
ONCE = Idempotency("a-key", "f" * 64)
OTHER = Idempotency("a-key", "0" * 64)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def ask(tenant: Tenant, once: Idempotency | None = ONCE, order: Order = ORDER) -> Synthesis:
    asked = synthesis_request(caller=Caller(tenant_id=tenant.id), order=order, once=once)
    asked.refresh_from_db()
    return asked


def age(by: timedelta) -> None:
    IdempotencyKey.objects.update(created_at=timezone.now() - by)


def test_the_answer_of_the_first_time_is_given_again(tenant: Tenant) -> None:
    """The same synthesis, billed once, even where the request forbids the cache."""
    first = ask(tenant)
    speak_queued()
    again = ask(tenant)
    assert again.id == first.id
    assert Synthesis.objects.count() == 1
    assert usage(tenant.id).used == 3
    assert reconcile() == []


def test_while_it_is_answered_the_same_request_waits(tenant: Tenant) -> None:
    """Queued or running: 409, and nothing more is reserved."""
    ask(tenant)
    with pytest.raises(KeyInUse):
        ask(tenant)
    queue.claim()
    with pytest.raises(KeyInUse):
        ask(tenant)
    assert usage(tenant.id).reserved == 3


def test_another_request_needs_another_key(tenant: Tenant) -> None:
    """While the first is answered and afterwards."""
    ask(tenant)
    with pytest.raises(KeyReused):
        ask(tenant, OTHER)
    speak_queued()
    with pytest.raises(KeyReused):
        ask(tenant, OTHER)


def test_a_key_is_its_tenant_s(tenant: Tenant) -> None:
    """Two teams may name their requests alike."""
    ask(tenant)
    other = make_tenant()
    assert ask(other, OTHER).tenant_id == other.id


def test_without_a_key_every_request_is_its_own(tenant: Tenant) -> None:
    """As before."""
    assert ask(tenant, None).id != ask(tenant, None).id


def test_what_failed_may_be_tried_again(tenant: Tenant) -> None:
    """It billed nothing; the new attempt takes the key over, but only for the same request."""
    first = ask(tenant)
    row = queue.claim()
    assert row is not None
    queue.fail(row, SynthesisFailed("why", code="synthesis_failed"))
    with pytest.raises(KeyReused):
        ask(tenant, OTHER)
    second = ask(tenant)
    assert second.id != first.id
    with pytest.raises(KeyInUse):
        ask(tenant)
    queue.cancel(second)
    third = ask(tenant)
    speak_queued()
    assert ask(tenant).id == third.id
    assert usage(tenant.id).used == 3


def test_a_refused_request_leaves_its_key_free() -> None:
    """Over quota nothing is written, the key neither."""
    tenant = make_tenant(plan=make_plan(characters=2))
    with pytest.raises(QuotaExceeded):
        ask(tenant)
    assert not IdempotencyKey.objects.exists()
    assert ask(tenant, OTHER, replace(ORDER, text="好。")).status == Status.QUEUED


def test_a_repeat_from_the_cache_is_remembered_too(tenant: Tenant) -> None:
    """Its row is done at once."""
    cached = replace(ORDER, use_cache=True)
    ask(tenant, None, cached)
    speak_queued()
    first = ask(tenant, ONCE, cached)
    assert first.cache_hit
    assert ask(tenant, ONCE, cached).id == first.id


def test_a_deleted_answer_is_gone(tenant: Tenant) -> None:
    """It was billed and cannot be given again: said so, and not billed anew under the same key."""
    synthesis = ask(tenant)
    speak_queued()
    store.delete(synthesis)
    with pytest.raises(AnswerGone):
        ask(tenant)
    synthesis_delete(synthesis)
    with pytest.raises(AnswerGone):
        ask(tenant)
    assert usage(tenant.id).used == 3


def test_a_key_is_kept_for_a_day(tenant: Tenant) -> None:
    """Within it the answer stands; after it the key is new, whether the sweeper has been there or not."""
    first = ask(tenant)
    speak_queued()
    age(timedelta(hours=23, minutes=59))
    assert idempotency.forget_old() == 0
    assert ask(tenant).id == first.id
    age(timedelta(hours=24, minutes=1))
    second = ask(tenant, OTHER)
    assert second.id != first.id
    age(timedelta(hours=24, minutes=1))
    assert idempotency.forget_old() == 1
    assert Synthesis.objects.count() == 2


def test_fifty_at_once_are_one(tenant: Tenant) -> None:
    """Fifty identical requests in fifty threads: one is placed, the others are told to wait; one bill."""

    def send(_: int) -> str:
        try:
            return str(synthesis_request(caller=Caller(tenant_id=tenant.id), order=ORDER, once=ONCE).status)
        except KeyInUse:
            return "in use"
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as threads:
        assert Tally(threads.map(send, range(50))) == {"queued": 1, "in use": 49}
    assert Synthesis.objects.count() == 1
    assert usage(tenant.id).reserved == 3
    speak_queued()
    with ThreadPoolExecutor(50) as threads:
        assert Tally(threads.map(send, range(50))) == {"done": 50}
    assert usage(tenant.id).used == 3
    assert reconcile() == []


def test_without_the_claim_there_would_be_fifty(tenant: Tenant) -> None:
    """The same crowd without a key is placed fifty times over: so the test above means something."""

    def send(_: int) -> None:
        try:
            synthesis_request(caller=Caller(tenant_id=tenant.id), order=ORDER, synthesis_id=uuid4())
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(send, range(50)))
    assert Synthesis.objects.count() == 50
