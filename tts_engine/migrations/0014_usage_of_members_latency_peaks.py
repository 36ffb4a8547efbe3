"""The days of the requests that are there already, now by member too and with how long they waited; and the
hours' most requests at once, from the ledger."""

from django.db import migrations

BUCKETS = 43
BOUNDS = "10,12,16,20,25,31,40,50,63,80,100,125,160,200,250,315,400,500,630,800,1000,1250,1600,2000,2500,3150,4000," \
    "5000,6300,8000,10000,12500,16000,20000,25000,31500,40000,50000,63000,80000,100000"


def _counts(ms: str) -> str:
    counts = ", ".join(f"count(*) FILTER (WHERE {ms} = {number})" for number in range(1, BUCKETS + 1))
    return f"ARRAY[{counts}]::integer[]"


def _bucket(ms: str) -> str:
    measured = f"s.status = 'done' AND NOT s.cache_hit AND s.job_id IS NULL AND {ms} IS NOT NULL"
    return f"CASE WHEN {measured} THEN width_bucket({ms}, ARRAY[{BOUNDS}]) + 1 ELSE {BUCKETS} END"


DAYS = f"""
    DELETE FROM billing_dailyusage;
    INSERT INTO billing_dailyusage (
        tenant_id, day, api_key_id, member_id, voice, model, requests, cached, failed, billed_characters,
        hanzi, other_characters, normalised_hanzi, normalised_other_characters, gbk_bytes, utf8_bytes,
        gbk_blocks_120, calls_300, audio_ms, busy_ms, waits, first_audio
    )
    SELECT tenant_id, day, api_key_id, member_id, voice, model,
           count(*) FILTER (WHERE done), count(*) FILTER (WHERE done AND cache_hit), count(*) FILTER (WHERE NOT done),
           COALESCE(sum(billed_characters) FILTER (WHERE done), 0),
           COALESCE(sum(hanzi) FILTER (WHERE done), 0),
           COALESCE(sum(other_characters) FILTER (WHERE done), 0),
           COALESCE(sum(normalised_characters - others) FILTER (WHERE done), 0),
           COALESCE(sum(others) FILTER (WHERE done), 0),
           COALESCE(sum(gbk_bytes) FILTER (WHERE done), 0), COALESCE(sum(utf8_bytes) FILTER (WHERE done), 0),
           COALESCE(sum((gbk_bytes + 119) / 120) FILTER (WHERE done), 0),
           COALESCE(sum((hanzi + other_characters + 299) / 300) FILTER (WHERE done), 0),
           COALESCE(sum(audio_ms) FILTER (WHERE done), 0), COALESCE(sum(synthesis_ms) FILTER (WHERE done), 0),
           {_counts("waited")}, {_counts("first_audio")}
    FROM (
        SELECT s.*, s.status = 'done' AS done, (s.created_at AT TIME ZONE t.time_zone)::date AS day,
               GREATEST(0, LEAST(s.other_characters, s.normalised_characters - s.hanzi)) AS others,
               {_bucket("s.queue_ms")} AS waited, {_bucket("(s.queue_ms + s.first_byte_ms::bigint)")} AS first_audio
        FROM tts_engine_synthesis s JOIN accounts_tenant t ON t.id = s.tenant_id
        WHERE s.status IN ('done', 'failed')
        OFFSET 0 -- or the planner writes the formula of a bucket into each of its counts
    ) ended
    GROUP BY tenant_id, day, api_key_id, member_id, voice, model;
"""  # noqa: S608 - only constants of this module are put in
PEAKS = """
    INSERT INTO billing_hourlypeak (tenant_id, hour, requests)
    SELECT tenant_id, date_trunc('hour', at, 'UTC'), max(left_open + 1)
    FROM (
        SELECT c.tenant_id, e.kind, e.at,
               sum(CASE WHEN e.kind = 'reserve' THEN 1 ELSE -1 END)
                   OVER (PARTITION BY c.tenant_id ORDER BY e.id ROWS UNBOUNDED PRECEDING) AS left_open
        FROM billing_ledgerentry e JOIN billing_counter c ON c.id = e.counter_id
        WHERE e.kind <> 'correct' AND e.job_id IS NULL
    ) moves
    WHERE kind <> 'reserve'
    GROUP BY 1, 2
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_usage_of_members_latency_peaks"), ("tts_engine", "0013_audio_and_label")]

    operations = [
        migrations.RunSQL(DAYS, migrations.RunSQL.noop),
        migrations.RunSQL(PEAKS, migrations.RunSQL.noop),
    ]
