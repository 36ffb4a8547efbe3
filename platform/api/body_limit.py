"""Refuse a huge body before anything is made of it: not kept in memory, not written to disk."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from api.errors import Problem, answer_at_no_door

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class BodyLimit:
    """ASGI middleware: a body above `most` bytes is read to its end, thrown away, and answered 413.

    `more` has other limits, by address.

    It is read on, rather than cut off, because most clients only look for an answer once they have
    sent everything; above `most` x `PATIENCE` the connection is closed all the same.
    """

    PATIENCE = 100

    def __init__(self, application: Application, *, most: int, more: Mapping[str, int]) -> None:
        self._application = application
        self._most = most
        self._more = more

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        most = self._more.get(scope["path"], self._most)
        kept: list[Message] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                kept.append(message)
                break
            size += len(message.get("body", b""))
            if size <= most:
                kept.append(message)
            elif size > most * self.PATIENCE:
                break
            if not message.get("more_body", False):
                break
        if size > most:
            await self._refuse(scope["path"], most, send)
            return
        replayed = iter(kept)

        async def replay() -> Message:
            return next(replayed, None) or await receive()

        await self._application(scope, replay, send)

    async def _refuse(self, path: str, most: int, send: Send) -> None:
        message = f"The body is larger than {most} bytes; send it in parts."
        headers = {"connection": "close"}
        problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_too_large", message, headers=headers)
        await answer_at_no_door(problem, path, send)
