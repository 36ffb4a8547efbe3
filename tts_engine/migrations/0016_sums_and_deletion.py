from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # an index is made while files go on being delivered

    dependencies = [
        ('tts_engine', '0015_retention'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='filedelivery',
            index=models.Index(fields=['synthesis'], name='files_of_a_synthesis'),
        ),
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
