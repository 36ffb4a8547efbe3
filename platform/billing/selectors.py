"""What a tenant may and what it has used. All but the operators' lists take the tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils import timezone

from billing import periods
from billing.alerts.models import Alert
from billing.errors import UnknownAccount
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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant stands in the limits that each of its requests meets."""

    usage: Usage
    requests_per_minute: int
    key_requests_per_minute: int | None  # the key's own cap
    cached_rate: int  # percent billed of a repeat from the cache

    @classmethod
    def read(cls, row: tuple[Any, ...]) -> Self:
        """From the columns of STANDING."""
        limit, used, reserved, resets_at, of_tenant, of_key, cached_rate = row
        remaining = None if limit is None else max(0, limit - used - reserved)
        usage = Usage(limit=limit, used=used, reserved=reserved, remaining=remaining, resets_at=resets_at)
        return cls(usage, of_tenant, of_key, cached_rate)


def limits(tenant_id: UUID) -> Limits:
    return Limits(*account_row(tenant_id, LIMITS))


LIMITS = """
    SELECT p.name, p.characters_per_period, p.rolling_days, p.overage, p.requests_per_minute, p.characters_per_minute,
           p.concurrent_requests, p.max_text_characters, p.weight, p.priority, p.cached_rate
    FROM billing_account a JOIN billing_plan p ON p.id = a.plan_id
    WHERE a.tenant_id = %(tenant)s
"""

STANDING = f"""
    SELECT {periods.QUOTA}, COALESCE(c.used, 0)::bigint, COALESCE(c.reserved, 0)::bigint, {periods.END},
           p.requests_per_minute, (
               SELECT l.requests_per_minute FROM billing_keylimit l JOIN accounts_apikey k ON k.id = l.api_key_id
               WHERE k.id = %(api_key)s AND k.tenant_id = a.tenant_id
           ), p.cached_rate
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
    return Standing.read(account_row(tenant_id, STANDING, api_key=None, at=at or timezone.now())).usage


def account_row(tenant_id: UUID, statement: str, **values: Any) -> tuple[Any, ...]:
    """The one row of a statement that asks for a tenant's account, written out: each request asks for it."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"tenant": tenant_id, **values})
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise UnknownAccount(f"Tenant {tenant_id} has no account.")
    return row


def quota_alert(tenant_id: UUID, *, at: datetime | None = None) -> Alert | None:
    """The highest level of this period's quota that was crossed, for whoever looks at a page; None below all."""
    at = at or timezone.now()
    crossed = Alert.objects.filter(counter__tenant_id=tenant_id, counter__period_end__gt=at)
    return crossed.filter(counter__period_start__lte=at).order_by("-percent").first()


def accounts() -> QuerySet[Account]:
    """Every tenant's account by name, for operators only."""
    return Account.objects.select_related("tenant", "plan").order_by("tenant__name")


def plans() -> QuerySet[Plan]:
    """Every plan by name, each with how many `tenants` are on it, for operators only."""
    return Plan.objects.annotate(tenants=Count("accounts")).order_by("name")
