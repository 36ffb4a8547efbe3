"""The Celery tasks of accounting."""

from celery import shared_task

from billing.alerts import services as alerts


@shared_task
def mail_alerts() -> None:
    """Mail the alerts that nobody was told yet."""
    alerts.mail_waiting()
