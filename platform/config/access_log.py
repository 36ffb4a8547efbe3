"""One line for each request that the web process has answered."""

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog

from tts_engine import tally, telling

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

log = structlog.get_logger("access")

PROBES = {"/healthz", "/readyz", "/metrics"}  # asked every few seconds by whoever watches us
REFUSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class AccessLog:
    """ASGI middleware: method, path, status and time, from the request to the last byte; never the query.

    `status` is 0 where the caller hung up before there was one. Beside it stands what `telling` was told meanwhile.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._application(scope, receive, send)
            return
        began = time.monotonic()
        facts = telling.begin()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message.get("headers", ()):
                    if name == b"x-request-id":
                        facts["request_id"] = value.decode()
            await send(message)

        try:
            await self._application(scope, receive, watch)
        finally:
            _count(status, facts.get("code"))
            milliseconds = round((time.monotonic() - began) * 1000)
            log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds, **facts)


def _count(status: int, code: str | None) -> None:
    tally.RESPONSES.add(str(status))
    if code and status in REFUSING:
        tally.REFUSALS.add(code)
