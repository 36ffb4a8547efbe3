"""The Celery tasks. A message carries no work: it only wakes a worker, which asks the table."""

from typing import Any

from celery import current_app, shared_task
from django.conf import settings

from tts_engine import eviction, idempotency, queue, stale
from tts_engine.worker import engine

MOST_WAKE_UPS = 1000


@shared_task
def speak_next() -> None:
    """Speak the row that is next in the queue, if there is one."""
    engine().speak_next()


@shared_task
def tidy() -> None:
    """End reservations that lost their synthesis, and forget old Idempotency-Keys."""
    stale.expire_reservations()
    idempotency.forget_old()


@shared_task
def evict() -> None:
    """Make room in the cache of sentences."""
    eviction.evict()


@shared_task
def sweep() -> None:
    """Take back rows of workers that went away, and send the wake-ups that were lost."""
    queue.requeue_expired()
    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        on_the_way = channel.queue_declare(settings.CELERY_TASK_DEFAULT_QUEUE)
    for _ in range(min(queue.waiting() - on_the_way.message_count, MOST_WAKE_UPS)):
        speak_next.delay()
