"""From the worker that encodes to the web process that answers: one Valkey stream a request.

A second attempt at the same row speaks the same bytes, for voices and encoders are deterministic.
So every piece says where it lies in the whole, and a reader skips what it has already passed on:
a caller never notices that a worker died under its request.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
import structlog
from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from tts_engine.errors import DeadlinePassed, SynthesisCancelled, SynthesisFailed
from tts_engine.speech.timeline import Timeline

BLOCK_MS = 4000  # how often a silent stream is reported as such
SILENCE_SECONDS = 30  # of Valkey itself, after which it counts as gone; on a busy machine 5 s are soon over
MOST_AT_ONCE = 8  # pieces: a caller who reads slowly has no more than these in the web process's memory
# Each waiting caller holds one connection to Valkey while it blocks.
MOST_READERS = 10_000


CANCELLED = "The request was cancelled before it was spoken; nothing was billed."
PASSED = "It was not this request's turn within the time you gave it; nothing was billed."


log = structlog.get_logger()


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


def _add(synthesis_id: UUID, fields: dict[Any, Any], keep: timedelta | None = None) -> None:
    """Where Valkey is away the speech goes on: a reader that misses a piece takes the stored audio."""
    try:
        with writer().pipeline(transaction=False) as pipe:
            pipe.xadd(_key(synthesis_id), fields)
            pipe.expire(_key(synthesis_id), keep or settings.RELAY_KEEP)
            pipe.execute()
    except RedisError as error:
        log.warning("piece_not_relayed", synthesis=str(synthesis_id), error=str(error))


def send(
    synthesis_id: UUID, data: bytes, *, attempt: int, offset: int, heard: tuple[int, Timeline] | None = None
) -> None:
    """Pass on a piece of encoded audio that begins at byte `offset` of the whole answer.

    `heard` are sentences that were made whole since the last piece, and the number of the first of them.
    """
    fields: dict[str, bytes | int] = {"attempt": attempt, "offset": offset, "data": data}
    if heard and heard[1].sentences:
        fields |= {"first": heard[0], "times": heard[1].pack()}
    _add(synthesis_id, fields)


def end(synthesis_id: UUID, *, attempt: int, size: int) -> None:
    """Tell that the whole answer, `size` bytes long, has been sent and stored."""
    _add(synthesis_id, {"attempt": attempt, "offset": size, "end": 1}, keep=settings.RELAY_KEEP_WHOLE)


def fail(synthesis_id: UUID, error: SynthesisFailed) -> None:
    told = {"message": str(error), "code": error.code, "param": error.param, "refused": error.refused}
    _add(synthesis_id, {"failed": json.dumps(told)})


def cancel(synthesis_id: UUID, code: str) -> None:
    """`code` is the row's: empty, or why it was cancelled."""
    _add(synthesis_id, {"cancelled": code})


def cancelled(code: str) -> SynthesisCancelled:
    """The error of a row that was cancelled with this code."""
    return DeadlinePassed(PASSED) if code == DeadlinePassed.code else SynthesisCancelled(CANCELLED)


def _hang_up_key(synthesis_id: UUID) -> str:
    return f"hung-up:{synthesis_id}"


def hang_up(synthesis_id: UUID) -> None:
    """Tell the worker that nobody listens any more."""
    try:
        writer().set(_hang_up_key(synthesis_id), 1, ex=settings.RELAY_KEEP)
    except RedisError as error:  # then it is spoken in its turn, as if somebody did
        log.warning("hang_up_not_told", synthesis=str(synthesis_id), error=str(error))


def has_hung_up(synthesis_id: UUID) -> bool:
    """Is it known that nobody listens? Without Valkey it is not."""
    try:
        return bool(writer().exists(_hang_up_key(synthesis_id)))
    except RedisError:
        return False


async def pieces(synthesis_id: UUID, look_at: datetime | None = None) -> AsyncIterator[bytes | Timeline]:
    """Yield the encoded audio as it comes, each byte once, until the end; and each sentence once it is made, once.

    Yields b"" whenever nothing came for BLOCK_MS or until `look_at`, so that a reader can look to its
    deadline and to the row itself. Raises SynthesisFailed, SynthesisCancelled, or StreamLost.
    """
    last: bytes | str = "0"
    passed_on = sentences = 0
    attempt = 0
    while True:
        try:
            answer = await _reader().xread({_key(synthesis_id): last}, count=MOST_AT_ONCE, block=_block_ms(look_at))
        except RedisError as error:
            raise StreamLost from error
        _raise_swallowed_cancellation()
        if not answer:
            yield b""
            continue
        for entry_id, fields in _entries(answer):
            last = entry_id
            if b"failed" in fields:
                raise _told(fields[b"failed"])
            if b"cancelled" in fields:
                raise cancelled(fields[b"cancelled"].decode())
            entry_attempt = int(fields[b"attempt"])
            if entry_attempt < attempt:
                continue  # a worker that lost its lease and does not know it yet
            attempt = entry_attempt
            offset = int(fields[b"offset"])
            if offset > passed_on:
                raise StreamLost
            if b"end" in fields:
                return
            if b"times" in fields and (heard := _unheard(fields, sentences)).sentences:
                sentences += len(heard.sentences)
                yield heard
            piece = fields[b"data"][passed_on - offset :]
            if piece:
                passed_on += len(piece)
                yield piece


def _raise_swallowed_cancellation() -> None:
    """Before Python 3.12 asyncio.wait_for, in which redis sends, drops one that comes just as it is done."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _unheard(fields: dict[bytes, bytes], sentences: int) -> Timeline:
    """Without the sentences that an earlier attempt told of."""
    return Timeline.unpack(fields[b"times"]).after(sentences - int(fields[b"first"]))


def _block_ms(look_at: datetime | None) -> int:
    left = (look_at - timezone.now()) / timedelta(milliseconds=1) if look_at else 0
    return min(BLOCK_MS, math.ceil(left)) if left > 0 else BLOCK_MS


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
