"""How much a worker process speaks in a second, when it has enough to do."""

import math
import threading
import time

MEMORY = 30.0  # seconds of speaking after which a measurement counts 1/e
ENOUGH = 3.0  # seconds that must be measured first: the first sentences of a process pay for its start


class Pace:
    """Characters of normalised text a second of speaking, over all voices of the process.

    Only a full batch shows what a voice can do, so nothing else counts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._speaking = 0  # voices at work
        self._since = 0.0
        self._characters = self._seconds = 0.0

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
            if full:
                kept = math.exp(-seconds / MEMORY)
                self._characters = self._characters * kept + characters
                self._seconds = self._seconds * kept + seconds

    @property
    def rate(self) -> float:
        """Characters a second; 0 before enough was spoken to tell."""
        with self._lock:
            return self._characters / self._seconds if self._seconds >= ENOUGH else 0.0
