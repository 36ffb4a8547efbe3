"""The hours of the requests that are there already; days are as they were."""

from django.db import migrations

HOURS = """
    INSERT INTO billing_hourlyusage (tenant_id, hour, api_key_id, member_id, model, requests, billed_characters)
    SELECT tenant_id, date_trunc('hour', created_at, 'UTC'), api_key_id, member_id, model, count(*),
           sum(billed_characters)
    FROM tts_engine_synthesis
    WHERE status = 'done'
    GROUP BY 1, 2, 3, 4, 5
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_hourly_usage"), ("tts_engine", "0004_the_members_number_stays")]

    operations = [migrations.RunSQL(HOURS, migrations.RunSQL.noop)]
