"""Reservations that nobody will end any more, because their synthesis has ended or is gone.

The transaction that ends a synthesis also ends its reservation, so there are none unless rows were
lost or changed by hand, or by a restored backup. The sweeper finds and ends them all the same: a
character promised for ever would be a character of the quota lost.
"""

from uuid import UUID

import structlog
from django.db import connection, transaction

from billing import services as billing
from tts_engine.models import Status

log = structlog.get_logger()

# Cheap while all is well: the ledger is read only of tenants whose count of what is open is not the
# number of their rows in the queue, those of jobs that are held too. One statement reads one snapshot,
# in which a reservation and its row are there together or not at all.
STALE = """
    WITH live AS (
        SELECT tenant_id, count(*) AS requests FROM tts_engine_synthesis
        WHERE status IN ('queued', 'held', 'running')
        GROUP BY tenant_id
    ), suspects AS (
        SELECT a.tenant_id FROM billing_account a LEFT JOIN live ON live.tenant_id = a.tenant_id
        WHERE a.open_requests + a.open_job_rows <> COALESCE(live.requests, 0)
    )
    SELECT e.synthesis_id, s.status, COALESCE(s.billed_characters, 0)
    FROM suspects
    JOIN billing_counter c ON c.tenant_id = suspects.tenant_id
    JOIN billing_ledgerentry e ON e.counter_id = c.id AND e.kind = 'reserve'
    LEFT JOIN tts_engine_synthesis s ON s.id = e.synthesis_id
    WHERE (s.id IS NULL OR s.status NOT IN ('queued', 'held', 'running'))
      AND NOT EXISTS (
          SELECT FROM billing_ledgerentry ended
          WHERE ended.synthesis_id = e.synthesis_id AND ended.kind IN ('settle', 'release')
      )
    ORDER BY e.id
"""


def expire_reservations() -> int:
    """Settle those whose synthesis is done as its row says, release the others; how many."""
    with connection.cursor() as cursor:
        cursor.execute(STALE)
        found = cursor.fetchall()
    return sum(_expire(*stale) for stale in found)


@transaction.atomic
def _expire(synthesis_id: UUID, status: str | None, billed: int) -> bool:
    log.warning("stale_reservation", synthesis=str(synthesis_id), status=status)
    if status == Status.DONE:
        return billing.settle(synthesis_id=synthesis_id, characters=billed)
    return billing.release(synthesis_id=synthesis_id)
