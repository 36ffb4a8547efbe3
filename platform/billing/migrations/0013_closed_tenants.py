"""The ledger of a tenant that is closed may be deleted; the sums of its months stay, without its name."""

from django.db import migrations, models

OF_A_CLOSED_TENANT = """
CREATE FUNCTION voxhouse_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM billing_counter c JOIN accounts_tenant t ON t.id = c.tenant_id
        WHERE c.id = OLD.counter_id AND t.closed_at IS NOT NULL
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER ledger_is_append_only ON billing_ledgerentry;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION voxhouse_ledger_append_only();
CREATE TRIGGER closed_months_are_append_only BEFORE UPDATE OR DELETE ON billing_closedmonth
    FOR EACH ROW EXECUTE FUNCTION voxhouse_append_only();
"""

UNDONE = """
DROP TRIGGER closed_months_are_append_only ON billing_closedmonth;
DROP TRIGGER ledger_is_append_only ON billing_ledgerentry;
DROP FUNCTION voxhouse_ledger_append_only();
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION voxhouse_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_closed_tenants'),
        ('billing', '0012_own_cost_of_the_platform'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClosedMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('books', models.UUIDField(help_text="the same for all months of one; told by the report of its deletion alone")),
                ('month', models.DateField(help_text='its first day')),
                ('requests', models.BigIntegerField()),
                ('cached', models.BigIntegerField()),
                ('failed', models.BigIntegerField()),
                ('billed_characters', models.BigIntegerField()),
                ('audio_ms', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('books', 'month'), name='closed_month_once')],
            },
        ),
        migrations.RunSQL(OF_A_CLOSED_TENANT, UNDONE),
    ]
