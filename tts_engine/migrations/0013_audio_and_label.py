"""Loudness, silence and the label of generated audio; what was spoken before has no label."""

import django.db.models.deletion
from django.db import migrations, models

LABELLING = [("implicit", "Implicit"), ("audible", "Audible"), ("none", "None")]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_scope_webhooks"),
        ("tts_engine", "0012_delivery"),
    ]

    operations = [
        migrations.AddField("synthesis", "loudness", models.FloatField(null=True)),
        migrations.AddField("synthesis", "leading_silence_ms", models.PositiveIntegerField(null=True)),
        migrations.AddField("synthesis", "trailing_silence_ms", models.PositiveIntegerField(null=True)),
        migrations.AddField(
            "synthesis", "label", models.CharField(choices=LABELLING, default="none", max_length=10), preserve_default=False
        ),
        migrations.AlterField(
            "synthesis", "label", models.CharField(choices=LABELLING, default="implicit", max_length=10)
        ),
        migrations.CreateModel(
            name="LabelPolicy",
            fields=[
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.tenant",
                    ),
                ),
                ("default", models.CharField(choices=LABELLING, default="implicit", max_length=10)),
                ("may_omit", models.BooleanField(default=False)),
            ],
        ),
        migrations.AddConstraint(
            "labelpolicy",
            models.CheckConstraint(
                name="label_policy_default_known", condition=models.Q(default__in=["implicit", "audible", "none"])
            ),
        ),
        migrations.AddConstraint(
            "labelpolicy",
            models.CheckConstraint(
                name="label_policy_default_allowed",
                condition=~models.Q(default="none") | models.Q(may_omit=True),
            ),
        ),
    ]
