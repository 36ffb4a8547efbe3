"""`reconcile` finds every request whose row and bill do not agree, while the platform runs."""

import threading
from collections.abc import Callable
from io import StringIO
from uuid import uuid4

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Tenant
from billing import services as billing
from billing.models import Counter, LedgerEntry
from billing.reconciliation import Drift, reconcile
from tests.factories import make_done, make_queued, make_tenant
from tts_engine import queue
from tts_engine.errors import SynthesisFailed
from tts_engine.models import Status, Synthesis

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = np.zeros(240, np.float32)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def lives(tenant: Tenant) -> dict[str, Synthesis]:
    """One row of each end, and one that still waits; three characters each."""
    done = make_done(tenant, SILENCE)
    make_queued(tenant)
    failed = queue.claim()
    assert failed is not None
    queue.fail(failed, SynthesisFailed("no", code="synthesis_failed"))
    cancelled = make_queued(tenant)
    queue.cancel(cancelled)
    return {"done": done, "failed": failed, "cancelled": cancelled, "queued": make_queued(tenant)}


def bills() -> list[Drift]:
    """What is found of bills; days have a file of their own (test_usage.py)."""
    return [drift for drift in reconcile() if "usage of" not in drift.where]


def test_every_life_agrees_with_its_bill(lives: dict[str, Synthesis]) -> None:
    """Done is settled, failed and cancelled are released, queued is reserved: nothing to report."""
    assert reconcile() == []


def test_a_row_that_was_never_reserved(tenant: Tenant, lives: dict[str, Synthesis]) -> None:
    """Its ledger entries are missing: speech for which nobody is billed."""
    row = lives["done"]
    row.pk = uuid4()
    row.save(force_insert=True)
    where = f"tenant {tenant.name}, synthesis {row.pk}"
    assert bills() == [Drift(where, "reserved", 3, 0), Drift(where, "settled", 3, 0)]


def test_a_bill_without_a_row(tenant: Tenant, lives: dict[str, Synthesis]) -> None:
    """The ledger bills what nobody asked for."""
    ghost = uuid4()
    with transaction.atomic():
        billing.reserve(tenant_id=tenant.id, synthesis_id=ghost, characters=5, virtual_time=0)
        billing.settle(synthesis_id=ghost, characters=5)
    where = f"tenant {tenant.name}, synthesis {ghost}"
    assert bills() == [Drift(where, "reserved", 0, 5), Drift(where, "settled", 0, 5)]


@pytest.mark.parametrize(
    ("life", "change", "drifts"),
    [
        ("done", {"billed_characters": 2}, [("settled", 2, 3)]),
        ("done", {"characters": 4}, [("reserved", 4, 3)]),
        ("done", {"status": Status.CANCELLED}, [("settled", 0, 3), ("released", 3, 0)]),
        ("failed", {"status": Status.DONE, "billed_characters": 3}, [("settled", 3, 0), ("released", 0, 3)]),
    ],
)
def test_a_row_that_says_something_else(
    tenant: Tenant,
    lives: dict[str, Synthesis],
    life: str,
    change: dict[str, object],
    drifts: list[tuple[str, int, int]],
) -> None:
    """Each number that differs is named with what the row says and what the ledger has."""
    Synthesis.objects.filter(id=lives[life].id).update(**change)
    where = f"tenant {tenant.name}, synthesis {lives[life].id}"
    assert bills() == [Drift(where, *drift) for drift in drifts]


def test_a_row_that_went_to_another_tenant(tenant: Tenant, lives: dict[str, Synthesis]) -> None:
    """The one is billed for nothing of its own, the other has what it was not billed for."""
    Synthesis.objects.filter(id=lives["queued"].id).update(tenant=make_tenant())
    assert [(drift.what, drift.expected, drift.found) for drift in bills()] in (
        [("reserved", 0, 3), ("reserved", 3, 0)],
        [("reserved", 3, 0), ("reserved", 0, 3)],
    )


def test_the_command_finds_a_tampered_counter(tenant: Tenant, lives: dict[str, Synthesis]) -> None:
    """`manage.py reconcile` exits 1 and names tenant and number; untampered it exits 0."""
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert out.getvalue() == "Zero drift\n"
    Counter.objects.filter(tenant=tenant).update(used=1000)
    with pytest.raises(SystemExit) as end:
        call_command("reconcile", stdout=out)
    assert end.value.code == 1
    assert f"tenant {tenant.name}, counter" in out.getvalue()
    assert "used is 1000 and should be 3" in out.getvalue()


def test_no_false_alarm_while_requests_run(tenant: Tenant) -> None:
    """Rows come, are claimed and end all the time; not one look sees half of a move."""
    over = threading.Event()
    errors: list[Exception] = []

    def work(step: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                step()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def fail_next() -> None:
        if row := queue.claim():
            queue.fail(row, SynthesisFailed("no", code="synthesis_failed"))

    steps = (lambda: make_queued(tenant), lambda: queue.cancel(make_queued(tenant)), fail_next)
    threads = [threading.Thread(target=work, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    try:
        while LedgerEntry.objects.count() < 150:
            assert reconcile() == []
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert reconcile() == []
