"""How many sentences of a request were cached, and up to when a tenant's results were purged."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_append_only_audit'),
        ('tts_engine', '0005_hours_of_usage'),
    ]

    operations = [
        migrations.AddField(
            model_name='synthesis',
            name='sentences',
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='synthesis',
            name='sentences_cached',
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AlterField(
            model_name='synthesis',
            name='cache_key',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.CreateModel(
            name='CachePurge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('voice', models.CharField(blank=True, max_length=100)),
                ('at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'voice'), name='cache_purge_once')],
            },
        ),
    ]
