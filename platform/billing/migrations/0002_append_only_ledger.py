"""The ledger only grows. (TRUNCATE stays possible: see the audit trail's migration.)"""

from django.db import migrations

APPEND_ONLY = """
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION voxhouse_append_only();
"""

APPEND_ONLY_UNDONE = "DROP TRIGGER ledger_is_append_only ON billing_ledgerentry;"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only_audit"),
        ("billing", "0001_plans_accounts_counters_ledger"),
    ]

    operations = [migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_UNDONE)]
