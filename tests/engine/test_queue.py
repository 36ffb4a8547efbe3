"""The table is the queue: order, leases, and that nobody finishes a row twice."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from billing.models import LedgerEntry
from billing.selectors import usage
from tests.factories import make_queued, make_tenant
from tts_engine import quarantine, queue
from tts_engine.errors import SynthesisFailed
from tts_engine.models import Status, Synthesis
from tts_engine.store import Draft

pytestmark = pytest.mark.django_db(transaction=True)

OUTCOME = queue.Outcome(audio_ms=500, first_byte_ms=20, synthesis_ms=40)


def claimed() -> Synthesis:
    row = queue.claim()
    assert row is not None
    return row


def lapse(synthesis: Synthesis) -> None:
    """As if its worker had been silent for longer than a lease."""
    Synthesis.objects.filter(id=synthesis.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_an_empty_queue_gives_nothing() -> None:
    """A worker that was woken for nothing goes back to sleep."""
    assert queue.claim() is None


def test_the_lowest_priority_then_the_lowest_start_tag_is_first() -> None:
    """Interactive work before jobs; within one priority by the fair order."""
    tenant = make_tenant()
    later = make_queued(tenant, text="一二三")
    job = make_queued(make_tenant(), priority=5)
    latest = make_queued(tenant, text="一二三")
    assert [claimed().id for _ in range(3)] == [later.id, latest.id, job.id]


def test_a_thousand_queued_requests_do_not_delay_another_tenant() -> None:
    """The lone request of another tenant is next, however many one tenant has waiting."""
    crowd, lone = make_tenant(), make_tenant()
    for _ in range(100):
        make_queued(crowd)
    claimed()
    own = make_queued(lone)
    assert claimed().id == own.id


def test_tenants_take_turns_by_characters() -> None:
    """Two tenants that ask for the same amount get it in turns, not one after the other."""
    one, other = make_tenant(), make_tenant()
    for tenant in (one, other):
        for _ in range(5):
            make_queued(tenant, text="同样长的句子")
    order = [claimed().tenant_id for _ in range(10)]
    assert all(set(order[turn : turn + 2]) == {one.id, other.id} for turn in range(0, 10, 2))


def test_threads_never_claim_the_same_row() -> None:
    """Forty rows, eight threads at once: each row is claimed once."""
    tenant = make_tenant()
    rows = {make_queued(tenant).id for _ in range(40)}
    taken: list[object] = []

    def work() -> None:
        while (row := queue.claim()) is not None:
            taken.append(row.id)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert set(taken) == rows


def test_a_lapsed_lease_gives_the_row_to_another_worker() -> None:
    """A worker killed with -9 says nothing; its row comes back to the queue all the same."""
    make_queued(make_tenant())
    first = claimed()
    assert queue.requeue_expired() == 0
    lapse(first)
    assert queue.requeue_expired() == 1
    second = claimed()
    assert (second.id, second.attempt) == (first.id, 2)


def test_a_lease_of_before_the_clock_was_set_back_ends_as_others_do() -> None:
    """It ends an hour later than it should: its worker is no longer waited for than by the clock as it is now."""
    make_queued(make_tenant())
    row = claimed()
    Synthesis.objects.filter(id=row.id).update(lease_expires_at=timezone.now() + settings.LEASE + timedelta(hours=1))
    assert queue.requeue_expired() == 0
    row.refresh_from_db()
    assert row.lease_expires_at is not None
    assert row.lease_expires_at <= timezone.now() + settings.LEASE
    lapse(row)
    assert queue.requeue_expired() == 1


def test_a_renewed_lease_holds() -> None:
    """Renewal moves the end of a held row's lease, not of a row that was lost."""
    make_queued(make_tenant())
    row = claimed()
    lapse(row)
    queue.renew([(row.id, row.attempt)])
    assert queue.requeue_expired() == 0
    lapse(row)
    queue.renew([(row.id, row.attempt - 1)])
    assert queue.requeue_expired() == 1


def test_what_is_handed_back_is_anybodys_at_once() -> None:
    """Without waiting for the lease to run out, and though its caller's deadline passed while it was spoken."""
    row = make_queued(make_tenant())
    Synthesis.objects.filter(id=row.id).update(deadline=timezone.now() + timedelta(seconds=60))
    first = claimed()
    Synthesis.objects.filter(id=row.id).update(deadline=timezone.now())
    assert queue.hand_back([(first.id, first.attempt - 1)]) == 0
    assert queue.hand_back([(first.id, first.attempt)]) == 1
    assert queue.expire() == 0
    second = claimed()
    assert (second.id, second.attempt) == (first.id, 2)


def test_done_is_settled_once_and_by_the_holder_only() -> None:
    """The worker that lost its lease comes back late: it changes nothing and bills nothing."""
    tenant = make_tenant()
    make_queued(tenant)
    late = claimed()
    lapse(late)
    queue.requeue_expired()
    holder = claimed()
    with Draft(late, voice_rate=24000) as draft:
        assert not queue.finish(late, OUTCOME, draft)
    with Draft(holder, voice_rate=24000) as draft:
        assert queue.finish(holder, OUTCOME, draft)
    with Draft(holder, voice_rate=24000) as draft:
        assert not queue.finish(holder, OUTCOME, draft)
    assert usage(tenant.id).used == 3
    assert usage(tenant.id).reserved == 0
    assert LedgerEntry.objects.filter(synthesis_id=holder.id, kind="settle").count() == 1


def test_failed_is_released() -> None:
    """What could not be spoken is not billed."""
    tenant = make_tenant()
    make_queued(tenant)
    row = claimed()
    assert queue.fail(row, SynthesisFailed("no", code="synthesis_failed"))
    row.refresh_from_db()
    assert (row.status, row.billed_characters, row.error_message) == (Status.FAILED, 0, "no")
    assert (usage(tenant.id).used, usage(tenant.id).reserved) == (0, 0)


def test_cancelled_before_its_start_is_released() -> None:
    """A queued row can be cancelled once; a running one no more."""
    tenant = make_tenant()
    row = make_queued(tenant)
    assert queue.cancel(row)
    assert not queue.cancel(row)
    assert usage(tenant.id).reserved == 0
    make_queued(tenant)
    assert not queue.cancel(claimed())


def test_a_text_that_kills_its_worker_fails_in_the_end() -> None:
    """After the last attempt the sweeper fails the row and gives the characters back."""
    tenant = make_tenant()
    row = make_queued(tenant)
    for _ in range(settings.MAX_ATTEMPTS):
        lapse(claimed())
        queue.requeue_expired()
    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.FAILED, "text_quarantined")
    assert quarantine.holds(row)
    assert usage(tenant.id).reserved == 0


def test_virtual_time_is_the_greatest_start_tag_served() -> None:
    """The clock stands still while nobody is served, so that the idle are not favoured later."""
    tenant = make_tenant()
    assert queue.virtual_time() == 0
    for _ in range(3):
        make_queued(tenant)
    claimed()
    claimed()
    served = Synthesis.objects.filter(attempt__gt=0).order_by(F("start_tag").desc()).first()
    assert served is not None
    assert queue.virtual_time() == served.start_tag
