"""The Django project. Whoever loads it has the Celery application, so that tasks are sent to our broker."""

import gc

# Of the half million objects that a process makes as it starts nearly all stay. Python's own threshold, 700 new ones,
# has it look through all of them five times meanwhile, in vain: a seventh of a start.
gc.set_threshold(5_000)

from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
