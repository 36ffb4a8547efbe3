"""A reservation whose synthesis ended or vanished without it is found and ended by the sweeper."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Tenant
from billing import services as billing
from billing.reconciliation import reconcile
from billing.selectors import usage
from tests.factories import make_queued, make_tenant
from tts_engine import queue, stale
from tts_engine.models import Status, Synthesis

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def force(synthesis: Synthesis, status: Status, billed: int) -> None:
    """What a restored backup or a hand in the database leaves: the row ended, its reservation did not."""
    Synthesis.objects.filter(id=synthesis.id).update(
        status=status, billed_characters=billed, finished_at=timezone.now(), lease_expires_at=None
    )


def test_a_vanished_synthesis_gives_back(tenant: Tenant) -> None:
    """Nobody will ever speak it: released."""
    with transaction.atomic():
        billing.reserve(tenant_id=tenant.id, synthesis_id=uuid4(), characters=5, virtual_time=0)
    assert stale.expire_reservations() == 1
    assert usage(tenant.id).reserved == 0
    assert reconcile() == []


@pytest.mark.parametrize(
    ("status", "billed"), [(Status.DONE, 3), (Status.DONE, 1), (Status.FAILED, 0), (Status.CANCELLED, 0)]
)
def test_an_ended_synthesis_is_billed_as_its_row_says(tenant: Tenant, status: Status, billed: int) -> None:
    """Done ones are settled, the others released."""
    force(make_queued(tenant), status, billed)
    assert stale.expire_reservations() == 1
    assert (usage(tenant.id).used, usage(tenant.id).reserved) == (billed, 0)
    assert stale.expire_reservations() == 0


def test_what_lives_is_left_alone(tenant: Tenant) -> None:
    """Queued and running ones keep their reservations beside a stale one of the same tenant."""
    make_queued(tenant)
    queue.claim()
    make_queued(tenant)
    force(make_queued(tenant), Status.FAILED, 0)
    assert stale.expire_reservations() == 1
    assert usage(tenant.id).reserved == 6


def test_while_all_is_well_one_statement_looks(tenant: Tenant) -> None:
    """Nothing is found, nothing is moved."""
    make_queued(tenant)
    with CaptureQueriesContext(connection) as asked:
        assert stale.expire_reservations() == 0
    assert len(asked) == 1
