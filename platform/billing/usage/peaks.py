"""How many requests were open at once, from the ledger: to check what was written down, or to write it down anew."""

from collections.abc import Iterator
from uuid import UUID

from django.db import connection, transaction

from billing.reconciliation import Drift, check, repairs

# A tenant's moves happen one after the other, and its entries are numbered in that order.
PEAKS = """
    SELECT tenant_id, date_trunc('hour', at, 'UTC') AS hour, max(left_open + 1)::integer AS requests
    FROM (
        SELECT c.tenant_id, e.kind, e.at,
               sum(CASE WHEN e.kind = 'reserve' THEN 1 ELSE -1 END)
                   OVER (PARTITION BY c.tenant_id ORDER BY e.id ROWS UNBOUNDED PRECEDING) AS left_open
        FROM billing_ledgerentry e JOIN billing_counter c ON c.id = e.counter_id
        WHERE e.kind <> 'correct' AND e.job_id IS NULL AND (%(tenant)s::uuid IS NULL OR c.tenant_id = %(tenant)s)
    ) moves
    WHERE kind <> 'reserve'
    GROUP BY 1, 2
"""

DRIFTED = f"""
    SELECT t.name, hour, COALESCE(expected.requests, 0), COALESCE(found.requests, 0)
    FROM ({PEAKS}) expected
    FULL JOIN billing_hourlypeak found USING (tenant_id, hour)
    JOIN accounts_tenant t ON t.id = tenant_id
    WHERE expected.requests IS DISTINCT FROM found.requests
    ORDER BY t.name, hour
"""  # noqa: S608 - only constants of this module are put in


@check
def peaks_follow_the_ledger() -> Iterator[Drift]:
    with connection.cursor() as cursor:
        cursor.execute(DRIFTED, {"tenant": None})
        for tenant, hour, expected, found in cursor.fetchall():
            yield Drift(f"tenant {tenant}, usage of hour {hour}", "requests at once", expected, found)


@transaction.atomic
def rebuild(tenant_id: UUID | None = None) -> None:
    """Write down the peaks of the tenant's hours anew, or of all tenants'; requests that end meanwhile wait."""
    asked = {"tenant": tenant_id}
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE billing_hourlypeak IN EXCLUSIVE MODE")  # readers go on
        cursor.execute("DELETE FROM billing_hourlypeak WHERE %(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s", asked)
        cursor.execute(f"INSERT INTO billing_hourlypeak (tenant_id, hour, requests) {PEAKS}", asked)


repairs(rebuild)
