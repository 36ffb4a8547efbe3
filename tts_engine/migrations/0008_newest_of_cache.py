"""The index of the cache finds the newest result without reading all the repeats of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tts_engine", "0007_fair_queue")]

    operations = [
        migrations.RemoveIndex(model_name="synthesis", name="synthesis_cache"),
        migrations.AddIndex(
            model_name="synthesis",
            index=models.Index(
                name="synthesis_cache",
                fields=["tenant", "cache_key", "-created_at"],
                condition=models.Q(status="done", deleted_at__isnull=True),
            ),
        ),
    ]
