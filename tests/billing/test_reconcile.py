"""`reconcile` finds every number that is not what the ledger says, names it, and repairs on request only."""

import json
import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Tenant
from billing import reconciliation, services
from billing.models import Counter, LedgerEntry
from billing.reconciliation import Drift, reconcile
from billing.services import Reservation

pytestmark = pytest.mark.django_db

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]
Lives = list[uuid.UUID]


@pytest.fixture
def lives(tenant: Tenant, reserve: Reserve) -> Lives:
    """A settled, a released and an open reservation of 10 each; the settled one billed 7."""
    synthesis_ids = [uuid.uuid4() for _ in range(3)]
    for synthesis_id in synthesis_ids:
        reserve(tenant, 10, synthesis_id=synthesis_id)
    services.settle(synthesis_id=synthesis_ids[0], characters=7)
    services.release(synthesis_id=synthesis_ids[1])
    return synthesis_ids


def run(*words: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    out = StringIO()
    try:
        call_command("reconcile", *words, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_nothing_is_wrong(lives: Lives) -> None:
    """Zero drift: exit 0."""
    assert reconcile() == []
    assert run() == (0, "Zero drift\n")


def test_nothing_at_all() -> None:
    """An empty ledger agrees with itself."""
    assert run("--json") == (0, '{"drift": [], "left": 0}\n')


@pytest.mark.parametrize(("number", "right"), [("used", 7), ("reserved", 10)])
def test_a_drifted_counter_is_named(lives: Lives, number: str, right: int) -> None:
    """The counter, the number, what it is and what it should be; exit 1; nothing is touched."""
    Counter.objects.update(**{number: 42})
    code, printed = run("--json")
    (drift,) = json.loads(printed)["drift"]
    assert (code, drift["what"], drift["found"], drift["expected"]) == (1, number, 42, right)
    assert "alice-team" in drift["where"]
    assert f"{number} is 42 and should be {right}" in run()[1]
    assert Counter.objects.filter(**{number: 42}).exists()


def test_repair_leaves_its_own_entry(tenant: Tenant, lives: Lives, reserve: Reserve) -> None:
    """A repaired counter is right again, the ledger tells of the correction, and life goes on from there."""
    Counter.objects.update(used=42, reserved=0)
    reserve(tenant, 5)  # while it was wrong
    code, printed = run("--repair", "--json")
    assert (code, json.loads(printed)["left"]) == (0, 0)
    assert [drift["what"] for drift in json.loads(printed)["drift"]] == [
        "used",
        "reserved",
        "used_before",
        "reserved_before",
    ]
    correction = LedgerEntry.objects.get(kind="correct")
    assert (correction.used_before, correction.used_after) == (42, 7)
    assert (correction.reserved_before, correction.reserved_after) == (5, 15)
    services.settle(synthesis_id=lives[2], characters=10)
    assert reconcile() == []
    assert Counter.objects.filter(used=17, reserved=5).exists()


def test_a_broken_chain_is_named(tenant: Tenant, lives: Lives) -> None:
    """An entry that does not begin where the last one ended is found, though the sums agree."""
    counter = Counter.objects.get()
    numbers = {"used_before": 1, "used_after": 1, "reserved_before": 10, "reserved_after": 10}
    entry = LedgerEntry.objects.create(
        counter=counter, synthesis_id=uuid.uuid4(), kind="reserve", characters=0, at=timezone.now(), **numbers
    )
    assert reconcile() == [
        Drift(f"counter {counter.id}, ledger entry {entry.id}", "used_before", 7, 1),
        Drift("tenant alice-team", "open_requests", 2, 1),
    ]


def test_other_rooms_are_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a room above billing registers as a check is part of the answer."""
    monkeypatch.setattr(reconciliation, "CHECKS", [])

    @reconciliation.check
    def requests_agree() -> Iterator[Drift]:
        yield Drift("synthesis 1", "billed", 3, 4)

    assert run() == (1, "synthesis 1: billed is 4 and should be 3\n1 differences, 0 set right\n")


def test_bills(tenant: Tenant, lives: Lives) -> None:
    """What the ledger says of each synthesis, for the room that knows the requests: reserved, settled, released."""
    with connection.cursor() as cursor:
        cursor.execute(reconciliation.BILLS)
        found = {synthesis_id: tuple(rest) for synthesis_id, *rest in cursor.fetchall()}
    assert found == {
        lives[0]: (tenant.id, 10, 7, 0),
        lives[1]: (tenant.id, 10, 0, 10),
        lives[2]: (tenant.id, 10, 0, 0),
    }


@pytest.mark.parametrize(
    "statement", ["UPDATE billing_ledgerentry SET characters = 0", "DELETE FROM billing_ledgerentry"]
)
def test_the_ledger_only_grows(lives: Lives, statement: str) -> None:
    """PostgreSQL refuses to change or delete an entry, whoever asks."""
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert LedgerEntry.objects.count() == 5


GOOD = {"used_before": 7, "used_after": 7, "reserved_before": 10, "reserved_after": 12, "characters": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"reserved_after": 13},
        {"used_after": 9},
        {"characters": -2, "reserved_after": 8},
        {"kind": "settle"},
        {"kind": "settle", "used_after": 9, "reserved_after": 9},
        {"kind": "release"},
        {"kind": "gift"},
        {"kind": "correct"},
        {"synthesis_id": None},
    ],
)
def test_the_database_refuses_an_entry(lives: Lives, wrong: dict[str, Any]) -> None:
    """A move that does not add up, of a kind unknown, or of no synthesis is no entry."""
    entry = {"kind": "reserve", "synthesis_id": uuid.uuid4(), "counter": Counter.objects.get(), "at": timezone.now()}
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerEntry.objects.create(**(entry | GOOD | wrong))
    LedgerEntry.objects.create(**(entry | GOOD))


@pytest.mark.parametrize("end", ["settle", "release"])
def test_the_database_refuses_a_second_end(lives: Lives, end: str) -> None:
    """A synthesis that was settled can neither be settled nor released once more, whatever the service does."""
    numbers = {"used_before": 7, "used_after": 7, "reserved_before": 10, "reserved_after": 10, "characters": 0}
    with pytest.raises(IntegrityError, match="ledger_one_end"), transaction.atomic():
        LedgerEntry.objects.create(
            counter=Counter.objects.get(), synthesis_id=lives[0], kind=end, at=timezone.now(), **numbers
        )


@pytest.mark.parametrize("number", ["used", "reserved", "virtual_finish"])
def test_the_database_refuses_a_negative_counter(lives: Lives, number: str) -> None:
    """No number of a counter falls below zero."""
    with pytest.raises(IntegrityError, match="never_negative"), transaction.atomic():
        Counter.objects.update(**{number: -1})
