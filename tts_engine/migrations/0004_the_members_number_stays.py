"""A request goes on to say which member spoke it when the member leaves: usage is summed by that number."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_append_only_audit"), ("tts_engine", "0003_usage_index")]

    operations = [
        migrations.AlterField(
            model_name="synthesis",
            name="member",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="accounts.member",
            ),
        ),
    ]
