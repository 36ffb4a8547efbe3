"""Which workers are alive: each tells Valkey every few seconds, once its voice is loaded."""

import socket
import threading

import structlog
from redis.exceptions import RedisError

from tts_engine.relay import writer

log = structlog.get_logger()

HEARTBEAT_SECONDS = 3
FORGOTTEN_AFTER_SECONDS = 10
_PREFIX = "worker:"


def announce(name: str) -> None:
    """Begin to tell, from a thread of its own, that this worker is ready."""

    def beat() -> None:
        pause = threading.Event()
        while True:
            try:
                writer().set(f"{_PREFIX}{name}", socket.gethostname(), ex=FORGOTTEN_AFTER_SECONDS)
            except RedisError as error:  # Valkey restarts: the next beat tells it again
                log.warning("heartbeat_not_told", error=str(error))
            pause.wait(HEARTBEAT_SECONDS)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


def workers() -> list[str]:
    """The names of the workers that can speak. Raises RedisError when Valkey is away."""
    return sorted(key.decode().removeprefix(_PREFIX) for key in writer().scan_iter(f"{_PREFIX}*"))
