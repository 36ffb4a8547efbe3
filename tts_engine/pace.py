"""How much a worker process speaks in a second, when it has enough to do."""

import math
import threading
import time

MEMORY = 30.0  # seconds of speaking after which a measurement counts 1/e


class Pace:
    """Characters of normalised text a second of speaking, over all voices of the process.

    Only a full batch shows what a voice can do: once one was seen, no other counts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._speaking = 0  # voices at work
        self._since = 0.0
        self._characters = self._seconds = 0.0
        self._full_seen = False

    def begin(self) -> None:
        """A voice goes to work."""
        with self._lock:
            if not self._speaking:
                self._since = time.monotonic()
            self._speaking += 1

    def end(self) -> None:
        with self._lock:
            self._speaking -= 1

    def add(self, characters: int, *, full: bool) -> None:
        """A sentence was spoken to its end; `full` if others waited for its place."""
        with self._lock:
            now = time.monotonic()
            seconds, self._since = now - self._since, now
            if full and not self._full_seen:
                self._full_seen = True
                self._characters = self._seconds = 0.0
            if full or not self._full_seen:
                kept = math.exp(-seconds / MEMORY)
                self._characters = self._characters * kept + characters
                self._seconds = self._seconds * kept + seconds

    @property
    def rate(self) -> float:
        """Characters a second; 0 before anything was spoken."""
        with self._lock:
            return self._characters / self._seconds if self._seconds else 0.0
