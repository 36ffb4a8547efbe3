"""Changing what tenants and keys may. Each change holds from the next request on: nothing caches limits."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import UnknownApiKey
from accounts.models import ApiKey, Tenant
from accounts.services import OPERATOR
from billing.errors import PlanExists, UnacceptableLimit, UnknownAccount, UnknownPlan
from billing.limits.models import KeyLimit, QuotaRaise
from billing.models import Account, Plan

Value = int | None

# What a limit may be. The upper ends are far beyond any use and keep sums within BIGINT.
BOUNDS: Mapping[str, range] = {
    "characters_per_period": range(10**12 + 1),
    "rolling_days": range(1, 367),
    "overage": range(2),
    "requests_per_minute": range(1, 10**6 + 1),
    "characters_per_minute": range(1, 10**9 + 1),
    "concurrent_requests": range(1, 10**5 + 1),
    "max_text_characters": range(1, 10**6 + 1),
    "weight": range(1, 1001),
    "priority": range(-1000, 1001),
    "cached_rate": range(101),
}
RAISE = range(1, 10**12 + 1)  # characters
# Where None is no limit; for a key every cap may be None.
OPTIONAL = frozenset({"characters_per_period", "rolling_days", "characters_per_minute"})


@transaction.atomic
def plan_create(*, name: str, limits: Mapping[str, Value], actor: str = OPERATOR) -> Plan:
    """What is not given is as in the plan `standard` of a new installation, with an unlimited period."""
    if Plan.objects.filter(name=name).exists():
        raise PlanExists(f"A plan named {name} exists; 'plan change' changes it.")
    plan = Plan(name=name, requests_per_minute=600, concurrent_requests=300, max_text_characters=4096)
    _change(plan, limits)
    audit.record(action="plan.create", actor=actor, details={"plan": name, **limits})
    return plan


@transaction.atomic
def plan_change(*, name: str, limits: Mapping[str, Value], actor: str = OPERATOR) -> Plan:
    """For every tenant on it; what is reserved stays reserved."""
    plan = Plan.objects.select_for_update().filter(name=name).first()
    if plan is None:
        raise UnknownPlan(f"There is no plan named {name}.")
    _change(plan, limits)
    audit.record(action="plan.change", actor=actor, details={"plan": name, **limits})
    return plan


@transaction.atomic
def key_limit_set(*, key_id: UUID, limits: Mapping[str, Value], actor: str = OPERATOR) -> KeyLimit:
    """Caps of one key within its tenant's plan; those not given stay as they are."""
    key = ApiKey.objects.select_related("tenant").filter(id=key_id).first()
    if key is None:
        raise UnknownApiKey(f"There is no key {key_id}.")
    for field, value in limits.items():
        if value is not None:
            _check(field, value, BOUNDS[field])
    KeyLimit.objects.get_or_create(api_key=key)
    KeyLimit.objects.filter(api_key=key).update(**limits)
    audit.record(action="api_key.limit", actor=actor, tenant=key.tenant, details={"key_id": str(key_id), **limits})
    return KeyLimit.objects.get(api_key=key)


@transaction.atomic
def quota_raise(*, tenant: Tenant, characters: int, until: datetime, actor: str = OPERATOR) -> QuotaRaise:
    """So many characters beyond the plan in each period, from now `until` then; several add up."""
    _check("characters", characters, RAISE)
    now = timezone.now()
    if timezone.is_naive(until) or until <= now:
        raise UnacceptableLimit("until must lie in the future and carry a time zone.", param="until")
    if not Account.objects.filter(tenant=tenant).exists():
        raise UnknownAccount(f"{tenant} has no account.")
    made = QuotaRaise.objects.create(tenant=tenant, characters=characters, starts_at=now, until=until)
    details = {"characters": characters, "until": until.isoformat()}
    audit.record(action="account.raise", actor=actor, tenant=tenant, details=details)
    return made


@transaction.atomic
def account_suspend(*, tenant: Tenant, actor: str = OPERATOR) -> None:
    """Nothing new is spoken from now on; what was accepted is, and is billed. Again changes nothing."""
    _suspension(tenant, timezone.now(), "account.suspend", actor)


@transaction.atomic
def account_resume(*, tenant: Tenant, actor: str = OPERATOR) -> None:
    _suspension(tenant, None, "account.resume", actor)


def _suspension(tenant: Tenant, since: datetime | None, action: str, actor: str) -> None:
    account = Account.objects.select_for_update(no_key=True).filter(tenant=tenant).first()
    if account is None:
        raise UnknownAccount(f"{tenant} has no account.")
    if (account.suspended_at is None) != (since is None):
        Account.objects.filter(tenant=tenant).update(suspended_at=since)
        audit.record(action=action, actor=actor, tenant=tenant)


def _change(plan: Plan, limits: Mapping[str, Value]) -> None:
    for field, value in limits.items():
        if value is not None or field not in OPTIONAL:
            _check(field, value, BOUNDS[field])
        setattr(plan, field, value)
    if plan.characters_per_minute is not None and plan.characters_per_minute < plan.max_text_characters:
        raise UnacceptableLimit(
            f"characters_per_minute must hold the longest text, which has {plan.max_text_characters} characters.",
            param="characters_per_minute",
        )
    plan.save()


def _check(field: str, value: Value, allowed: range) -> None:
    if value is None or value not in allowed:
        raise UnacceptableLimit(f"{field} must be from {allowed[0]} to {allowed[-1]}, not {value}.", param=field)
