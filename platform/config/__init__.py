"""The Django project. Whoever loads it has the Celery application, so that tasks are sent to our broker."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
