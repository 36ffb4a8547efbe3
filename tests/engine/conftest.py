"""Asynchronous code of the web process, run from ordinary tests."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
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
