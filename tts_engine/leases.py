"""While a worker process speaks a row, one thread of it keeps renewing the row's lease."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from tts_engine import queue
from tts_engine.models import Synthesis

log = structlog.get_logger()


class LeaseKeeper:
    """Renews every lease held by this process with one statement a round."""

    def __init__(self) -> None:
        self._held: set[tuple[UUID, int]] = set()
        self._lock = threading.Lock()
        self._started = False

    @contextmanager
    def hold(self, synthesis: Synthesis) -> Iterator[None]:
        entry = (synthesis.id, synthesis.attempt)
        with self._lock:
            self._held.add(entry)
            if not self._started:
                threading.Thread(target=self._run, name="leases", daemon=True).start()
                self._started = True
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(entry)

    def give_back(self) -> int:
        """Let other workers speak the rows in hand, now rather than when their leases run out; how many."""
        with self._lock:
            held = list(self._held)
            self._held.clear()
        return queue.hand_back(held)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(settings.LEASE_RENEWAL.total_seconds()):
            with self._lock:
                held = list(self._held)
            if not held:
                continue
            try:
                queue.renew(held)
            except DatabaseError as error:  # the next round tries again, long before a lease runs out
                log.warning("leases_not_renewed", error=str(error))
            finally:
                connection.close()
