"""Asynchronous code of the web process, run from ordinary tests; and a disk that takes no more."""

import asyncio
import resource
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from tts_engine import relay

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture
def run() -> Iterator[Run[Any]]:
    """run(coroutine): its result, in an event loop of its own, as a web process has one."""

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        async def closing() -> T:
            try:
                return await coroutine
            finally:
                await relay._reader().aclose()

        relay._reader.cache_clear()
        return asyncio.run(closing())

    yield run
    relay._reader.cache_clear()


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """The kernel takes no more bytes than these into a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
