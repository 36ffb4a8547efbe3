"""The Celery application of workers and beat: `celery --app config.celery`."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_ready, worker_shutdown, worker_shutting_down

from config.processes import tell_ready

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
    """Load the default voice, begin to take rows, and tell the platform that this worker can speak."""
    from tts_engine import presence, tally, tracing
    from tts_engine.worker import engine

    engine().warm_up()
    engine().taker.start(sender.hostname)
    tally.keep_telling()
    tracing.start()
    presence.announce(sender.hostname, pace=lambda: engine().pace.rate)
    tell_ready()


@worker_shutting_down.connect
def take_no_more(**kwargs: Any) -> None:
    """Called amid whatever the main thread was at, so it only says so."""
    from tts_engine import presence
    from tts_engine.worker import engine

    engine().taker.stop()
    presence.leave()


@worker_shutdown.connect
def leave(**kwargs: Any) -> None:
    """Speak what is in hand to its end, give back what takes too long, and go."""
    from tts_engine.worker import engine

    if not engine().finish():
        os._exit(0)  # threads that speak what is others' by now cannot be stopped


@beat_init.connect
def beat_begins(**kwargs: Any) -> None:
    tell_ready()
