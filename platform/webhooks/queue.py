"""The table of deliveries is the queue: what is due, who sends it, what comes of it.

A row that is claimed becomes due again when its lease ends, so what a worker that went away held is
sent by another. Celery messages are wake-ups and carry nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.services import PLATFORM
from webhooks.models import Attempt, Delivery, Endpoint, Message, Reason
from webhooks.outbound import Answer

log = structlog.get_logger()

GONE = 410
LONGEST_WAIT = timedelta(hours=24)  # whatever an endpoint's Retry-After says
FORGOTTEN_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    at: datetime
    duration_ms: int
    answer: Answer | None = None
    error: str = ""  # why there is no answer

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None

    @property
    def accepted(self) -> bool:
        return self.answer is not None and self.answer.accepted


@transaction.atomic
def claim() -> Delivery | None:
    """Take the delivery that is longest due, with a lease; None if nothing is.

    An endpoint that is sent `WEBHOOK_AT_ONCE` messages already is passed over: one that lets everybody
    wait must not keep the senders from the others.
    """
    with connection.cursor() as cursor:  # one after the other, so that each sees what was taken before it
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('webhooks.claim'))")
    rows = Delivery.objects.raw(
        """
        UPDATE webhooks_delivery SET
            attempt = attempt + 1,
            next_at = clock_timestamp() + %(lease)s,
            leased_until = clock_timestamp() + %(lease)s
        WHERE id = (
            SELECT id FROM webhooks_delivery
            WHERE next_at <= clock_timestamp() AND endpoint_id <> ALL (ARRAY(
                SELECT endpoint_id FROM webhooks_delivery WHERE leased_until > clock_timestamp()
                GROUP BY endpoint_id HAVING count(*) >= %(at_once)s
            ))
            ORDER BY next_at
            FOR UPDATE SKIP LOCKED
            LIMIT 1
        )
        RETURNING *
        """,
        {"lease": settings.WEBHOOK_LEASE, "at_once": settings.WEBHOOK_AT_ONCE},
    )
    return next(iter(rows), None)


@transaction.atomic
def finish(delivery: Delivery, outcome: Outcome) -> bool:
    """Log the attempt and say what follows: nothing more, or the next attempt; False if another holds it by now."""
    # The endpoint first, as whoever deletes it does; its deliveries go with it.
    endpoint = Endpoint.objects.select_for_update(no_key=True).filter(id=delivery.endpoint_id).first()
    held = Delivery.objects.filter(id=delivery.id, attempt=delivery.attempt, leased_until__isnull=False)
    if endpoint is None or not held.select_for_update().exists():
        return False
    _judge(endpoint, outcome)
    held.update(
        delivered_at=timezone.now() if outcome.accepted else None,
        next_at=None if outcome.accepted or not endpoint.enabled else _next(delivery.attempt, outcome),
        leased_until=None,
    )
    Attempt.objects.create(
        delivery=delivery,
        number=delivery.attempt,
        at=outcome.at,
        duration_ms=outcome.duration_ms,
        status_code=outcome.status,
        answer=outcome.answer.text if outcome.answer else "",
        error=outcome.error,
    )
    return True


def forget_old() -> int:
    """Delete messages older than `WEBHOOK_KEEP`, with their deliveries, some at a time; how many."""
    old = Message.objects.filter(created_at__lt=timezone.now() - settings.WEBHOOK_KEEP).order_by("created_at")
    ids = list(old.values_list("id", flat=True)[:FORGOTTEN_AT_ONCE])
    Message.objects.filter(id__in=ids).delete()
    return len(ids)


def _next(attempts: int, outcome: Outcome) -> datetime | None:
    """When to try again: by the schedule, later if the endpoint asks for it; None is never."""
    if attempts >= len(settings.WEBHOOK_SCHEDULE):
        return None
    asked = (outcome.answer and outcome.answer.retry_after) or timedelta(0)
    return timezone.now() + max(settings.WEBHOOK_SCHEDULE[attempts], min(asked, LONGEST_WAIT))


def _judge(endpoint: Endpoint, outcome: Outcome) -> None:
    """Switch the endpoint off where it says that it is gone, or has accepted nothing for `WEBHOOK_FAILING`."""
    if not endpoint.enabled:
        return
    failing_since = None if outcome.accepted else endpoint.failing_since or outcome.at
    if failing_since != endpoint.failing_since:
        endpoint.failing_since = failing_since
        endpoint.save(update_fields=["failing_since"])
    if outcome.status == GONE:
        _disable(endpoint, Reason.GONE)
    elif failing_since is not None and outcome.at - failing_since >= settings.WEBHOOK_FAILING:
        _disable(endpoint, Reason.FAILING)


def _disable(endpoint: Endpoint, reason: Reason) -> None:
    endpoint.disabled_at, endpoint.disabled_reason = timezone.now(), reason
    endpoint.save(update_fields=["disabled_at", "disabled_reason"])
    details = {"webhook_id": str(endpoint.id), "reason": reason.value}
    audit.record(action="webhook.disable", actor=PLATFORM, tenant=endpoint.tenant, details=details)
    log.warning("webhook_disabled", webhook=str(endpoint.id), tenant=endpoint.tenant.name, reason=reason.value)
