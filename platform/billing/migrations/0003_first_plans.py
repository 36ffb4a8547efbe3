"""The two plans that every installation begins with; an operator may change them afterwards."""

from django.db import migrations

PLANS = {
    "standard": {"characters_per_period": 1_000_000, "requests_per_minute": 600, "concurrent_requests": 20},
    "unlimited": {"characters_per_period": None, "requests_per_minute": 6000, "concurrent_requests": 200},
}


def create(apps, schema_editor):
    plan = apps.get_model("billing", "Plan")
    for name, limits in PLANS.items():
        plan.objects.get_or_create(name=name, defaults={**limits, "max_text_characters": 4096})


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_append_only_ledger")]

    # Undone it leaves the plans: tenants may be on them.
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
