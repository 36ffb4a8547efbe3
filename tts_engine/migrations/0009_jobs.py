
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_scope_webhooks'),
        ('tts_engine', '0008_newest_of_cache'),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('name', models.CharField(blank=True, max_length=200)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('table', 'Table')], max_length=5)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('running', 'Running'), ('paused', 'Paused'), ('done', 'Done'), ('cancelled', 'Cancelled')], default='draft', max_length=9)),
                ('order', models.JSONField()),
                ('rows', models.PositiveIntegerField(default=0)),
                ('characters', models.BigIntegerField(default=0)),
                ('facts', models.JSONField(default=dict)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(null=True)),
                ('idempotency_key', models.CharField(blank=True, max_length=255)),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='JobItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField()),
                ('characters', models.PositiveIntegerField()),
                ('hanzi', models.PositiveIntegerField()),
                ('gbk_bytes', models.PositiveIntegerField()),
                ('utf8_bytes', models.PositiveIntegerField()),
                ('chapter', models.CharField(blank=True, max_length=200)),
                ('voice', models.CharField(blank=True, max_length=100)),
                ('emotion', models.CharField(blank=True, max_length=20)),
                ('file_name', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='synthesis',
            name='synthesis_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='synthesis',
            name='synthesis_ended_is_accounted',
        ),
        migrations.RemoveIndex(
            model_name='synthesis',
            name='synthesis_served',
        ),
        migrations.AlterField(
            model_name='synthesis',
            name='status',
            field=models.CharField(choices=[('queued', 'Queued'), ('held', 'Held'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10),
        ),
        migrations.AddField(
            model_name='job',
            name='api_key',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.apikey'),
        ),
        migrations.AddField(
            model_name='job',
            name='member',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.member'),
        ),
        migrations.AddField(
            model_name='job',
            name='tenant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.tenant'),
        ),
        migrations.AddField(
            model_name='synthesis',
            name='job',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tts_engine.job'),
        ),
        migrations.AddIndex(
            model_name='synthesis',
            index=models.Index(condition=models.Q(('attempt__gt', 0), ('priority__lt', 5000)), fields=['start_tag'], name='synthesis_served'),
        ),
        migrations.AddIndex(
            model_name='synthesis',
            index=models.Index(condition=models.Q(('attempt__gt', 0), ('priority__gte', 5000)), fields=['start_tag'], name='synthesis_served_jobs'),
        ),
        migrations.AddIndex(
            model_name='synthesis',
            index=models.Index(condition=models.Q(('job__isnull', False)), fields=['job'], name='synthesis_of_job'),
        ),
        migrations.AddIndex(
            model_name='synthesis',
            index=models.Index(condition=models.Q(('job__isnull', False), ('status__in', ('queued', 'held', 'running'))), fields=['job', 'status'], name='synthesis_open_of_job'),
        ),
        migrations.AddConstraint(
            model_name='synthesis',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'held', 'running', 'done', 'failed', 'cancelled'])), name='synthesis_status_known'),
        ),
        migrations.AddConstraint(
            model_name='synthesis',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('queued', 'held', 'running')), models.Q(('billed_characters__isnull', False), ('finished_at__isnull', False)), _connector='OR'), name='synthesis_ended_is_accounted'),
        ),
        migrations.AddField(
            model_name='jobitem',
            name='job',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='tts_engine.job'),
        ),
        migrations.AddField(
            model_name='jobitem',
            name='synthesis',
            field=models.OneToOneField(db_constraint=False, default=uuid.uuid4, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='job_item', to='tts_engine.synthesis'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['tenant', '-created_at', '-id'], name='job_history'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('finished_at__isnull', True), models.Q(('status', 'draft'), _negated=True)), fields=['status'], name='job_open'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['deleted_at'], name='job_deleted'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'running', 'paused', 'done', 'cancelled'])), name='job_status_known'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('draft', 'cancelled')), ('started_at__isnull', False), _connector='OR'), name='job_started_unless_draft'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('tenant', 'idempotency_key'), name='job_once_a_key'),
        ),
        migrations.AddConstraint(
            model_name='jobitem',
            constraint=models.UniqueConstraint(fields=('job', 'number'), name='job_item_once'),
        ),
    ]
