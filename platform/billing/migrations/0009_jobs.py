
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_scope_webhooks'),
        ('billing', '0008_hourly_usage'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='counter',
            name='counter_is_never_negative',
        ),
        migrations.AddField(
            model_name='account',
            name='open_job_rows',
            field=models.IntegerField(default=0, help_text='the same of jobs, which take no places of requests'),
        ),
        migrations.AddField(
            model_name='counter',
            name='job_virtual_finish',
            field=models.BigIntegerField(default=0, help_text='the same of what nobody waits for'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='job_id',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('open_job_rows__gte', 0)), name='account_job_rows_are_never_negative'),
        ),
        migrations.AddConstraint(
            model_name='counter',
            constraint=models.CheckConstraint(condition=models.Q(('job_virtual_finish__gte', 0), ('reserved__gte', 0), ('used__gte', 0), ('virtual_finish__gte', 0)), name='counter_is_never_negative'),
        ),
    ]
