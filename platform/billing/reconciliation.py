"""Does everything that was counted agree? The ledger is the truth; counters are derived from it.

Rooms above this one add what they know with `check`: the engine, whether each of its requests was
billed what its row says. So the command asks everyone and knowledge still flows one way.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from billing.models import Counter, LedgerEntry, Move


@dataclass(frozen=True, slots=True)
class Drift:
    """One number that is not what it should be."""

    where: str  # the row, such as "tenant demo, counter 7 from 2026-11-01"
    what: str  # the number: used, reserved, used_before, ...
    expected: int
    found: int

    def __str__(self) -> str:
        return f"{self.where}: {self.what} is {self.found} and should be {self.expected}"


Check = Callable[[], Iterable[Drift]]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Decorator: `reconcile` asks this function too."""
    CHECKS.append(function)
    return function


REPAIRS: list[Callable[[], None]] = []


def repairs(function: Callable[[], None]) -> Callable[[], None]:
    """Decorator: `reconcile(repair=True)` calls this function once the counters are right."""
    REPAIRS.append(function)
    return function


def reconcile(*, repair: bool = False) -> list[Drift]:
    """Every difference that any check finds; empty is the only good answer.

    With `repair` counters that differ are then set to what the ledger says, each by an entry of
    kind `correct`, and what is derived beside them is set without one. May run while requests do:
    each check is one statement, which reads one snapshot.
    """
    drifts = [drift for function in CHECKS for drift in function()]
    if repair:
        for row in _rows(DRIFTED_COUNTERS, {"counter": None}):
            _set_right(row[0])
        for function in REPAIRS:
            function()
    return drifts


LAST = "billing:reconciled"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """When somebody looked last, and what was different and is."""

    at: datetime
    differences: int


def remember(differences: int) -> None:
    """For whoever watches the platform. Raises RedisError when Valkey is away."""
    cache.set(LAST, (timezone.now(), differences), timeout=None)


def last() -> Reconciled | None:
    """None where nobody looked yet, or Valkey has forgotten. Raises RedisError when it is away."""
    kept = cache.get(LAST)
    return Reconciled(*kept) if kept else None


# Every synthesis that the ledger knows, of all tenants, in characters: what a check of another room
# compares with. SQL for a WITH, because one statement reads one snapshot.
BILLS = """
    SELECT e.synthesis_id, c.tenant_id,
           COALESCE(sum(e.characters) FILTER (WHERE e.kind = 'reserve'), 0)::bigint AS reserved,
           COALESCE(sum(e.characters) FILTER (WHERE e.kind = 'settle'), 0)::bigint AS settled,
           COALESCE(sum(e.characters) FILTER (WHERE e.kind = 'release'), 0)::bigint AS released
    FROM billing_ledgerentry e JOIN billing_counter c ON c.id = e.counter_id
    WHERE e.synthesis_id IS NOT NULL
    GROUP BY e.synthesis_id, c.tenant_id
"""

# Used is what was settled; reserved is every reservation that has not ended.
DRIFTED_COUNTERS = """
    WITH moves AS (
        SELECT e.counter_id,
               COALESCE(sum(e.characters) FILTER (WHERE e.kind = 'settle'), 0)::bigint AS used,
               COALESCE(sum(e.characters) FILTER (WHERE e.kind = 'reserve' AND ended.id IS NULL), 0)::bigint AS reserved
        FROM billing_ledgerentry e
        LEFT JOIN billing_ledgerentry ended
            ON e.kind = 'reserve' AND ended.synthesis_id = e.synthesis_id AND ended.kind IN ('settle', 'release')
        WHERE %(counter)s::bigint IS NULL OR e.counter_id = %(counter)s
        GROUP BY e.counter_id
    )
    SELECT c.id, t.name, c.period_start, c.used, c.reserved, COALESCE(m.used, 0), COALESCE(m.reserved, 0)
    FROM billing_counter c
    JOIN accounts_tenant t ON t.id = c.tenant_id
    LEFT JOIN moves m ON m.counter_id = c.id
    WHERE (%(counter)s::bigint IS NULL OR c.id = %(counter)s)
      AND (c.used, c.reserved) IS DISTINCT FROM (COALESCE(m.used, 0), COALESCE(m.reserved, 0))
    ORDER BY c.id
"""


@check
def counters_follow_the_ledger() -> Iterator[Drift]:
    for counter, tenant, start, used, reserved, true_used, true_reserved in _rows(DRIFTED_COUNTERS, {"counter": None}):
        where = f"tenant {tenant}, counter {counter} from {start:%F}"
        if used != true_used:
            yield Drift(where, "used", true_used, used)
        if reserved != true_reserved:
            yield Drift(where, "reserved", true_reserved, reserved)


# A correction closes the books on what was wrong before it, so the chain is followed from there.
BROKEN_LINKS = """
    WITH chain AS (
        SELECT id, counter_id, used_before, reserved_before,
               lag(used_after, 1, 0::bigint) OVER steps AS used,
               lag(reserved_after, 1, 0::bigint) OVER steps AS reserved,
               COALESCE(max(id) FILTER (WHERE kind = 'correct') OVER (PARTITION BY counter_id), 0) AS corrected
        FROM billing_ledgerentry
        WINDOW steps AS (PARTITION BY counter_id ORDER BY id)
    )
    SELECT id, counter_id, used_before, reserved_before, used, reserved
    FROM chain
    WHERE id > corrected AND (used_before, reserved_before) <> (used, reserved)
    ORDER BY id
"""


@check
def entries_form_a_chain() -> Iterator[Drift]:
    for entry, counter, used_before, reserved_before, used, reserved in _rows(BROKEN_LINKS, {}):
        where = f"counter {counter}, ledger entry {entry}"
        if used_before != used:
            yield Drift(where, "used_before", used, used_before)
        if reserved_before != reserved:
            yield Drift(where, "reserved_before", reserved, reserved_before)


@transaction.atomic
def _set_right(counter_id: int) -> None:
    """Under the counter's lock, where its sums stand still, look again and correct."""
    counter = Counter.objects.select_for_update().get(id=counter_id)
    for *_, used, reserved in _rows(DRIFTED_COUNTERS, {"counter": counter_id}):
        LedgerEntry.objects.create(
            counter=counter,
            kind=Move.CORRECT,
            characters=0,
            used_before=counter.used,
            used_after=used,
            reserved_before=counter.reserved,
            reserved_after=reserved,
            at=timezone.now(),
        )
        Counter.objects.filter(id=counter_id).update(used=used, reserved=reserved)


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
