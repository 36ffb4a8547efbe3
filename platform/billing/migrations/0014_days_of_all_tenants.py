from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # requests go on being added to their days

    dependencies = [
        ("billing", "0013_closed_tenants"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="dailyusage",
            index=models.Index(fields=["day"], name="daily_usage_of_all_tenants"),
        ),
    ]
