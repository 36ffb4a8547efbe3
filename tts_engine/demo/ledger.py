"""The ledger, counters and parts of keys that rows which have ended would have left, in the order they were made."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

# A row from the cache was not reserved: repeats are free on the demo's plans.
BILLED = """
    SELECT s.id, s.tenant_id, s.api_key_id, s.status, s.characters, s.billed_characters, s.created_at, s.finished_at,
           date_trunc('month', s.created_at AT TIME ZONE t.time_zone) AS month, t.time_zone
    FROM tts_engine_synthesis s JOIN accounts_tenant t ON t.id = s.tenant_id
    WHERE s.tenant_id = ANY(%(tenants)s) AND NOT s.cache_hit
"""

COUNTERS = f"""
    INSERT INTO billing_counter (tenant_id, period_start, period_end, used, reserved, virtual_finish,
                                 job_virtual_finish)
    SELECT tenant_id, month AT TIME ZONE time_zone, (month + interval '1 month') AT TIME ZONE time_zone,
           sum(billed_characters), 0, 0, 0
    FROM ({BILLED}) billed GROUP BY tenant_id, month, time_zone ORDER BY tenant_id, month
"""  # noqa: S608 - only constants of this module are put in

KEYS = """
    INSERT INTO billing_keylimit (api_key_id, open_requests)
    SELECT id, 0 FROM accounts_apikey WHERE tenant_id = ANY(%(tenants)s)
"""

KEY_COUNTERS = f"""
    INSERT INTO billing_keycounter (counter_id, api_key_id, used, reserved)
    SELECT c.id, b.api_key_id, sum(b.billed_characters), 0
    FROM ({BILLED}) b
    JOIN billing_counter c ON c.tenant_id = b.tenant_id AND c.period_start = b.month AT TIME ZONE b.time_zone
    WHERE b.api_key_id IS NOT NULL
    GROUP BY c.id, b.api_key_id
"""  # noqa: S608 - only constants of this module are put in

ENTRIES = f"""
    INSERT INTO billing_ledgerentry (counter_id, synthesis_id, api_key_id, kind, characters,
                                     used_before, used_after, reserved_before, reserved_after, at)
    SELECT counter_id, id, api_key_id, kind, characters, used - billed, used, reserved - held, reserved, at
    FROM (
        SELECT c.id AS counter_id, b.tenant_id, b.id, b.api_key_id, move.*,
               (sum(move.billed) OVER moves)::bigint AS used, (sum(move.held) OVER moves)::bigint AS reserved
        FROM ({BILLED}) b
        JOIN billing_counter c ON c.tenant_id = b.tenant_id AND c.period_start = b.month AT TIME ZONE b.time_zone
        CROSS JOIN LATERAL (VALUES
            (1, 'reserve', b.characters, 0, b.characters, b.created_at),
            (2, CASE b.status WHEN 'done' THEN 'settle' ELSE 'release' END,
             CASE b.status WHEN 'done' THEN b.billed_characters ELSE b.characters END, b.billed_characters,
             -b.characters, b.finished_at)
        ) move (step, kind, characters, billed, held, at)
        WINDOW moves AS (PARTITION BY c.id ORDER BY move.at, move.step, b.id ROWS UNBOUNDED PRECEDING)
    ) moves
    ORDER BY tenant_id, at, step, id
"""  # noqa: S608 - only constants of this module are put in


def write(tenants: Sequence[UUID]) -> None:
    """For teams whose requests have all ended and which have no ledger yet."""
    with connection.cursor() as cursor:
        for statement in (COUNTERS, KEYS, KEY_COUNTERS, ENTRIES):
            cursor.execute(statement, {"tenants": list(tenants)})
