"""What Django's constraints cannot say: the trail only grows, and a tenant's time zone exists.

TRUNCATE stays possible: no statement of ours uses it, and emptying a test database does.
"""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION voxhouse_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION voxhouse_append_only();
"""

APPEND_ONLY_UNDONE = """
DROP TRIGGER audit_is_append_only ON accounts_auditevent;
DROP FUNCTION voxhouse_append_only();
"""

# An unknown zone makes the expression itself fail, so the row is refused either way.
KNOWN_TIME_ZONE = """
ALTER TABLE accounts_tenant ADD CONSTRAINT tenant_time_zone_is_known
    CHECK ((timestamp '2000-01-01' AT TIME ZONE time_zone) IS NOT NULL);
"""

KNOWN_TIME_ZONE_UNDONE = "ALTER TABLE accounts_tenant DROP CONSTRAINT tenant_time_zone_is_known;"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people_tenants_keys_audit")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_UNDONE),
        migrations.RunSQL(KNOWN_TIME_ZONE, KNOWN_TIME_ZONE_UNDONE),
    ]
