"""Which caps a tenant's keys have, and how much of the period each has used."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from billing import periods
from billing.limits.models import CAPS, KeyLimit, QuotaRaise

# All keys at once, for a list of them costs one statement however many there are.
USED = f"""
    SELECT k.api_key_id, sum(k.used)::bigint
    FROM billing_account a
    JOIN billing_plan p ON p.id = a.plan_id
    JOIN accounts_tenant t ON t.id = a.tenant_id
    JOIN billing_counter c
        ON c.tenant_id = t.id AND c.period_start >= {periods.WINDOW_START} AND c.period_end <= {periods.END}
    JOIN billing_keycounter k ON k.counter_id = c.id
    WHERE a.tenant_id = %(tenant)s
    GROUP BY k.api_key_id
"""  # noqa: S608 - only constants of `periods` are put in


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """A key's own caps, None where it has none, and the characters that it has used in this period."""

    characters_per_period: int | None = None
    requests_per_minute: int | None = None
    characters_per_minute: int | None = None
    concurrent_requests: int | None = None
    max_text_characters: int | None = None
    used: int = 0


def key_standings(tenant_id: UUID) -> dict[UUID, KeyStanding]:
    """By key; one that is missing has no caps and was never used."""
    with connection.cursor() as cursor:
        cursor.execute(USED, {"tenant": tenant_id, "at": timezone.now()})
        used = dict(cursor.fetchall())
    limits = KeyLimit.objects.filter(api_key__tenant=tenant_id).values("api_key_id", *CAPS)
    standings = {key: KeyStanding(used=characters) for key, characters in used.items()}
    for limit in limits:
        key = limit.pop("api_key_id")
        standings[key] = KeyStanding(**limit, used=used.get(key, 0))
    return standings


def raises_in_force(tenant_id: UUID) -> QuerySet[QuotaRaise]:
    """Of the tenant's quota, the one that ends first before the others."""
    now = timezone.now()
    return QuotaRaise.objects.filter(tenant_id=tenant_id, starts_at__lte=now, until__gt=now).order_by("until")
