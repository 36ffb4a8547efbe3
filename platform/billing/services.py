"""Opening accounts, and the three moves of the ledger: reserve, then settle or release.

The moves belong into the transaction that changes the Synthesis row, so that neither is ever there
without the other; outside of one they refuse to run. They rest on PostgreSQL's READ COMMITTED.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.services import OPERATOR
from billing import periods, selectors
from billing.errors import (
    AccountExists,
    OverSettled,
    QuotaExceeded,
    UnknownAccount,
    UnknownPlan,
    UnknownReservation,
)
from billing.models import Account, LedgerEntry, Move, Plan

DEFAULT_PLAN = "standard"

# Virtual time a character takes a tenant of weight 1: 1/weight stays exact enough in integers, and
# 2 ** 63 of them are nine trillion characters.
SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Reservation:
    """What the queue orders by: lowest (priority, start_tag) first."""

    start_tag: int
    priority: int


@transaction.atomic
def account_open(*, tenant: Tenant, plan_name: str = DEFAULT_PLAN, actor: str = OPERATOR) -> Account:
    account, opened = Account.objects.get_or_create(tenant=tenant, defaults={"plan": _plan(plan_name)})
    if not opened:
        raise AccountExists(f"{tenant} has an account already.")
    audit.record(action="account.open", actor=actor, tenant=tenant, details={"plan": plan_name})
    return account


@transaction.atomic
def plan_set(*, tenant: Tenant, plan_name: str, actor: str = OPERATOR) -> None:
    """Holds from the next reservation on; what is reserved stays reserved."""
    if not Account.objects.filter(tenant=tenant).update(plan=_plan(plan_name)):
        raise UnknownAccount(f"{tenant} has no account.")
    audit.record(action="account.plan_set", actor=actor, tenant=tenant, details={"plan": plan_name})


# The check, the move and its entry are one statement. Of two at once the second waits for the row
# and PostgreSQL checks the quota again on the first one's result: the sum can never pass the limit.
# Start-time fair queueing (Goyal, Vin and Cheng 1996): S = max(virtual time, the tenant's last
# finish), finish = S + characters / weight; S is found again from the finish that was written.
RESERVE = f"""
    WITH moved AS (
        UPDATE billing_counter c
        SET reserved = c.reserved + %(characters)s,
            virtual_finish = GREATEST(c.virtual_finish, %(virtual_time)s) + %(work)s::bigint / p.weight
        FROM billing_account a
        JOIN billing_plan p ON p.id = a.plan_id
        JOIN accounts_tenant t ON t.id = a.tenant_id
        WHERE a.tenant_id = %(tenant)s
          AND c.tenant_id = a.tenant_id
          AND c.period_start = {periods.START}
          AND (p.characters_per_period IS NULL OR c.used + c.reserved + %(characters)s <= p.characters_per_period)
        RETURNING c.id, c.used, c.reserved, p.priority,
                  c.virtual_finish - %(work)s::bigint / p.weight AS start_tag
    ), written AS (
        INSERT INTO billing_ledgerentry
            (counter_id, synthesis_id, kind, characters, used_before, used_after, reserved_before, reserved_after, at)
        SELECT id, %(synthesis)s, 'reserve', %(characters)s, used, used, reserved - %(characters)s, reserved, %(at)s
        FROM moved
    )
    SELECT start_tag, priority FROM moved
"""  # noqa: S608 - only constants of this package are put in


def reserve(
    *, tenant_id: UUID, synthesis_id: UUID, characters: int, virtual_time: int, at: datetime | None = None
) -> Reservation:
    """Promise the tenant its characters in the period that holds `at` (now), or raise.

    `virtual_time` is the start tag of the request last taken from the queue, 0 before the first.

    Raises:
        QuotaExceeded: nothing was written.
        UnknownAccount
    """
    _require_transaction()
    if characters < 0 or virtual_time < 0:
        raise ValueError("characters and virtual_time are never negative")
    at = at or timezone.now()
    values = {
        "tenant": tenant_id,
        "synthesis": synthesis_id,
        "characters": characters,
        "virtual_time": virtual_time,
        "work": characters * SCALE,
        "at": at,
    }
    row = _one(RESERVE, values)
    if row is None:  # the month's first request, or no room
        _one(OPEN_PERIOD, values)
        row = _one(RESERVE, values)
    if row is None:
        raise _quota_exceeded(tenant_id, characters, at)
    return Reservation(start_tag=row[0], priority=row[1])


# The queue knows no months: a tenant's work that still waits from the last one keeps its place.
OPEN_PERIOD = f"""
    INSERT INTO billing_counter (tenant_id, period_start, period_end, used, reserved, virtual_finish)
    SELECT t.id, {periods.START}, {periods.END}, 0, 0,
           COALESCE((SELECT max(virtual_finish) FROM billing_counter WHERE tenant_id = t.id), 0)
    FROM accounts_tenant t JOIN billing_account a ON a.tenant_id = t.id
    WHERE t.id = %(tenant)s
    ON CONFLICT (tenant_id, period_start) DO NOTHING
    RETURNING id
"""  # noqa: S608 - see RESERVE


def settle(*, synthesis_id: UUID, characters: int, at: datetime | None = None) -> bool:
    """Bill `characters` and give back what more was reserved; False where it had ended already.

    The period that is billed is the one that reserved, even if the month has turned since.

    Raises:
        UnknownReservation, OverSettled
    """
    return _end(synthesis_id, Move.SETTLE, characters, at or timezone.now())


def release(*, synthesis_id: UUID, at: datetime | None = None) -> bool:
    """Give all of it back and bill nothing; False where it had ended already.

    Raises:
        UnknownReservation
    """
    return _end(synthesis_id, Move.RELEASE, 0, at or timezone.now())


# Under the counter's lock, so that of two ends at once the second sees the first and moves nothing.
END = """
    WITH moved AS (
        UPDATE billing_counter
        SET used = used + %(billed)s, reserved = reserved - %(held)s
        WHERE id = %(counter)s AND NOT EXISTS (
            SELECT FROM billing_ledgerentry WHERE synthesis_id = %(synthesis)s AND kind IN ('settle', 'release')
        )
        RETURNING id, used, reserved
    )
    INSERT INTO billing_ledgerentry
        (counter_id, synthesis_id, kind, characters, used_before, used_after, reserved_before, reserved_after, at)
    SELECT id, %(synthesis)s, %(kind)s, %(characters)s,
           used - %(billed)s, used, reserved + %(held)s, reserved, %(at)s
    FROM moved
    RETURNING id
"""


def _end(synthesis_id: UUID, kind: Move, billed: int, at: datetime) -> bool:
    reservations = LedgerEntry.objects.select_related("counter").select_for_update(of=("counter",))
    reservation = reservations.filter(synthesis_id=synthesis_id, kind=Move.RESERVE).first()
    if reservation is None:
        raise UnknownReservation(f"Nothing was reserved for synthesis {synthesis_id}.")
    held = reservation.characters
    if not 0 <= billed <= held:
        raise OverSettled(f"{billed} characters cannot be settled of {held} reserved.")
    values = {
        "counter": reservation.counter_id,
        "synthesis": synthesis_id,
        "kind": kind,
        "characters": billed if kind is Move.SETTLE else held,
        "billed": billed,
        "held": held,
        "at": at,
    }
    return _one(END, values) is not None


def _plan(name: str) -> Plan:
    plan = Plan.objects.filter(name=name).first()
    if plan is None:
        raise UnknownPlan(f"There is no plan named {name}.")
    return plan


def _quota_exceeded(tenant_id: UUID, asked: int, at: datetime) -> QuotaExceeded:
    now = selectors.usage(tenant_id, at=at)
    # Without a limit it was lifted in this very moment; what the refusal saw was a full one.
    limit = now.used + now.reserved if now.limit is None else now.limit
    return QuotaExceeded(asked=asked, limit=limit, used=now.used, reserved=now.reserved, resets_at=now.resets_at)


def _one(statement: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A move of the ledger belongs into the caller's transaction.")
