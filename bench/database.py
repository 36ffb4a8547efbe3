"""The database of a benchmark's own: PostgreSQL and Valkey as they run in production, in a new home."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

SECONDS = 4.0  # of one load

Timing = TypeVar("Timing")


@contextlib.contextmanager
def running(*, durable: bool = True) -> Iterator[None]:
    """Django set up on servers of its own until the block ends; without `durable` they skip fsync."""
    with tempfile.TemporaryDirectory(prefix="voxhouse-bench-") as folder:
        home = Path(folder).resolve()
        os.environ |= {"VOXHOUSE_HOME": str(home), "DATABASE_URL": "", "REDIS_URL": ""}
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        from config import servers

        with servers.running(home, durable=durable):
            yield


def under_load(work: Callable[[int], Timing], threads: int) -> list[Timing]:
    """What `work` returned, called by so many threads for SECONDS, each time with the next turn's number."""

    def loop(thread: int) -> list[Timing]:
        from django.db import connection

        until, turn, done = time.perf_counter() + SECONDS, thread, []
        while time.perf_counter() < until:
            done.append(work(turn))
            turn += threads
        connection.close()
        return done

    with ThreadPoolExecutor(threads) as pool:
        return [timing for done in pool.map(loop, range(threads)) for timing in done]
