"""The SQL of the ledger's moves. `services` runs it.

Every statement takes the lock of the tenant's account first, so a tenant's moves happen one after
the other and no two of them wait for each other crosswise. A row that is locked here is read as it
is once the lock is had, not as it was when the statement began (PostgreSQL, READ COMMITTED): what
was counted by somebody who committed meanwhile is seen. Sums over rows that are not locked would
not have that property; there are none.
"""

from billing import periods


def _spent(minute_until: str) -> str:
    """SQL: up to when the bucket of a minute's characters is spent; `at` where it is full.

    It never lies more than a minute ahead, give or take what the clocks of two machines differ by; a
    moment further away was written before a clock was set back, and is not believed.
    """
    return (
        f"CASE WHEN {minute_until} < %(at)s + interval '2 minutes'"
        f" THEN GREATEST({minute_until}, %(at)s) ELSE %(at)s END"
    )


# Room is looked for and taken in one statement, of three parts: `held` and what follows it lock and read
# what the limits look at, `verdict` decides, the rest moves if nothing refuses. Always one row, with the
# numbers the verdict rests on; no row where a counter has yet to be opened.
#
# Fairness is start-time fair queueing (Goyal, Vin and Cheng 1996): S = max(virtual time, the tenant's
# last finish), finish = S + characters / weight. What somebody waits for and what nobody waits for are
# two queues, each with a finish of its own: who has a long job running is not behind with requests.
# Characters a minute are a bucket of one minute's characters that fills evenly, kept as the moment when
# it will be full again (the generic cell rate algorithm of ITU-T I.371).


def _read(finish: str) -> str:
    """SQL: what the limits look at, of the tenant and of the key, locked; `earlier` are a rolling period's days."""
    return f"""held AS (
        SELECT a.tenant_id, a.open_requests, a.minute_until, a.suspended_at, p.priority, p.weight, p.overage,
               p.concurrent_requests, p.characters_per_minute, p.max_text_characters, {periods.QUOTA} AS quota,
               c.id AS counter_id, c.used, c.reserved, c.{finish} AS last_finish, c.period_end,
               {periods.WINDOW_START} AS window_start, {periods.WINDOW_END} AS window_end
        FROM billing_account a
        JOIN billing_plan p ON p.id = a.plan_id
        JOIN accounts_tenant t ON t.id = a.tenant_id
        JOIN billing_counter c
            ON c.tenant_id = a.tenant_id AND c.period_start = {periods.START} AND c.period_end = {periods.END}
        WHERE a.tenant_id = %(tenant)s
        FOR NO KEY UPDATE OF a, c
    ), earlier AS (
        SELECT o.id, o.used, o.reserved
        FROM held JOIN billing_counter o
            ON o.tenant_id = held.tenant_id AND o.id <> held.counter_id
            AND o.period_start >= held.window_start AND o.period_end <= held.window_end
        FOR NO KEY UPDATE OF o
    ), key AS (
        SELECT l.*, k.id AS counter_id, k.used, k.reserved
        FROM held
        JOIN billing_keylimit l ON l.api_key_id = %(api_key)s
        JOIN billing_keycounter k ON k.counter_id = held.counter_id AND k.api_key_id = l.api_key_id
        FOR NO KEY UPDATE OF l, k
    ), key_earlier AS (
        SELECT k.used, k.reserved
        FROM earlier JOIN billing_keycounter k ON k.counter_id = earlier.id AND k.api_key_id = %(api_key)s
        FOR NO KEY UPDATE OF k
    )"""  # noqa: S608 - see RESERVE


_JUDGED = f"""now AS (
        SELECT held.*,
               held.used + (SELECT COALESCE(sum(used), 0) FROM earlier)::bigint AS period_used,
               held.reserved + (SELECT COALESCE(sum(reserved), 0) FROM earlier)::bigint AS period_reserved,
               key.counter_id AS key_counter_id,
               key.characters_per_period AS key_quota,
               key.used + (SELECT COALESCE(sum(used), 0) FROM key_earlier)::bigint AS key_used,
               key.reserved + (SELECT COALESCE(sum(reserved), 0) FROM key_earlier)::bigint AS key_reserved,
               key.open_requests AS key_open,
               key.concurrent_requests AS key_concurrent_requests,
               LEAST(held.max_text_characters, key.max_text_characters) AS longest_text,
               GREATEST(held.last_finish, %(virtual_time)s) AS start_tag,
               {_spent("held.minute_until")}
                   + interval '1 minute' * (%(metered)s::float / held.characters_per_minute) AS full_at,
               {_spent("key.minute_until")}
                   + interval '1 minute' * (%(metered)s::float / key.characters_per_minute) AS key_full_at
        FROM held LEFT JOIN key ON true
        WHERE key.counter_id IS NOT NULL OR %(api_key)s::uuid IS NULL
    ), verdict AS (
        SELECT *, start_tag + %(work)s::bigint / weight AS finish_tag, CASE
            WHEN suspended_at IS NOT NULL THEN 'suspended'
            WHEN %(longest)s > longest_text THEN 'text'
            WHEN NOT overage AND period_used + period_reserved + %(characters)s > quota THEN 'quota'
            WHEN key_used + key_reserved + %(characters)s > key_quota THEN 'key_quota'
            WHEN GREATEST(full_at, key_full_at) > %(at)s + interval '1 minute' THEN 'rate'
            WHEN %(waits)s AND open_requests >= concurrent_requests THEN 'concurrency'
            WHEN %(waits)s AND key_open >= key_concurrent_requests THEN 'key_concurrency'
        END AS refusal
        FROM now
    )"""  # noqa: S608 - see RESERVE


def _moved(finish: str, opened: str, key_opened: str, entries: str) -> str:
    """SQL: what the ledger and all that is derived from it become where nothing refuses."""
    return f"""moved AS (
        UPDATE billing_counter c
        SET reserved = c.reserved + %(characters)s, {finish} = v.finish_tag
        FROM verdict v WHERE v.refusal IS NULL AND c.id = v.counter_id
        RETURNING c.id, c.used, c.reserved
    ), account_moved AS (
        UPDATE billing_account a SET {opened}, minute_until = v.full_at
        FROM verdict v WHERE v.refusal IS NULL AND a.tenant_id = v.tenant_id
    ), key_moved AS (
        UPDATE billing_keylimit l SET {key_opened}minute_until = v.key_full_at
        FROM verdict v WHERE v.refusal IS NULL AND l.api_key_id = %(api_key)s
    ), key_counter_moved AS (
        UPDATE billing_keycounter k SET reserved = k.reserved + %(characters)s
        FROM verdict v WHERE v.refusal IS NULL AND k.id = v.key_counter_id
    ), written AS (
        INSERT INTO billing_ledgerentry (counter_id, synthesis_id, api_key_id, job_id, kind, characters,
                                         used_before, used_after, reserved_before, reserved_after, at)
        {entries}
    )"""  # noqa: S608 - see RESERVE


def _reserve(*, finish: str, opened: str, key_opened: str, entries: str) -> str:
    """The statement, with the column of the queue's finish, and what differs between a request and a job."""
    return f"""
    WITH {_read(finish)}, {_JUDGED}, {_moved(finish, opened, key_opened, entries)}
    SELECT refusal, start_tag, finish_tag, priority, longest_text, quota, period_used, period_reserved,
           key_quota, key_used, key_reserved, concurrent_requests, key_concurrent_requests, period_end,
           extract(epoch FROM GREATEST(full_at, key_full_at) - %(at)s)::float - 60 AS wait
    FROM verdict
"""  # noqa: S608 - only constants of this module are put in


_A_REQUEST = {
    "opened": "open_requests = a.open_requests + 1",
    "key_opened": "open_requests = l.open_requests + 1, ",
    "entries": """
        SELECT id, %(synthesis)s, %(api_key)s, NULL::uuid, 'reserve', %(characters)s,
               used, used, reserved - %(characters)s, reserved, %(at)s
        FROM moved
    """,
}
# A job is reserved as a whole, with an entry for each of its rows, in their order. They take no places of
# requests.
_A_JOB = {
    "opened": "open_job_rows = a.open_job_rows + %(rows)s",
    "key_opened": "",
    "entries": """
        SELECT m.id, r.synthesis_id, %(api_key)s, %(job)s::uuid, 'reserve', r.characters,
               m.used, m.used, m.reserved - %(characters)s + r.before,
               m.reserved - %(characters)s + r.before + r.characters, %(at)s
        FROM moved m, unnest(%(syntheses)s::uuid[], %(sizes)s::bigint[], %(before)s::bigint[])
            AS r (synthesis_id, characters, before)
        ORDER BY r.before
    """,
}
RESERVE = _reserve(finish="virtual_finish", **_A_REQUEST)
RESERVE_UNHURRIED = _reserve(finish="job_virtual_finish", **_A_REQUEST)
RESERVE_JOB = _reserve(finish="job_virtual_finish", **_A_JOB)

# A month's or day's first request opens the tenant's counter, a key's first one the key's rows.
# The queue knows no months: a tenant's work that still waits from the last one keeps its place.
OPEN_COUNTER = f"""
    INSERT INTO billing_counter (tenant_id, period_start, period_end, used, reserved,
                                 virtual_finish, job_virtual_finish)
    SELECT t.id, {periods.START}, {periods.END}, 0, 0,
           COALESCE((SELECT max(virtual_finish) FROM billing_counter WHERE tenant_id = t.id), 0),
           COALESCE((SELECT max(job_virtual_finish) FROM billing_counter WHERE tenant_id = t.id), 0)
    FROM accounts_tenant t JOIN billing_account a ON a.tenant_id = t.id JOIN billing_plan p ON p.id = a.plan_id
    WHERE t.id = %(tenant)s
    ON CONFLICT (tenant_id, period_start, period_end) DO NOTHING
"""  # noqa: S608 - see RESERVE

OPEN_KEY = """
    INSERT INTO billing_keylimit (api_key_id, open_requests)
    SELECT id, 0 FROM accounts_apikey WHERE id = %(api_key)s AND tenant_id = %(tenant)s
    ON CONFLICT (api_key_id) DO NOTHING
"""

OPEN_KEY_COUNTER = f"""
    INSERT INTO billing_keycounter (counter_id, api_key_id, used, reserved)
    SELECT c.id, k.id, 0, 0
    FROM billing_account a
    JOIN billing_plan p ON p.id = a.plan_id
    JOIN accounts_tenant t ON t.id = a.tenant_id
    JOIN accounts_apikey k ON k.tenant_id = t.id AND k.id = %(api_key)s
    JOIN billing_counter c ON c.tenant_id = t.id AND c.period_start = {periods.START} AND c.period_end = {periods.END}
    WHERE a.tenant_id = %(tenant)s
    ON CONFLICT (counter_id, api_key_id) DO NOTHING
"""  # noqa: S608 - see RESERVE

# On its own before END, whose reading then begins after the lock is had: of two ends at once the
# second sees the first.
LOCK_RESERVATION = """
    SELECT e.counter_id, e.api_key_id, e.job_id, e.characters
    FROM billing_ledgerentry e
    JOIN billing_counter c ON c.id = e.counter_id
    JOIN billing_account a ON a.tenant_id = c.tenant_id
    WHERE e.synthesis_id = %(synthesis)s AND e.kind = 'reserve'
    FOR NO KEY UPDATE OF a
"""

# An alert belongs to the period that is billed; its level is looked at with the raises of now. What was open
# at once was most just before something ended; it is written down only where an hour had not seen so many.
END = f"""
    WITH moved AS (
        UPDATE billing_counter
        SET used = used + %(billed)s, reserved = reserved - %(held)s
        WHERE id = %(counter)s AND NOT EXISTS (
            SELECT FROM billing_ledgerentry WHERE synthesis_id = %(synthesis)s AND kind IN ('settle', 'release')
        )
        RETURNING id, tenant_id, period_start, period_end, used, reserved
    ), account_moved AS (
        UPDATE billing_account a
        SET open_requests = a.open_requests - %(requests)s, open_job_rows = a.open_job_rows - %(job_rows)s
        FROM moved WHERE a.tenant_id = moved.tenant_id
        RETURNING a.tenant_id, date_trunc('hour', %(at)s::timestamptz, 'UTC') AS hour,
                  a.open_requests + 1 AS were_open
    ), peak AS (
        INSERT INTO billing_hourlypeak (tenant_id, hour, requests)
        SELECT tenant_id, hour, were_open FROM account_moved
        WHERE %(requests)s = 1 AND NOT EXISTS (
            SELECT FROM billing_hourlypeak known
            WHERE known.tenant_id = account_moved.tenant_id AND known.hour = account_moved.hour
              AND known.requests >= were_open
        )
        ON CONFLICT (tenant_id, hour) DO UPDATE SET requests = excluded.requests
    ), key_moved AS (
        UPDATE billing_keylimit l SET open_requests = l.open_requests - %(requests)s
        FROM moved WHERE l.api_key_id = %(api_key)s
    ), key_counter_moved AS (
        UPDATE billing_keycounter k SET used = k.used + %(billed)s, reserved = k.reserved - %(held)s
        FROM moved WHERE k.counter_id = moved.id AND k.api_key_id = %(api_key)s
    ), sums AS (
        SELECT moved.id, {periods.QUOTA} AS quota, moved.used + COALESCE((
            SELECT sum(o.used) FROM billing_counter o
            WHERE o.tenant_id = t.id AND o.id <> moved.id AND o.period_end <= moved.period_end
              AND o.period_start >= moved.period_start - make_interval(days => COALESCE(p.rolling_days, 1) - 1)
        ), 0)::bigint AS used
        FROM moved
        JOIN accounts_tenant t ON t.id = moved.tenant_id
        JOIN billing_account a ON a.tenant_id = t.id
        JOIN billing_plan p ON p.id = a.plan_id
    ), alerted AS (
        INSERT INTO billing_alert (counter_id, percent, used, quota, at)
        SELECT sums.id, level.percent, sums.used, sums.quota, %(at)s
        FROM sums CROSS JOIN (VALUES (80), (100)) level (percent)
        WHERE %(billed)s > 0 AND sums.used * 100 >= sums.quota * level.percent
        ON CONFLICT (counter_id, percent) DO NOTHING
        RETURNING id
    ), written AS (
        INSERT INTO billing_ledgerentry (counter_id, synthesis_id, api_key_id, job_id, kind, characters,
                                         used_before, used_after, reserved_before, reserved_after, at)
        SELECT id, %(synthesis)s, %(api_key)s, %(job)s, %(kind)s, %(characters)s,
               used - %(billed)s, used, reserved + %(held)s, reserved, %(at)s
        FROM moved
        RETURNING id
    )
    SELECT (SELECT count(*) FROM written), ARRAY(SELECT id FROM alerted ORDER BY id)
"""  # noqa: S608 - see RESERVE

# On its own before RELEASE_ROWS, for the same reason.
LOCK_ACCOUNT = "SELECT FROM billing_account WHERE tenant_id = %(tenant)s FOR NO KEY UPDATE"

# Rows of a job that will not be spoken; what of them has ended already stays as it is. They may be of
# several periods and keys, for a failed row is reserved anew when it is tried again.
RELEASE_ROWS = """
    WITH open AS (
        SELECT e.counter_id, e.api_key_id, e.job_id, e.synthesis_id, e.characters,
               sum(e.characters) OVER (PARTITION BY e.counter_id ORDER BY e.id)::bigint AS upto
        FROM billing_ledgerentry e JOIN billing_counter c ON c.id = e.counter_id
        WHERE e.synthesis_id = ANY(%(syntheses)s::uuid[]) AND e.kind = 'reserve' AND c.tenant_id = %(tenant)s
          AND e.job_id IS NOT NULL
          AND NOT EXISTS (
              SELECT FROM billing_ledgerentry ended
              WHERE ended.synthesis_id = e.synthesis_id AND ended.kind IN ('settle', 'release')
          )
    ), moved AS (
        UPDATE billing_counter c SET reserved = c.reserved - o.characters
        FROM (SELECT counter_id, sum(characters)::bigint AS characters FROM open GROUP BY counter_id) o
        WHERE c.id = o.counter_id
        RETURNING c.id, c.used, c.reserved + o.characters AS reserved
    ), account_moved AS (
        UPDATE billing_account a SET open_job_rows = a.open_job_rows - (SELECT count(*) FROM open)
        WHERE a.tenant_id = %(tenant)s
    ), key_counter_moved AS (
        UPDATE billing_keycounter k SET reserved = k.reserved - o.characters
        FROM (
            SELECT counter_id, api_key_id, sum(characters)::bigint AS characters FROM open
            GROUP BY counter_id, api_key_id
        ) o
        WHERE k.counter_id = o.counter_id AND k.api_key_id = o.api_key_id
    ), written AS (
        INSERT INTO billing_ledgerentry (counter_id, synthesis_id, api_key_id, job_id, kind, characters,
                                         used_before, used_after, reserved_before, reserved_after, at)
        SELECT m.id, o.synthesis_id, o.api_key_id, o.job_id, 'release', o.characters,
               m.used, m.used, m.reserved - o.upto + o.characters, m.reserved - o.upto, %(at)s
        FROM open o JOIN moved m ON m.id = o.counter_id
        ORDER BY m.id, o.upto
        RETURNING id
    )
    SELECT count(*) FROM written
"""
