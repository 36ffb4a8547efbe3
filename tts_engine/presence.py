"""Which workers are alive and how fast they are: each tells Valkey every few seconds, once its voice is loaded."""

import threading
import time
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from tts_engine.relay import writer

log = structlog.get_logger()

HEARTBEAT_SECONDS = 3
FORGOTTEN_AFTER_SECONDS = 10
PACE_KEPT_SECONDS = 1.0
_PREFIX = "worker:"
_leaves = threading.Event()


def announce(name: str, pace: Callable[[], float]) -> None:
    """Begin to tell, from a thread of its own, that this worker is ready, and its pace (characters a second)."""

    def tell() -> None:
        try:
            if _leaves.is_set():
                writer().delete(f"{_PREFIX}{name}")
            else:
                writer().set(f"{_PREFIX}{name}", pace(), ex=FORGOTTEN_AFTER_SECONDS)
        except RedisError as error:  # Valkey restarts: the next beat tells it again, or what was told runs out
            log.warning("heartbeat_not_told", error=str(error))

    def beat() -> None:
        tell()
        while not _leaves.wait(HEARTBEAT_SECONDS):
            tell()
        tell()

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


def leave() -> None:
    """This worker takes nothing more: its heartbeat ends, and with it what is expected of it."""
    _leaves.set()


def workers() -> list[str]:
    """The names of the workers that can speak. Raises RedisError when Valkey is away."""
    return sorted(key.decode().removeprefix(_PREFIX) for key in _keys())


def paces() -> dict[str, float]:
    """Each of them with its characters a second, 0 before it has spoken enough to tell. Raises RedisError."""
    keys = sorted(_keys())
    told = writer().mget(keys) if keys else []
    return {key.decode().removeprefix(_PREFIX): float(value) for key, value in zip(keys, told, strict=True) if value}


def pace() -> float:
    """Characters a second of all workers together, looked at once a second; 0 while none has spoken yet.

    Who has not spoken yet counts as the mean of the others.
    """
    now = time.monotonic()
    if now >= _known.until:
        told = [float(value) for value in writer().mget(keys) if value] if (keys := _keys()) else []
        measured = [each for each in told if each > 0]
        _known.pace = sum(measured) * len(told) / len(measured) if measured else 0.0
        _known.until = now + PACE_KEPT_SECONDS
    return _known.pace


class _Known:
    """The last answer of `pace` in this process, and until when it holds (monotonic)."""

    pace = 0.0
    until = 0.0


_known = _Known()


def _keys() -> list[bytes]:
    # A look at a thousand keys a round trip: every request of the last minutes has one.
    return list(writer().scan_iter(f"{_PREFIX}*", count=1000))
