"""The Celery tasks of webhooks. A message carries no work: it only wakes, and the table says what is due."""

from celery import shared_task

from webhooks import queue
from webhooks.courier import courier


@shared_task
def deliver() -> None:
    """Have what is due sent. Beat asks every few seconds, for retries and for lost wake-ups."""
    courier().wake()


@shared_task
def tidy() -> None:
    """Forget old messages."""
    queue.forget_old()
