"""How a web process leaves, with a small application in the place of ours."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from config.processes import READY_FD
from config.web import Server, open_door

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class House:
    """A server, and an application that answers at once, or at /slow when the test says so."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = asyncio.Event()
        self.door = open_door("127.0.0.1", 0)
        self.address = self.door.getsockname()
        configuration = uvicorn.Config(
            self.application, interface="asgi3", lifespan="off", log_config=None, timeout_keep_alive=1
        )
        self.server = Server(configuration)
        self.task = asyncio.create_task(self.server._serve([self.door]))

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        if scope["path"] == "/slow":
            self.asked.set()
            await self.may_answer.wait()
        await send({"type": "http.response.body", "body": b"ok"})

    def leave(self) -> None:
        self.server.should_exit = True


@asynccontextmanager
async def serving() -> AsyncIterator[House]:
    house = House()
    while not house.server.started:
        await asyncio.sleep(0.01)
    yield house
    house.leave()
    await house.task


async def answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    return head, await reader.readexactly(2)


async def refused(house: House) -> bool:
    try:
        _, writer = await asyncio.open_connection(*house.address)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


def run(test: Callable[[House], Any]) -> None:
    async def main() -> None:
        async with serving() as house:
            await test(house)

    asyncio.run(main())


def test_a_connection_that_is_kept_has_one_more_answer() -> None:
    """The process is asked to leave between two requests of a caller: the second is answered, as the last."""

    async def ask_twice(house: House) -> None:
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(REQUEST)
        head, _ = await answer(reader)
        assert "connection: close" not in head
        house.leave()
        while not await refused(house):
            await asyncio.sleep(0.02)
        writer.write(REQUEST)
        head, said = await answer(reader)
        assert "connection: close" in head
        assert said == b"ok"
        assert await reader.read() == b""
        writer.close()
        await house.task

    run(ask_twice)


def test_who_has_knocked_is_let_in() -> None:
    """Whoever connects until the very moment that the socket is closed is answered, not turned away."""

    async def crowd(house: House) -> None:
        async def knock() -> int:
            answers = 0
            while True:
                try:
                    reader, writer = await asyncio.open_connection(*house.address)
                except ConnectionRefusedError:
                    return answers
                writer.write(REQUEST)
                await answer(reader)
                answers += 1
                writer.close()

        callers = [asyncio.create_task(knock()) for _ in range(20)]
        await asyncio.sleep(0.05)
        house.leave()
        assert all(await asyncio.gather(*callers))

    run(crowd)


def test_who_is_being_answered_is_answered_to_the_end() -> None:
    """Long after the process was asked to leave; it ends then."""

    async def ask_slowly(house: House) -> None:
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(REQUEST.replace(b" / ", b" /slow "))
        await house.asked.wait()
        house.leave()
        while not await refused(house):
            await asyncio.sleep(0.02)
        assert not house.task.done()
        house.may_answer.set()
        _, said = await answer(reader)
        assert said == b"ok"
        writer.close()
        await house.task

    run(ask_slowly)


def test_it_tells_when_it_listens() -> None:
    """Whoever started it hears of it through the pipe that the environment names."""
    told, tells = os.pipe()
    os.environ[READY_FD] = str(tells)

    async def look(house: House) -> None:
        assert os.read(told, 2) == b"."
        assert READY_FD not in os.environ

    run(look)
    os.close(told)
