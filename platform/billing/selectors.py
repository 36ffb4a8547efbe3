"""What a tenant may and what it has used. All but the operators' lists take the tenant."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from billing import periods
from billing.alerts.models import Alert
from billing.errors import UnknownAccount
from billing.limits.models import KeyLimit
from billing.models import Account, Plan


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tenant may, read from its plan now. None is no limit."""

    plan: str
    characters_per_period: int | None
    rolling_days: int | None  # None is the calendar month
    overage: bool
    requests_per_minute: int
    characters_per_minute: int | None
    concurrent_requests: int
    max_text_characters: int
    weight: int
    priority: int
    cached_rate: int  # percent


@dataclass(frozen=True, slots=True)
class Usage:
    """This period's characters; `limit` has the raises in it.

    `limit` and `remaining` are None without a limit; `remaining` is never below 0. On a plan of rolling
    days `resets_at` is the next midnight, when the oldest day leaves the window.
    """

    limit: int | None
    used: int
    reserved: int
    remaining: int | None
    resets_at: datetime


def limits(tenant_id: UUID) -> Limits:
    plan = Plan.objects.filter(accounts__tenant_id=tenant_id).first()
    if plan is None:
        raise UnknownAccount(f"Tenant {tenant_id} has no account.")
    return Limits(
        plan=plan.name,
        characters_per_period=plan.characters_per_period,
        rolling_days=plan.rolling_days,
        overage=plan.overage,
        requests_per_minute=plan.requests_per_minute,
        characters_per_minute=plan.characters_per_minute,
        concurrent_requests=plan.concurrent_requests,
        max_text_characters=plan.max_text_characters,
        weight=plan.weight,
        priority=plan.priority,
        cached_rate=plan.cached_rate,
    )


USAGE = f"""
    SELECT {periods.QUOTA}, COALESCE(c.used, 0)::bigint, COALESCE(c.reserved, 0)::bigint, {periods.END}
    FROM billing_account a
    JOIN billing_plan p ON p.id = a.plan_id
    JOIN accounts_tenant t ON t.id = a.tenant_id
    CROSS JOIN LATERAL (
        SELECT sum(used) AS used, sum(reserved) AS reserved FROM billing_counter
        WHERE tenant_id = t.id AND period_start >= {periods.WINDOW_START} AND period_end <= {periods.END}
    ) c
    WHERE a.tenant_id = %(tenant)s
"""  # noqa: S608 - only constants of this package are put in


def usage(tenant_id: UUID, *, at: datetime | None = None) -> Usage:
    """The period that holds `at`, now by default."""
    with connection.cursor() as cursor:
        cursor.execute(USAGE, {"tenant": tenant_id, "at": at or timezone.now()})
        row = cursor.fetchone()
    if row is None:
        raise UnknownAccount(f"Tenant {tenant_id} has no account.")
    limit, used, reserved, resets_at = row
    remaining = None if limit is None else max(0, limit - used - reserved)
    return Usage(limit=limit, used=used, reserved=reserved, remaining=remaining, resets_at=resets_at)


def requests_per_minute(tenant_id: UUID, api_key_id: UUID) -> int | None:
    """A key's own cap; None where it has none."""
    return (
        KeyLimit.objects.filter(api_key_id=api_key_id, api_key__tenant_id=tenant_id)
        .values_list("requests_per_minute", flat=True)
        .first()
    )


def quota_alert(tenant_id: UUID, *, at: datetime | None = None) -> Alert | None:
    """The highest level of this period's quota that was crossed, for whoever looks at a page; None below all."""
    at = at or timezone.now()
    crossed = Alert.objects.filter(counter__tenant_id=tenant_id, counter__period_end__gt=at)
    return crossed.filter(counter__period_start__lte=at).order_by("-percent").first()


def accounts() -> QuerySet[Account]:
    """Every tenant's account by name, for operators only."""
    return Account.objects.select_related("tenant", "plan").order_by("tenant__name")


def plans() -> QuerySet[Plan]:
    """Every plan by name, for operators only."""
    return Plan.objects.order_by("name")
