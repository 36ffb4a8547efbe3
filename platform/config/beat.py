"""The clock of the periodic tasks."""

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """Celery's own, for a machine whose clock may be set back.

    Celery counts from when a task was sent last, by the wall clock. Set back an hour, that is an hour
    ahead, and for an hour nothing would be sent: rows of dead workers would wait, deadlines pass unseen.
    """

    def tick(self, *args: Any, **more: Any) -> float:
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at and entry.last_run_at > now:
                entry.last_run_at = now
                self._heap = None  # in which its old time is
        seconds: float = super().tick(*args, **more)
        return seconds
