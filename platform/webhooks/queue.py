"""A table of things to be sent is their queue: what is due, who sends it, what comes of it.

A row that is claimed becomes due again when its lease ends, so what a worker that went away held is
sent by another. Celery messages are wake-ups and carry nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

import structlog
from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from accounts import audit
from accounts.services import PLATFORM
from webhooks.models import Delivery, Message
from webhooks.outbound import Answer
from webhooks.outbox import Reason, Receiver, Sending

log = structlog.get_logger()

S = TypeVar("S", bound=Sending)

GONE = 410
LONGEST_WAIT = timedelta(hours=24)  # whatever a receiver's Retry-After says
FORGOTTEN_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    at: datetime
    duration_ms: int
    answer: Answer | None = None
    error: str = ""  # why there is no answer
    hopeless: bool = False  # nothing was sent, and never can be: no fault of the receiver's

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None

    @property
    def accepted(self) -> bool:
        return self.answer is not None and self.answer.accepted


class Queue(Generic[S]):
    """`rows` on their way to what their field `to` points at.

    `word` is what people call that receiver, in the log and the audit trail; `at_once` tells how many
    may be on their way to one.
    """

    def __init__(self, rows: type[S], *, to: str, word: str, at_once: Callable[[], int]) -> None:
        self.word = word
        self._table = rows._meta.db_table
        self._rows = rows._default_manager
        self._to = to
        self._receivers = cast(type[Receiver], rows._meta.get_field(to).related_model)._default_manager
        self._at_once = at_once

    @transaction.atomic
    def claim(self) -> S | None:
        """Take the row that is longest due, with a lease; None if nothing is.

        A receiver that is sent as many already as may be at once is passed over: one that lets everybody
        wait must not keep the senders from the others.
        """
        table, receiver = self._table, f"{self._to}_id"
        with connection.cursor() as cursor:  # one after the other, so that each sees what was taken before it
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{table}.claim"])
        claimed = self._rows.raw(
            f"""
            UPDATE {table} SET
                attempt = attempt + 1,
                next_at = clock_timestamp() + %(lease)s,
                leased_until = clock_timestamp() + %(lease)s
            WHERE id = (
                SELECT id FROM {table}
                WHERE next_at <= clock_timestamp() AND {receiver} <> ALL (ARRAY(
                    SELECT {receiver} FROM {table} WHERE leased_until > clock_timestamp()
                    GROUP BY {receiver} HAVING count(*) >= %(at_once)s
                ))
                ORDER BY next_at
                FOR UPDATE SKIP LOCKED
                LIMIT 1
            )
            RETURNING *
            """,  # noqa: S608  # both names are the model's own
            {"lease": settings.WEBHOOK_LEASE, "at_once": self._at_once()},
        )
        return next(iter(claimed), None)

    def hold(self, row: S, time: timedelta) -> None:
        """Have the lease last that long from now: it takes longer than usual."""
        until = timezone.now() + time
        self._held(row).update(leased_until=until, next_at=until)

    @transaction.atomic
    def finish(self, row: S, outcome: Outcome) -> bool:
        """Log the attempt and say what follows: nothing more, or the next attempt; False if another holds it by now."""
        # The receiver first, as whoever deletes it does; what is on its way to it goes with it.
        found = self._receivers.select_for_update(no_key=True)
        receiver = found.filter(id=getattr(row, f"{self._to}_id")).first()
        held = self._held(row)
        if receiver is None or not held.select_for_update().exists():
            return False
        self._judge(receiver, outcome)
        ends = outcome.accepted or outcome.hopeless or not receiver.enabled
        held.update(
            delivered_at=timezone.now() if outcome.accepted else None,
            next_at=None if ends else _next(row.attempt, outcome),
            leased_until=None,
        )
        row.attempts.create(
            number=row.attempt,
            at=outcome.at,
            duration_ms=outcome.duration_ms,
            status_code=outcome.status,
            answer=outcome.answer.text if outcome.answer else "",
            error=outcome.error,
        )
        return True

    def _held(self, row: S) -> models.QuerySet[S]:
        """The row as it was claimed; empty once its lease ran out and another took it."""
        return self._rows.filter(id=row.pk, attempt=row.attempt, leased_until__isnull=False)

    def _judge(self, receiver: Receiver, outcome: Outcome) -> None:
        """Switch it off where it says that it is gone, or has accepted nothing for `WEBHOOK_FAILING`."""
        if not receiver.enabled or outcome.hopeless:
            return
        failing_since = None if outcome.accepted else receiver.failing_since or outcome.at
        if failing_since != receiver.failing_since:
            receiver.failing_since = failing_since
            receiver.save(update_fields=["failing_since"])
        if outcome.status == GONE:
            self._disable(receiver, Reason.GONE)
        elif failing_since is not None and outcome.at - failing_since >= settings.WEBHOOK_FAILING:
            self._disable(receiver, Reason.FAILING)

    def _disable(self, receiver: Receiver, reason: Reason) -> None:
        receiver.disable(reason)
        receiver.save(update_fields=["disabled_at", "disabled_reason"])
        details: dict[str, Any] = {f"{self.word}_id": str(receiver.id), "reason": reason.value}
        audit.record(action=f"{self.word}.disable", actor=PLATFORM, tenant=receiver.tenant, details=details)
        event, receiver_id = f"{self.word}_disabled", {self.word: str(receiver.id)}
        log.warning(event, **receiver_id, tenant=receiver.tenant.name, reason=reason.value)


messages = Queue(Delivery, to="endpoint", word="webhook", at_once=lambda: settings.WEBHOOK_AT_ONCE)


def forget_old() -> int:
    """Delete messages older than `WEBHOOK_KEEP`, with their deliveries, some at a time; how many."""
    old = Message.objects.filter(created_at__lt=timezone.now() - settings.WEBHOOK_KEEP).order_by("created_at")
    ids = list(old.values_list("id", flat=True)[:FORGOTTEN_AT_ONCE])
    Message.objects.filter(id__in=ids).delete()
    return len(ids)


def _next(attempts: int, outcome: Outcome) -> datetime | None:
    """When to try again: by the schedule, later if the receiver asks for it; None is never."""
    if attempts >= len(settings.WEBHOOK_SCHEDULE):
        return None
    asked = (outcome.answer and outcome.answer.retry_after) or timedelta(0)
    return timezone.now() + max(settings.WEBHOOK_SCHEDULE[attempts], min(asked, LONGEST_WAIT))
