"""Waking a worker; here because every room may import accounts.

In every room a table is the queue. A Celery message carries no work: it says that there is some.
"""

import structlog
from celery import Task
from kombu.exceptions import OperationalError

log = structlog.get_logger()


def wake(task: "Task[[], None]") -> None:
    """Have a worker look at the table now. If the broker is away, it looks by itself or at the next beat."""
    try:
        task.delay()
    except OperationalError as error:
        log.warning("wake_up_not_sent", task=task.name, error=str(error))
