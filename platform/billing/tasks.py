"""The Celery tasks of billing."""

import structlog
from celery import shared_task
from django.core.mail import mail_admins

from billing.alerts import services as alerts
from billing.reconciliation import reconcile, remember

log = structlog.get_logger()

MOST_NAMED = 50  # differences in a letter; the log names all


@shared_task
def reconcile_nightly() -> int:
    """Look for drift as `manage.py reconcile` does; where there is any, log it and write to the operators.

    Nothing is repaired: what went wrong must be seen first. Returns how many differences there are.
    """
    drifts = reconcile()
    remember(len(drifts))
    for drift in drifts:
        log.error("ledger_drift", where=drift.where, what=drift.what, expected=drift.expected, found=drift.found)
    if drifts:
        named = "\n".join(str(drift) for drift in drifts[:MOST_NAMED])
        mail_admins(
            f"The accounts do not agree: {len(drifts)} differences",
            f"{named}\n\n`manage.py reconcile` names them all; with --repair it sets counters to what the ledger "
            "says, and `manage.py usage rebuild` sums days and hours anew.\n",
        )
    return len(drifts)


@shared_task
def mail_alerts() -> None:
    """Mail the alerts that nobody was told yet."""
    alerts.mail_waiting()
