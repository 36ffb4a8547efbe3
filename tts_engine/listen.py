"""What a web process does while a worker speaks: pass on audio, hold no database connection."""

import asyncio
import contextvars
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from tts_engine import cache, queue, relay, store
from tts_engine.errors import DeadlinePassed, SpeechTimeout, SynthesisCancelled, SynthesisFailed
from tts_engine.models import Status, Synthesis
from tts_engine.shelves.shelf import StoredFile, size_of
from tts_engine.speech.timeline import Timeline
from tts_engine.subtitles import timeline

log = structlog.get_logger()

P = ParamSpec("P")
R = TypeVar("R")

FILE_PIECE = 64 * 1024  # bytes
RETRY_SECONDS = 60  # after a wait in vain of many minutes
MOST_AT_ONCE = 1024 * 1024  # bytes; a minute of MP3
NOT_KEPT = "It failed. Why is not kept, for it may quote the text and your team keeps no texts; try it again."


# As many threads as the pool has connections: whoever has a thread has a connection at once.
_database_threads = ThreadPoolExecutor(settings.DATABASE_CONNECTIONS, thread_name_prefix="database")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run synchronous work in a thread and give its database connection back to the pool at once."""

    def work() -> R:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_database_threads, context.run, work)


async def answer(synthesis: Synthesis) -> AsyncIterator[bytes]:
    """The encoded audio of a queued, running or done synthesis, as it is made; each byte once.

    Raises as `timed_answer` does, but for TimesNotKept.
    """
    async with aclosing(_heard(synthesis, timed=False)) as stream:
        async for heard in stream:
            if isinstance(heard, bytes):
                yield heard


def timed_answer(synthesis: Synthesis) -> AsyncGenerator[bytes | Timeline]:
    """The encoded audio of a queued, running or done synthesis, as it is made, and each sentence once it is made.

    When the caller goes away or its deadline passes before a worker has begun, the synthesis is
    cancelled; later, whoever listens goes before the rest of it. Raises SynthesisFailed,
    SynthesisCancelled, DeadlinePassed, SpeechTimeout, TimesNotKept.
    """
    return _heard(synthesis, timed=True)


async def _heard(synthesis: Synthesis, *, timed: bool) -> AsyncGenerator[bytes | Timeline]:
    sent = sentences = 0
    try:
        async for heard in _live(synthesis):
            if isinstance(heard, bytes):
                sent += len(heard)
            else:
                sentences += len(heard.sentences)
            yield heard
        return
    except relay.StreamLost:
        await _ended(synthesis)
    except (SynthesisFailed, SynthesisCancelled):
        raise
    except BaseException:  # the caller hung up, or the time ran out
        await asyncio.shield(in_database(_leave, synthesis))
        raise
    if timed:
        yield (await asyncio.to_thread(timeline, synthesis)).after(sentences)
    async for piece in file_pieces(store.answer_file(synthesis), start=sent):
        yield piece


def _leave(synthesis: Synthesis) -> None:
    try:
        if not queue.cancel(synthesis):
            relay.hang_up(synthesis.id)
    except (OperationalError, InterfaceError) as error:  # then it is spoken in its turn, as if somebody listened
        log.warning("leaving_not_told", synthesis=str(synthesis.id), error=str(error))


def stored(synthesis: Synthesis) -> bytes | None:
    """The whole answer, where it is there and small enough to be held in memory; called in a thread."""
    if synthesis.status != Status.DONE:
        return None
    if synthesis.repeats and (held := synthesis.repeats.answer.audio):
        return held
    file = store.answer_file(synthesis)
    if size_of(file) > MOST_AT_ONCE:
        return None
    audio = file.read_bytes()
    cache.hold(synthesis, audio)
    return audio


async def finished(synthesis: Synthesis) -> StoredFile:
    """The file of the whole answer, once it is spoken and stored. Raises as `answer` does."""
    async for _ in answer(synthesis):
        pass
    if synthesis.status != Status.DONE:
        await _ended(synthesis)
    return store.answer_file(synthesis)


async def _live(synthesis: Synthesis) -> AsyncIterator[bytes | Timeline]:
    """What comes through the relay. Raises StreamLost when the rest is only to be had from the store."""
    if synthesis.status == Status.DONE:
        raise relay.StreamLost
    last_heard = time.monotonic()
    async for piece in relay.pieces(synthesis.id, look_at=synthesis.deadline):
        if piece:
            yield piece
            last_heard = time.monotonic()
            continue
        _refuse_to_wait_since(last_heard)
        if await _has_ended(synthesis):
            raise relay.StreamLost
        if _waited_in_vain(synthesis) and await in_database(queue.cancel, synthesis, code=DeadlinePassed.code):
            raise relay.cancelled(DeadlinePassed.code)


def _refuse_to_wait_since(moment: float) -> None:
    """Raises SpeechTimeout where `moment` (monotonic) is longer ago than a caller is kept waiting."""
    if time.monotonic() - moment > settings.SPEECH_WAIT.total_seconds():
        message = "No audio came in time: the platform has more to do than it can. Try again later."
        raise SpeechTimeout(message, retry_after=RETRY_SECONDS)


def _waited_in_vain(synthesis: Synthesis) -> bool:
    deadline = synthesis.deadline
    return synthesis.status == Status.QUEUED and deadline is not None and deadline <= timezone.now()


async def _ended(synthesis: Synthesis) -> None:
    """Wait until the row is done. Raises SynthesisFailed, SynthesisCancelled or SpeechTimeout."""
    began = time.monotonic()
    while not await _has_ended(synthesis):
        _refuse_to_wait_since(began)
        await asyncio.sleep(1)


async def _has_ended(synthesis: Synthesis) -> bool:
    """Look at the row itself: True when done. Raises SynthesisFailed or SynthesisCancelled.

    Where the database is away for a moment the caller, who may have heard half of it, waits on.
    """
    fields = ["status", "attempt", "deadline", "error_code", "error_message"]
    try:
        await in_database(synthesis.refresh_from_db, fields=fields)
    except (OperationalError, InterfaceError) as error:
        log.warning("row_not_read", synthesis=str(synthesis.id), error=str(error))
        return False
    if synthesis.status == Status.FAILED:
        raise SynthesisFailed(synthesis.error_message or NOT_KEPT, code=synthesis.error_code)
    if synthesis.status == Status.CANCELLED:
        raise relay.cancelled(synthesis.error_code)
    return synthesis.status == Status.DONE


async def file_pieces(stored: StoredFile, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
    """A stretch of a file, read in a thread; `length` None is to its end."""
    file = await asyncio.to_thread(stored.open, "rb")
    left = length
    try:
        await asyncio.to_thread(file.seek, start)
        while left is None or left > 0:
            piece = await asyncio.to_thread(file.read, FILE_PIECE if left is None else min(FILE_PIECE, left))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece
    finally:
        file.close()
