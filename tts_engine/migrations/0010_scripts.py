from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tts_engine", "0009_jobs")]

    operations = [
        migrations.AddField(
            model_name="synthesis",
            name="input_type",
            field=models.CharField(
                choices=[("text", "Text"), ("tags", "Tags"), ("ssml", "Ssml")],
                db_default="text",
                default="text",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="synthesis", name="voice_aliases", field=models.JSONField(null=True)
        ),
    ]
