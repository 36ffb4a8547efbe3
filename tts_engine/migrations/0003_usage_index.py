"""Usage over time is read from an index alone; made while requests run, for the table may be large."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tts_engine", "0002_idempotency_keys")]

    operations = [
        AddIndexConcurrently(
            model_name="synthesis",
            index=models.Index(
                condition=models.Q(("status", "done")),
                fields=["tenant", "created_at"],
                include=("billed_characters", "api_key", "member", "model"),
                name="synthesis_usage",
            ),
        ),
    ]
