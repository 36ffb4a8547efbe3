"""Where a request's work ends in the fair order, until when its caller waits, and an index to sum what is ahead."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# What waits over the change: its plan's weight is not known here, so it counts as 1.
MARK_UNFINISHED = """
    UPDATE tts_engine_synthesis SET finish_tag = start_tag + characters * 1000000::bigint
    WHERE status IN ('queued', 'running')
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tts_engine", "0006_cache")]

    operations = [
        migrations.AddField("synthesis", "finish_tag", models.BigIntegerField(null=True)),
        migrations.AddField("synthesis", "deadline", models.DateTimeField(null=True)),
        migrations.RunSQL(MARK_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            "synthesis",
            models.Index(
                condition=models.Q(("status__in", ("queued", "running"))),
                fields=["priority", "start_tag"],
                include=("status", "finish_tag", "normalised_characters"),
                name="synthesis_unfinished",
            ),
        ),
    ]
