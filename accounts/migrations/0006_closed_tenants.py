"""A tenant that is closed may be deleted, its part of the trail with it; nothing else of the trail ever."""

from django.db import migrations, models

# Of prices, which belong to no tenant, the function of old goes on to refuse everything.
OF_A_CLOSED_TENANT = """
CREATE FUNCTION voxhouse_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM accounts_tenant t WHERE t.id = OLD.tenant_id AND t.closed_at IS NOT NULL
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER audit_is_append_only ON accounts_auditevent;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION voxhouse_audit_append_only();
"""

UNDONE = """
DROP TRIGGER audit_is_append_only ON accounts_auditevent;
DROP FUNCTION voxhouse_audit_append_only();
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION voxhouse_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_first_steps_dismissed'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='closed_at',
            field=models.DateTimeField(blank=True, help_text='since when it is being deleted: nothing of it works, and its ledger and trail may go', null=True),
        ),
        migrations.RunSQL(OF_A_CLOSED_TENANT, UNDONE),
    ]
