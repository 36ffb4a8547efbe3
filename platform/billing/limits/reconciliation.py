"""What is derived beside the counters: open requests, and each key's part. The ledger is the truth here too."""

from collections.abc import Iterator

from django.db import connection, transaction

from billing.reconciliation import Drift, check, repairs

# Every reservation that has not ended.
OPEN = """
    SELECT c.tenant_id, e.api_key_id, e.job_id, e.counter_id, e.characters
    FROM billing_ledgerentry e JOIN billing_counter c ON c.id = e.counter_id
    WHERE e.kind = 'reserve' AND NOT EXISTS (
        SELECT FROM billing_ledgerentry ended
        WHERE ended.synthesis_id = e.synthesis_id AND ended.kind IN ('settle', 'release')
    )
"""

DRIFTED = f"""
    WITH open AS ({OPEN}), of_tenants AS (
        SELECT tenant_id, count(*) FILTER (WHERE job_id IS NULL) AS requests, count(job_id) AS job_rows
        FROM open GROUP BY tenant_id
    ), of_keys AS (
        SELECT api_key_id, count(*) AS requests FROM open WHERE job_id IS NULL GROUP BY api_key_id
    ), reserved AS (
        SELECT counter_id, api_key_id, sum(characters)::bigint AS characters FROM open GROUP BY counter_id, api_key_id
    ), used AS (
        SELECT counter_id, api_key_id, sum(characters)::bigint AS characters FROM billing_ledgerentry
        WHERE kind = 'settle' GROUP BY counter_id, api_key_id
    )
    SELECT 'tenant ' || t.name, 'open_requests', COALESCE(o.requests, 0), a.open_requests
    FROM billing_account a JOIN accounts_tenant t ON t.id = a.tenant_id LEFT JOIN of_tenants o USING (tenant_id)
    WHERE a.open_requests <> COALESCE(o.requests, 0)
    UNION ALL
    SELECT 'tenant ' || t.name, 'open_job_rows', COALESCE(o.job_rows, 0), a.open_job_rows
    FROM billing_account a JOIN accounts_tenant t ON t.id = a.tenant_id LEFT JOIN of_tenants o USING (tenant_id)
    WHERE a.open_job_rows <> COALESCE(o.job_rows, 0)
    UNION ALL
    SELECT 'key ' || l.api_key_id, 'open_requests', COALESCE(o.requests, 0), l.open_requests
    FROM billing_keylimit l LEFT JOIN of_keys o USING (api_key_id)
    WHERE l.open_requests <> COALESCE(o.requests, 0)
    UNION ALL
    SELECT 'key ' || k.api_key_id || ', counter ' || k.counter_id, 'used', COALESCE(u.characters, 0), k.used
    FROM billing_keycounter k LEFT JOIN used u USING (counter_id, api_key_id)
    WHERE k.used <> COALESCE(u.characters, 0)
    UNION ALL
    SELECT 'key ' || k.api_key_id || ', counter ' || k.counter_id, 'reserved', COALESCE(r.characters, 0), k.reserved
    FROM billing_keycounter k LEFT JOIN reserved r USING (counter_id, api_key_id)
    WHERE k.reserved <> COALESCE(r.characters, 0)
    ORDER BY 1, 2
"""  # noqa: S608 - only a constant is put in


@check
def open_requests_and_keys_follow_the_ledger() -> Iterator[Drift]:
    with connection.cursor() as cursor:
        cursor.execute(DRIFTED)
        for where, what, expected, found in cursor.fetchall():
            yield Drift(where, what, expected, found)


REPAIRS = f"""
    UPDATE billing_account a SET (open_requests, open_job_rows) = (
        SELECT count(*) FILTER (WHERE o.job_id IS NULL), count(o.job_id)
        FROM ({OPEN}) o WHERE o.tenant_id = a.tenant_id
    );
    UPDATE billing_keylimit l SET open_requests = (
        SELECT count(*) FROM ({OPEN}) o WHERE o.api_key_id = l.api_key_id AND o.job_id IS NULL
    );
    UPDATE billing_keycounter k SET
        used = COALESCE((
            SELECT sum(e.characters) FROM billing_ledgerentry e
            WHERE e.kind = 'settle' AND e.counter_id = k.counter_id AND e.api_key_id = k.api_key_id
        ), 0),
        reserved = COALESCE((
            SELECT sum(o.characters) FROM ({OPEN}) o
            WHERE o.counter_id = k.counter_id AND o.api_key_id = k.api_key_id
        ), 0);
"""  # noqa: S608 - only a constant is put in


@repairs
@transaction.atomic
def set_right() -> None:
    """While this holds every account, nothing moves."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE billing_account IN EXCLUSIVE MODE")
        cursor.execute(REPAIRS)
