"""Adding a request to its day."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing.usage.facts import NAMES, UsageFacts

ADD = f"""
    INSERT INTO billing_dailyusage AS usage (tenant_id, day, api_key_id, voice, model, {", ".join(NAMES)})
    SELECT t.id, (%(at)s::timestamptz AT TIME ZONE t.time_zone)::date, %(api_key)s, %(voice)s, %(model)s,
           {", ".join(f"%({name})s" for name in NAMES)}
    FROM accounts_tenant t WHERE t.id = %(tenant)s
    ON CONFLICT (tenant_id, day, api_key_id, voice, model) DO UPDATE
    SET {", ".join(f"{name} = usage.{name} + excluded.{name}" for name in NAMES)}
"""  # noqa: S608 - only names of this package are put in


def usage_add(
    *, tenant_id: UUID, api_key_id: UUID | None, voice: str, model: str, at: datetime, facts: UsageFacts
) -> None:
    """Add to the day that holds `at`, the moment the request was made.

    Belongs into the transaction that ends the request, after the move of the ledger: every such
    transaction locks the tenant's counter first and its day second, so that none waits in a circle.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A day's sums belong into the transaction that ends the request.")
    values = usage_values(tenant_id=tenant_id, api_key_id=api_key_id, voice=voice, model=model, at=at, facts=facts)
    with connection.cursor() as cursor:
        cursor.execute(ADD, values)


def usage_values(
    *, tenant_id: UUID, api_key_id: UUID | None, voice: str, model: str, at: datetime, facts: UsageFacts
) -> dict[str, Any]:
    """What ADD is executed with."""
    key = {"tenant": tenant_id, "api_key": api_key_id, "voice": voice, "model": model, "at": at}
    return key | {name: getattr(facts, name) for name in NAMES}
