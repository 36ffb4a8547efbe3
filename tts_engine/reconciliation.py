"""Was each request billed what its row says? The engine's part of `manage.py reconcile`."""

from collections.abc import Iterator

from django.db import connection

from billing import reconciliation as billing
from billing.reconciliation import Drift

MOVES = ("reserved", "settled", "released")

# What the ledger must say of a row: all of it reserved, and once it has ended either settled or given
# back; a row from the cache is reserved what it bills, which is often nothing.
DIFFERENT_BILLS = f"""
    WITH found AS ({billing.BILLS}), expected AS (
        SELECT id, tenant_id,
               CASE WHEN cache_hit THEN billed_characters ELSE characters END AS reserved,
               CASE WHEN status = 'done' THEN billed_characters ELSE 0 END AS settled,
               CASE WHEN status IN ('failed', 'cancelled') THEN characters ELSE 0 END AS released
        FROM tts_engine_synthesis
    )
    SELECT t.name, COALESCE(e.id, f.synthesis_id),
           COALESCE(e.reserved, 0), COALESCE(e.settled, 0), COALESCE(e.released, 0),
           COALESCE(f.reserved, 0), COALESCE(f.settled, 0), COALESCE(f.released, 0)
    FROM expected e
    FULL JOIN found f ON f.synthesis_id = e.id AND f.tenant_id = e.tenant_id
    JOIN accounts_tenant t ON t.id = COALESCE(e.tenant_id, f.tenant_id)
    WHERE (COALESCE(e.reserved, 0), COALESCE(e.settled, 0), COALESCE(e.released, 0))
       <> (COALESCE(f.reserved, 0), COALESCE(f.settled, 0), COALESCE(f.released, 0))
      -- what was given back wholly owes nothing, even if its row was lost
      AND (e.id IS NOT NULL OR f.settled > 0 OR f.reserved <> f.released)
    ORDER BY t.name, COALESCE(e.id, f.synthesis_id)
"""  # noqa: S608 - only a constant is put in


@billing.check
def every_row_is_billed_as_it_ended() -> Iterator[Drift]:
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENT_BILLS)
        for tenant, synthesis, *amounts in cursor.fetchall():
            for what, expected, found in zip(MOVES, amounts[:3], amounts[3:], strict=True):
                if expected != found:
                    yield Drift(f"tenant {tenant}, synthesis {synthesis}", what, expected, found)
