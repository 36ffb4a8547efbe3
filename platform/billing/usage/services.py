"""Adding a request to its day and its hour."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing.usage.facts import NAMES, UsageFacts
from billing.usage.latency import NOTHING, bucket


def _counted(latency: str) -> str:
    """SQL: as many more in the bucket as the new row has there, and it has none in the others."""
    number = f"array_position(excluded.{latency}, %(times)s)"
    return f"{latency}[{number}] = old.{latency}[{number}] + %(times)s"


def sums(only_if: str = "true") -> str:
    """Parts of one statement, for it is one way to the server and back; the hour is not told of what failed.

    They add `times` requests that are alike. `only_if` is a condition, in SQL, without which neither is told.
    """
    return f"""
    day AS (
        INSERT INTO billing_dailyusage AS old
            (tenant_id, day, api_key_id, member_id, voice, model, {", ".join(NAMES)}, waits, first_audio)
        SELECT t.id, (%(at)s::timestamptz AT TIME ZONE t.time_zone)::date, %(api_key)s::uuid, %(member)s::bigint,
               %(voice)s, %(model)s, {", ".join(f"%({name})s*n" for name in NAMES)},
               %(waits)s::integer[], %(first_audio)s::integer[]
        FROM accounts_tenant t, (SELECT %(times)s::int AS n) times WHERE t.id = %(tenant)s AND {only_if}
        ON CONFLICT (tenant_id, day, api_key_id, member_id, voice, model) DO UPDATE
        SET {", ".join(f"{name} = old.{name} + excluded.{name}" for name in NAMES)},
            {_counted("waits")}, {_counted("first_audio")}
    ),
    hour AS (
        INSERT INTO billing_hourlyusage AS old
            (tenant_id, hour, api_key_id, member_id, model, requests, billed_characters)
        SELECT %(tenant)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'), %(api_key)s::uuid, %(member)s::bigint,
               %(model)s, %(requests)s*n, %(billed_characters)s*n
        FROM (SELECT %(times)s::int AS n) times WHERE %(requests)s > 0 AND {only_if}
        ON CONFLICT (tenant_id, hour, api_key_id, member_id, model) DO UPDATE
        SET requests = old.requests + excluded.requests,
            billed_characters = old.billed_characters + excluded.billed_characters
    )
"""  # noqa: S608 - only names of this package are put in


ADD = f"WITH {sums()} SELECT"


@lru_cache(1000)
def _in_bucket(number: int, times: int) -> str:
    """So many requests in one bucket, as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, (*NOTHING[1:number], times, *NOTHING[number:])))}}}"


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
    waited_ms: int | None = None,
    first_audio_ms: int | None = None,
    times: int = 1,
) -> dict[str, Any]:
    """What a statement with `sums` is executed with; `at` is the moment the request was made.

    The milliseconds are from that moment on: until a worker began, and until there was audio. None where
    nobody waited or no worker spoke. `times` requests are alike in all of that.
    """
    made = {"tenant": tenant_id, "api_key": api_key_id, "member": member_id, "voice": voice, "model": model, "at": at}
    buckets = {"waits": bucket(waited_ms), "first_audio": bucket(first_audio_ms)}
    latency = {name: _in_bucket(number, times) for name, number in buckets.items()}
    return made | latency | {"times": times} | {name: getattr(facts, name) for name in NAMES}
