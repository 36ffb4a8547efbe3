"""The Celery application of workers and beat: `celery --app config.celery`."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("voxhouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_like_everybody(**kwargs: Any) -> None:
    """Celery, when somebody answers this, leaves logging to Django's settings."""
    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_ready.connect
def announce(sender: Any, **kwargs: Any) -> None:
    """Load the default voice, then tell the platform that this worker can speak."""
    from tts_engine import presence
    from tts_engine.worker import engine

    engine().warm_up()
    presence.announce(sender.hostname)
