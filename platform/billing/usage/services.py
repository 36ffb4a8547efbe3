"""Adding a request to its day and its hour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing.usage.facts import NAMES, UsageFacts

# Parts of one statement, for it is one way to the server and back; the hour is not told of what failed.
SUMS = f"""
    day AS (
        INSERT INTO billing_dailyusage AS usage (tenant_id, day, api_key_id, voice, model, {", ".join(NAMES)})
        SELECT t.id, (%(at)s::timestamptz AT TIME ZONE t.time_zone)::date, %(api_key)s, %(voice)s, %(model)s,
               {", ".join(f"%({name})s" for name in NAMES)}
        FROM accounts_tenant t WHERE t.id = %(tenant)s
        ON CONFLICT (tenant_id, day, api_key_id, voice, model) DO UPDATE
        SET {", ".join(f"{name} = usage.{name} + excluded.{name}" for name in NAMES)}
    ),
    hour AS (
        INSERT INTO billing_hourlyusage AS usage
            (tenant_id, hour, api_key_id, member_id, model, requests, billed_characters)
        SELECT %(tenant)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'), %(api_key)s::uuid, %(member)s::bigint,
               %(model)s, %(requests)s, %(billed_characters)s
        WHERE %(requests)s > 0
        ON CONFLICT (tenant_id, hour, api_key_id, member_id, model) DO UPDATE
        SET requests = usage.requests + excluded.requests,
            billed_characters = usage.billed_characters + excluded.billed_characters
    )
"""  # noqa: S608 - only names of this package are put in
ADD = f"WITH {SUMS} SELECT"


def usage_add(values: Mapping[str, Any]) -> None:
    """Add a request to the day and the hour that hold the moment it was made; `values` are of `usage_values`.

    Belongs into the transaction that ends the request, after the move of the ledger: every such
    transaction locks the tenant's counter first and its sums second, so that none waits in a circle.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Sums of usage belong into the transaction that ends the request.")
    with connection.cursor() as cursor:
        cursor.execute(ADD, values)


def usage_values(
    *,
    tenant_id: UUID,
    api_key_id: UUID | None,
    member_id: int | None,
    voice: str,
    model: str,
    at: datetime,
    facts: UsageFacts,
) -> dict[str, Any]:
    """What SUMS is executed with; `at` is the moment the request was made."""
    made = {"tenant": tenant_id, "api_key": api_key_id, "member": member_id, "voice": voice, "model": model, "at": at}
    return made | {name: getattr(facts, name) for name in NAMES}
