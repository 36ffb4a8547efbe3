"""How a worker process comes by its rows: one thread claims them, as many threads as rows speak them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from tts_engine import fair, queue
from tts_engine.fair import Rank
from tts_engine.models import Synthesis

log = structlog.get_logger()

AFTER_A_FAULT = 1.0  # seconds until the next look
LOOK_AT_HAND = 0.1  # seconds, of a worker that leaves


class Taker:
    """Claims a row whenever `fair.limit` allows one, and has it spoken in a thread of its own.

    `speak` speaks a claimed row to its end. `ahead` tells the ranks of the sentences that wait for a
    voice of this process.

    A row that may kill its process (`queue.is_suspect`) is taken once nothing else is in hand, and nothing
    is taken beside it: until then a process that has it before itself takes nothing more.

    It looks when it is woken: a row was added, a place in a batch was taken, a row has ended. And every
    LOOK_INTERVAL, for a wake-up may have been lost, or have gone to a process that had enough to do.
    """

    def __init__(self, speak: Callable[[Synthesis], None], ahead: Callable[[], list[Rank]]) -> None:
        self._speak = speak
        self._ahead = ahead
        self._unread: dict[UUID, Rank] = {}  # claimed, and their sentences do not yet wait for a voice
        self._name = ""
        self._serving: Rank | None = None  # of the sentence that was begun last
        self._told: Rank | None = None
        self._in_hand = 0
        self._suspect = False  # whether what is in hand is one
        self._counting = threading.Lock()
        self._due = threading.Event()
        self._stopped = False
        self._ended = threading.Event()  # no row is claimed now
        self._ended.set()
        self._free = threading.Semaphore(settings.WORKER_THREADS)
        self._threads = ThreadPoolExecutor(settings.WORKER_THREADS, thread_name_prefix="row")

    def start(self, name: str) -> None:
        """Begin to take rows; `name` is the worker's, as `presence` knows it."""
        self._name = name
        self._ended.clear()
        threading.Thread(target=self._take_rows, name="queue", daemon=True).start()

    def stop(self) -> None:
        """Take no more rows."""
        self._stopped = True

    def finish(self, *, within: timedelta) -> bool:
        """Wait, after `stop`, until the rows in hand have ended; False if some are still spoken then."""
        deadline = time.monotonic() + within.total_seconds()
        self._ended.wait(within.total_seconds())
        while self._in_hand and time.monotonic() < deadline:
            time.sleep(LOOK_AT_HAND)
        return self._ended.is_set() and not self._in_hand

    def look(self) -> None:
        """Look at the queue now."""
        self._due.set()

    def begun(self, rank: Rank) -> None:
        """This was the next sentence, and is being spoken: the queue's clock goes on."""
        self._serving = rank
        self.look()

    def read(self, synthesis: Synthesis) -> None:
        """Its sentences wait for their voice, or it has ended."""
        self._unread.pop(synthesis.id, None)

    def _take_rows(self) -> None:
        try:
            self._run()
        finally:
            self._ended.set()

    def _run(self) -> None:
        pause = threading.Event()
        while not self._stopped:
            woken = self._due.wait(settings.LOOK_INTERVAL.total_seconds())
            self._due.clear()
            try:
                self._tell_clock()
                while (woken or queue.waits()) and self._take():
                    pass
            except (DatabaseError, RedisError):
                log.exception("queue_not_read")
                pause.wait(AFTER_A_FAULT)
            finally:
                connection.close()  # back into the pool until the next look

    def _tell_clock(self) -> None:
        serving = self._serving if self._in_hand else None
        if serving == self._told:
            return
        if serving is None:
            queue.rest(self._name)
        else:
            queue.tell_clock(self._name, serving)
        self._told = serving

    def _take(self) -> bool:
        if self._stopped or (self._suspect and self._in_hand) or not self._free.acquire(blocking=False):
            return False
        synthesis = None
        try:
            before = fair.limit([*self._ahead(), *list(self._unread.values())])
            synthesis = queue.claim(before=before, alone=not self._in_hand)
        finally:
            if synthesis is None:
                self._free.release()
        if synthesis is None:
            return False
        with self._counting:
            self._in_hand += 1
        self._suspect = queue.is_suspect(synthesis)
        self._unread[synthesis.id] = (synthesis.priority, synthesis.start_tag or 0)
        self._threads.submit(self._work, synthesis)
        return True

    def _work(self, synthesis: Synthesis) -> None:
        try:
            self._speak(synthesis)
        except Exception:  # the row could not even be failed; its lease runs out and another worker tries
            log.exception("row_left", synthesis=str(synthesis.id))
        finally:
            connection.close()
            self.read(synthesis)
            with self._counting:
                self._in_hand -= 1
            self._free.release()
            self.look()
