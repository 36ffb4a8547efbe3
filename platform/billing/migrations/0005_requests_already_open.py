"""What was reserved before requests were counted holds its place; and room for the crowds the first plans promised.

Until now `concurrent_requests` was stored and not enforced, so its first values were never tried.
"""

from django.db import migrations

OPEN_REQUESTS = """
    UPDATE billing_account a SET open_requests = (
        SELECT count(*) FROM billing_ledgerentry e JOIN billing_counter c ON c.id = e.counter_id
        WHERE c.tenant_id = a.tenant_id AND e.kind = 'reserve' AND NOT EXISTS (
            SELECT FROM billing_ledgerentry ended
            WHERE ended.synthesis_id = e.synthesis_id AND ended.kind IN ('settle', 'release')
        )
    )
"""

ROOM = """
    UPDATE billing_plan SET concurrent_requests = CASE name WHEN 'standard' THEN 300 ELSE 3000 END
    WHERE (name, concurrent_requests) IN (('standard', 20), ('unlimited', 200))
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_limits_of_tenants_and_keys")]

    operations = [
        migrations.RunSQL(OPEN_REQUESTS, migrations.RunSQL.noop),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
    ]
