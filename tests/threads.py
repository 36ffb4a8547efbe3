"""Many at once, against the database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """What each of so many threads got, all begun at once, each on a connection of its own."""
    ready = threading.Barrier(count)

    def run(_: int) -> Any:
        ready.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))
