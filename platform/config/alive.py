"""A container's health, `python -m config.alive [web|worker]`, without the weight of Django."""

import sys
import urllib.request
from socket import gethostname

import environ
import redis

env = environ.FileAwareEnv()
SECONDS = 3  # that a server gets to answer


def web() -> bool:
    port = env.int("PORT", default=8000)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=SECONDS):
        return True


def worker() -> bool:
    """It has told lately that it can speak; see `tts_engine.presence`."""
    with redis.Redis.from_url(env.str("REDIS_URL"), socket_timeout=SECONDS) as valkey:
        return bool(valkey.exists(f"worker:celery@{gethostname()}"))


if __name__ == "__main__":
    sys.exit(0 if {"web": web, "worker": worker}[sys.argv[1]]() else 1)
