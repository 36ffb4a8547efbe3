"""Connections that say nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from pytest_django.fixtures import Settings

from config.connections import Protocol

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Slower than a head may be."""
    await asyncio.sleep(0.4)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def first_line(said: bytes) -> bytes:
    """What a server answers to a connection on which this is said, and no more."""
    config = uvicorn.Config(answer, http=Protocol, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()
    server.should_exit = True
    await serving
    return line


@pytest.mark.parametrize(
    ("said", "heard"),
    [(b"", b""), (HEAD, b""), (HEAD + b"\r\n", b"HTTP/1.1 200 OK\r\n")],
    ids=["nothing", "half a head", "a whole one"],
)
def test_a_head_that_does_not_come_ends_the_connection(settings: Settings, said: bytes, heard: bytes) -> None:
    """Whoever has said what it wants may wait as long as the answer takes."""
    settings.HEAD_WITHIN = timedelta(seconds=0.2)
    assert asyncio.run(first_line(said)) == heard
