"""The Celery application of workers and beat: `celery --app config.celery`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("voxhouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def announce(sender: Any, **kwargs: Any) -> None:
    """Load the default voice, then tell the platform that this worker can speak."""
    from tts_engine import presence
    from tts_engine.worker import engine

    engine().warm_up()
    presence.announce(sender.hostname)
