"""Who sends: threads of a worker process that ask the queue until nothing is due.

They are not Celery's: those speak, and an endpoint that lets us wait must not keep a voice silent.
"""

import threading
import time
from functools import cache

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from webhooks import outbound, queue
from webhooks.errors import AddressError, Unreachable
from webhooks.models import Delivery
from webhooks.queue import Outcome
from webhooks.signing import signed_headers

log = structlog.get_logger()

USER_AGENT = "Voxhouse-Webhooks/1"
DISABLED = "Not sent: the webhook was disabled when its time came."


def deliver_next() -> bool:
    """Send the delivery that is longest due; False if nothing is."""
    claimed = queue.claim()
    if claimed is None:
        return False
    delivery = Delivery.objects.select_related("endpoint", "message").filter(id=claimed.id).first()
    if delivery is None:  # its endpoint was deleted just now
        return True
    if not delivery.endpoint.enabled:
        queue.finish(delivery, Outcome(timezone.now(), duration_ms=0, error=DISABLED))
        return True
    connection.close()  # nothing holds a database connection while it waits for somebody else's server
    outcome = attempt(delivery)
    kept = queue.finish(delivery, outcome)
    log.info(
        "webhook_sent",
        webhook=str(delivery.endpoint_id),
        message=delivery.message_id,
        attempt=delivery.attempt,
        status=outcome.status,
        error=outcome.error,
        ms=outcome.duration_ms,
        kept=kept,
    )
    return True


def attempt(delivery: Delivery) -> Outcome:
    """Send it once."""
    at, began = timezone.now(), time.monotonic()
    endpoint, message = delivery.endpoint, delivery.message
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signed_headers(endpoint, message.id, message.body, at),
    }
    try:
        answer = outbound.send(
            "POST", endpoint.url, headers=headers, content=message.body.encode(), timeout=settings.WEBHOOK_TIMEOUT
        )
    except (AddressError, Unreachable) as error:
        return Outcome(at, _since(began), error=str(error))
    return Outcome(at, _since(began), answer)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


class Courier:
    """Up to `WEBHOOK_SENDERS` threads. They end when nothing is due, and die with their process: the lease knows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0

    def wake(self) -> None:
        """Let one thread more send what is due, unless all do."""
        with self._lock:
            if self._running == settings.WEBHOOK_SENDERS:
                return
            self._running += 1
        threading.Thread(target=self._run, name="courier", daemon=True).start()

    def _run(self) -> None:
        try:
            while deliver_next():
                pass
        except Exception:  # a thread has nobody above it; what it held is sent when its lease ends
            log.exception("courier_failed")
        finally:
            connection.close()
            with self._lock:
                self._running -= 1


@cache
def courier() -> Courier:
    """One courier a worker process."""
    return Courier()
