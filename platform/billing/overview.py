"""Every team at a glance, for operators only: what it may, what it has used, what failed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from billing import periods
from billing.errors import UnknownAccount
from billing.usage.facts import NAMES, UsageFacts


@dataclass(frozen=True, slots=True)
class TeamLine:
    """`limit`, `used` and `reserved` are of the plan's period; `facts` of the month in the team's time zone."""

    tenant_id: UUID
    name: str
    plan: str
    suspended_at: datetime | None
    limit: int | None  # None is no limit
    used: int
    reserved: int
    resets_at: datetime
    facts: UsageFacts

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used - self.reserved)

    @property
    def used_percent(self) -> int | None:
        """Of the quota, what is promised too; 100 at most. None without a limit."""
        if self.limit is None:
            return None
        return min(100, 100 * (self.used + self.reserved) // self.limit) if self.limit else 100


# One statement for all teams. A month of a team's days is read through the table's unique index.
TEAMS = f"""
    SELECT t.id, t.name, p.name, a.suspended_at, {periods.QUOTA}, COALESCE(c.used, 0)::bigint,
           COALESCE(c.reserved, 0)::bigint, {periods.END}, {", ".join(f"u.{name}" for name in NAMES)}
    FROM billing_account a
    JOIN billing_plan p ON p.id = a.plan_id
    JOIN accounts_tenant t ON t.id = a.tenant_id
    CROSS JOIN LATERAL (
        SELECT sum(used) AS used, sum(reserved) AS reserved FROM billing_counter
        WHERE tenant_id = t.id AND period_start >= {periods.WINDOW_START} AND period_end <= {periods.END}
    ) c
    CROSS JOIN LATERAL (
        SELECT {", ".join(f"COALESCE(sum({name}), 0)::bigint AS {name}" for name in NAMES)} FROM billing_dailyusage
        WHERE tenant_id = t.id AND day >= date_trunc('month', %(at)s::timestamptz AT TIME ZONE t.time_zone)::date
    ) u
    WHERE position(%(part)s IN t.name) > 0 AND (%(tenant)s::uuid IS NULL OR t.id = %(tenant)s)
    ORDER BY {{order}}, t.name
    LIMIT %(most)s
"""  # noqa: S608 - only constants of this package are put in
ORDERS = {"spent": "u.billed_characters DESC", "failed": "u.failed DESC", "name": "t.name"}


def teams(*, part: str = "", order: str = "spent", most: int) -> list[TeamLine]:
    """At most so many of the teams whose name holds `part`; `order` is one of ORDERS."""
    return _teams(order, part=part, most=most)


def team(tenant_id: UUID) -> TeamLine:
    """One of them. Raises UnknownAccount."""
    found = _teams("name", tenant=tenant_id)
    if not found:
        raise UnknownAccount(f"Tenant {tenant_id} has no account.")
    return found[0]


def _teams(order: str, *, part: str = "", tenant: UUID | None = None, most: int = 1) -> list[TeamLine]:
    values: dict[str, Any] = {"at": timezone.now(), "part": part, "tenant": tenant, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(TEAMS.format(order=ORDERS[order]), values)
        return [_line(row) for row in cursor.fetchall()]


def _line(row: tuple[Any, ...]) -> TeamLine:
    told, sums = row[: -len(NAMES)], row[-len(NAMES) :]
    values = (*told, UsageFacts(**dict(zip(NAMES, sums, strict=True))))
    return TeamLine(*values)
