"""Bytes that ordinary code makes, sent to a reader who may be slow.

Each piece is made by a thread when the one before it has been sent; in between no thread, no
database connection and no more than that piece waits for the reader.
"""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterable
from threading import Lock

from django.db import connections

PIECE = 64 * 1024  # bytes that are worth a step


def gathered(pieces: Iterable[bytes], *, least: int) -> Generator[bytes, None, None]:
    """The same bytes in pieces of `least` or more, the last one aside."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= least:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


async def streamed(pieces: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """The pieces as they are made; the generator is closed when the reader goes away."""
    steps = _Steps(pieces)
    try:
        while (piece := await asyncio.to_thread(steps.next)) is not None:
            yield piece
    finally:
        await asyncio.shield(asyncio.to_thread(steps.close))


class _Steps:
    """A generator that one thread after another works at; closing waits for the step under way."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces = pieces
        self._lock = Lock()

    def next(self) -> bytes | None:
        with self._lock:
            try:
                return next(self._pieces, None)
            finally:
                connections.close_all()  # back to the pool

    def close(self) -> None:
        with self._lock:
            try:
                self._pieces.close()
            finally:
                connections.close_all()
