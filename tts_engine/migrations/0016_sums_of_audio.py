from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tts_engine', '0015_retention'),
    ]

    operations = [
        migrations.AddField(
            model_name='synthesis',
            name='answer_sha256',
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='synthesis',
            name='master_sha256',
            field=models.BinaryField(max_length=32, null=True),
        ),
    ]
