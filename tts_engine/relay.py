"""From the worker that encodes to the web process that answers: one Valkey stream a request.

A second attempt at the same row speaks the same bytes, for voices and encoders are deterministic.
So every piece says where it lies in the whole, and a reader skips what it has already passed on:
a caller never notices that a worker died under its request.
"""

import json
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings

from tts_engine.errors import SynthesisCancelled, SynthesisFailed

BLOCK_MS = 4000  # how often a silent stream is reported as such
SILENCE_SECONDS = 30  # of Valkey itself, after which it counts as gone; on a busy machine 5 s are soon over
MOST_AT_ONCE = 8  # pieces: a caller who reads slowly has no more than these in the web process's memory
# Each waiting caller holds one connection to Valkey while it blocks.
MOST_READERS = 10_000


CANCELLED = "The request was cancelled before it was spoken; nothing was billed."


class StreamLost(Exception):
    """Pieces are missing (Valkey was flushed, restarted or cannot be reached); the stored audio will have them."""


def _key(synthesis_id: UUID) -> str:
    return f"speech:{synthesis_id}"


@cache
def writer() -> redis.Redis:
    """The process's synchronous connections to Valkey."""
    return redis.Redis.from_url(settings.REDIS_URL)


@cache
def _reader() -> redis.asyncio.Redis:
    """One pool for the one event loop of a web process."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, max_connections=MOST_READERS, socket_timeout=SILENCE_SECONDS
    )


def _add(synthesis_id: UUID, fields: dict[Any, Any]) -> None:
    with writer().pipeline(transaction=False) as pipe:
        pipe.xadd(_key(synthesis_id), fields)
        pipe.expire(_key(synthesis_id), settings.RELAY_KEEP)
        pipe.execute()


def send(synthesis_id: UUID, data: bytes, *, attempt: int, offset: int) -> None:
    """Pass on a piece of encoded audio that begins at byte `offset` of the whole answer."""
    _add(synthesis_id, {"attempt": attempt, "offset": offset, "data": data})


def end(synthesis_id: UUID, *, attempt: int, size: int) -> None:
    """Tell that the whole answer, `size` bytes long, has been sent and stored."""
    _add(synthesis_id, {"attempt": attempt, "offset": size, "end": 1})


def fail(synthesis_id: UUID, error: SynthesisFailed) -> None:
    told = {"message": str(error), "code": error.code, "param": error.param, "refused": error.refused}
    _add(synthesis_id, {"failed": json.dumps(told)})


def cancel(synthesis_id: UUID) -> None:
    _add(synthesis_id, {"cancelled": 1})


def _hang_up_key(synthesis_id: UUID) -> str:
    return f"hung-up:{synthesis_id}"


def hang_up(synthesis_id: UUID) -> None:
    """Tell the worker that nobody listens any more."""
    writer().set(_hang_up_key(synthesis_id), 1, ex=settings.RELAY_KEEP)


def has_hung_up(synthesis_id: UUID) -> bool:
    return bool(writer().exists(_hang_up_key(synthesis_id)))


async def pieces(synthesis_id: UUID) -> AsyncIterator[bytes]:
    """Yield the encoded audio as it comes, each byte once, until the end.

    Yields b"" whenever nothing came for BLOCK_MS, so that a reader can look to its deadline and
    to the row itself. Raises SynthesisFailed, SynthesisCancelled, or StreamLost.
    """
    last: bytes | str = "0"
    passed_on = 0
    attempt = 0
    while True:
        try:
            answer = await _reader().xread({_key(synthesis_id): last}, count=MOST_AT_ONCE, block=BLOCK_MS)
        except redis.RedisError as error:
            raise StreamLost from error
        if not answer:
            yield b""
            continue
        for entry_id, fields in _entries(answer):
            last = entry_id
            if b"failed" in fields:
                raise _told(fields[b"failed"])
            if b"cancelled" in fields:
                raise SynthesisCancelled(CANCELLED)
            entry_attempt = int(fields[b"attempt"])
            if entry_attempt < attempt:
                continue  # a worker that lost its lease and does not know it yet
            attempt = entry_attempt
            offset = int(fields[b"offset"])
            if offset > passed_on:
                raise StreamLost
            if b"end" in fields:
                return
            piece = fields[b"data"][passed_on - offset :]
            if piece:
                passed_on += len(piece)
                yield piece


def _entries(answer: Any) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """The entries of the one stream that was asked for, in either version of the Redis protocol."""
    streams = answer.values() if isinstance(answer, dict) else (entries for _, entries in answer)
    for entries in streams:
        for entry in entries:
            # RESP3 wraps each stream's entries in one more list.
            yield from entry if isinstance(entry, list) and entry and isinstance(entry[0], tuple) else [entry]


def _told(failed: bytes) -> SynthesisFailed:
    told = json.loads(failed)
    return SynthesisFailed(told["message"], code=told["code"], param=told["param"], refused=told["refused"])
