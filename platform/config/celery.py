"""The Celery application of workers and beat: `celery --app config.celery`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("voxhouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
