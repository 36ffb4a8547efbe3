"""Opening accounts, and the three moves of the ledger: reserve, then settle or release.

The moves belong into the transaction that changes the Synthesis row, so that neither is ever there
without the other; outside of one they refuse to run. They rest on PostgreSQL's READ COMMITTED.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import UnknownApiKey
from accounts.models import ApiKey, Tenant
from accounts.services import OPERATOR
from billing.alerts import services as alerts
from billing.errors import AccountExists, OverSettled, UnknownAccount, UnknownPlan, UnknownReservation
from billing.limits.refusals import Verdict, refused
from billing.models import Account, Move, Plan
from billing.statements import (
    END,
    LOCK_ACCOUNT,
    LOCK_RESERVATION,
    OPEN_COUNTER,
    OPEN_KEY,
    OPEN_KEY_COUNTER,
    RELEASE_ROWS,
    RESERVE,
    RESERVE_JOB,
    RESERVE_UNHURRIED,
)

DEFAULT_PLAN = "standard"

# Virtual time a character takes a tenant of weight 1: 1/weight stays exact enough in integers, and
# 2 ** 63 of them are nine trillion characters.
SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Reservation:
    """What the queue orders by: lowest (priority, start_tag) first; the work lasts until `finish_tag`."""

    start_tag: int
    finish_tag: int
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


def reserve(
    *,
    tenant_id: UUID,
    synthesis_id: UUID,
    characters: int,
    virtual_time: int,
    api_key_id: UUID | None = None,
    waits: bool = True,
    interactive: bool = True,
    at: datetime | None = None,
) -> Reservation:
    """Promise the tenant, and the key it asks with, these characters in the period that holds `at` (now), or raise.

    `virtual_time` is the tag that the queue serves at this moment, 0 before the first; that of the other
    queue where nobody waits for the answer (not `interactive`). What does not wait in a queue (it is
    settled in the same transaction) takes none of the places of concurrent requests.

    Raises, and then nothing was moved:
        TenantSuspended, TextTooLong, QuotaExceeded, KeyQuotaExceeded, RateExceeded, ConcurrencyExceeded
        UnknownAccount
    """
    _require_transaction()
    if characters < 0 or virtual_time < 0:
        raise ValueError("characters and virtual_time are never negative")
    values = {
        "tenant": tenant_id,
        "synthesis": synthesis_id,
        "api_key": api_key_id,
        "characters": characters,
        "longest": characters,
        "metered": characters,
        "virtual_time": virtual_time,
        "work": characters * SCALE,
        "waits": waits,
        "at": at or timezone.now(),
    }
    return _reserve(RESERVE if interactive else RESERVE_UNHURRIED, values)


def reserve_job(
    *,
    tenant_id: UUID,
    job_id: UUID,
    syntheses: Sequence[UUID],
    characters: Sequence[int],
    virtual_time: int,
    api_key_id: UUID | None = None,
    at: datetime | None = None,
) -> Reservation:
    """Promise all rows of a job at once, as `reserve` does one request; what is refused is refused as a whole.

    The rows, of so many `characters` each, follow each other between the two tags of the answer. They
    take none of the places of concurrent requests and nothing of the characters a minute. A row that is
    longer than a text may be refuses all.

    Raises, and then nothing was moved:
        TenantSuspended, TextTooLong, QuotaExceeded, KeyQuotaExceeded
        UnknownAccount
    """
    _require_transaction()
    before = list(accumulate(characters, initial=0))
    whole = before.pop()
    values = {
        "tenant": tenant_id,
        "job": job_id,
        "api_key": api_key_id,
        "syntheses": list(syntheses),
        "sizes": list(characters),
        "before": before,
        "rows": len(before),
        "characters": whole,
        "longest": max(characters, default=0),
        "metered": 0,  # they wait for their turn anyway
        "virtual_time": virtual_time,
        "work": whole * SCALE,
        "waits": False,
        "at": at or timezone.now(),
    }
    return _reserve(RESERVE_JOB, values)


def _reserve(statement: str, values: dict[str, Any]) -> Reservation:
    row = _one(statement, values) or _opened(statement, values)
    verdict = Verdict(*row)
    if verdict.refusal:
        raise refused(verdict, asked=values["longest" if verdict.refusal == "text" else "characters"])
    return Reservation(start_tag=verdict.start_tag, finish_tag=verdict.finish_tag, priority=verdict.priority)


def _opened(statement: str, values: dict[str, Any]) -> tuple[Any, ...]:
    """The same once the counters are there: it is the first request of a period or of a key."""
    account = Account.objects.select_for_update(no_key=True).filter(tenant_id=values["tenant"]).first()
    if account is None:
        raise UnknownAccount(f"Tenant {values['tenant']} has no account.")
    key_id = values["api_key"]
    if key_id and not ApiKey.objects.filter(id=key_id, tenant_id=values["tenant"]).exists():
        raise UnknownApiKey(f"Tenant {values['tenant']} has no key {key_id}.")
    row = None
    while row is None:  # once more only where the plan's period was changed between the statements
        with connection.cursor() as cursor:
            for opening in (OPEN_COUNTER, OPEN_KEY, OPEN_KEY_COUNTER):
                cursor.execute(opening, values)
        row = _one(statement, values)
    return row


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


def release_rows(*, tenant_id: UUID, syntheses: Sequence[UUID], at: datetime | None = None) -> int:
    """Give back what is still reserved for these rows of the tenant's jobs; how many there were."""
    _require_transaction()
    values: dict[str, Any] = {"tenant": tenant_id, "syntheses": list(syntheses), "at": at or timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ACCOUNT, values)
    released = _one(RELEASE_ROWS, values)
    return int(released[0]) if released else 0


def _end(synthesis_id: UUID, kind: Move, billed: int, at: datetime) -> bool:
    _require_transaction()
    reservation = _one(LOCK_RESERVATION, {"synthesis": synthesis_id})
    if reservation is None:
        raise UnknownReservation(f"Nothing was reserved for synthesis {synthesis_id}.")
    counter_id, api_key_id, job_id, held = reservation
    if not 0 <= billed <= held:
        raise OverSettled(f"{billed} characters cannot be settled of {held} reserved.")
    values = {
        "counter": counter_id,
        "api_key": api_key_id,
        "synthesis": synthesis_id,
        "job": job_id,
        "requests": int(job_id is None),
        "job_rows": int(job_id is not None),
        "kind": kind,
        "characters": billed if kind is Move.SETTLE else held,
        "billed": billed,
        "held": held,
        "at": at,
    }
    moved, alerted = _one(END, values) or (0, [])
    if alerted:
        alerts.tell(alerted)
    return bool(moved)


def _plan(name: str) -> Plan:
    plan = Plan.objects.filter(name=name).first()
    if plan is None:
        raise UnknownPlan(f"There is no plan named {name}.")
    return plan


def _one(statement: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A move of the ledger belongs into the caller's transaction.")
