"""Who sends: threads of a worker process that ask a queue until nothing is due.

They are not Celery's: those speak, and a receiver that lets us wait must not keep a voice silent.
"""

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from webhooks import outbound
from webhooks.errors import AddressError, Unreachable
from webhooks.models import Delivery
from webhooks.outbound import Answer
from webhooks.outbox import Receiver, Sending
from webhooks.queue import Outcome, Queue, messages
from webhooks.signing import signed_headers

log = structlog.get_logger()

S = TypeVar("S", bound=Sending)

USER_AGENT = "Voxhouse-Webhooks/1"
DISABLED = "Not sent: it was disabled when its time came."


def deliver_next() -> bool:
    """Send the message that is longest due; False if nothing is."""
    claimed = messages.claim()
    if claimed is None:
        return False
    delivery = Delivery.objects.select_related("endpoint", "message").filter(id=claimed.id).first()
    if delivery is not None:  # else its endpoint was deleted just now
        see_through(messages, delivery, delivery.endpoint, attempt)
    return True


def see_through(queue: Queue[S], row: S, receiver: Receiver, attempt: Callable[[S], Outcome]) -> None:
    """Make one attempt at a row that was claimed, unless its receiver is switched off, and tell the queue and the log.

    Nothing holds a database connection while it waits for somebody else's server.
    """
    if not receiver.enabled:
        queue.finish(row, Outcome(timezone.now(), duration_ms=0, error=DISABLED, hopeless=True))
        return
    connection.close()
    outcome = attempt(row)
    kept = queue.finish(row, outcome)
    event, receiver_id = f"{queue.word}_sent", {queue.word: str(receiver.id)}
    log.info(
        event,
        **receiver_id,
        delivery=row.pk,
        attempt=row.attempt,
        status=outcome.status,
        error=outcome.error,
        ms=outcome.duration_ms,
        kept=kept,
    )


def attempt(delivery: Delivery) -> Outcome:
    """Send a message once."""
    at = timezone.now()
    endpoint, message = delivery.endpoint, delivery.message
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signed_headers(endpoint, message.id, message.body, at),
    }
    return timed(
        lambda: outbound.send(
            "POST", endpoint.url, headers=headers, content=message.body.encode(), timeout=settings.WEBHOOK_TIMEOUT
        )
    )


def timed(exchange: Callable[[], Answer]) -> Outcome:
    """What came of an exchange that begins now."""
    at, began = timezone.now(), time.monotonic()
    answer, error = None, ""
    try:
        answer = exchange()
    except (AddressError, Unreachable) as problem:
        error = str(problem)
    return Outcome(at, round((time.monotonic() - began) * 1000), answer, error)


class Courier:
    """Up to `senders()` threads that call `send_next` until it finds nothing to send.

    They die with their process: the lease knows.
    """

    def __init__(self, send_next: Callable[[], bool], *, senders: Callable[[], int]) -> None:
        self._send_next = send_next
        self._senders = senders
        self._lock = threading.Lock()
        self._running = 0

    def wake(self) -> None:
        """Let one thread more send what is due, unless all do."""
        with self._lock:
            if self._running == self._senders():
                return
            self._running += 1
        threading.Thread(target=self._run, name="courier", daemon=True).start()

    def _run(self) -> None:
        try:
            while self._send_next():
                pass
        except Exception:  # a thread has nobody above it; what it held is sent when its lease ends
            log.exception("courier_failed")
        finally:
            connection.close()
            with self._lock:
                self._running -= 1


@cache
def courier() -> Courier:
    """One courier of messages a worker process."""
    return Courier(deliver_next, senders=lambda: settings.WEBHOOK_SENDERS)
