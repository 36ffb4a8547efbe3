"""One line for each request that the web process has answered."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

log = structlog.get_logger("access")

PROBES = {"/healthz", "/readyz"}  # asked every few seconds by whoever watches us


class AccessLog:
    """ASGI middleware: method, path, status and time, from the request to the last byte; never the query.

    `status` is 0 where the caller hung up before there was one.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._application(scope, receive, send)
            return
        began = time.monotonic()
        status, request_id = 0, None

        async def watch(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = dict(message.get("headers", [])).get(b"x-request-id", b"").decode() or None
            await send(message)

        try:
            await self._application(scope, receive, watch)
        finally:
            known = {} if request_id is None else {"request_id": request_id}
            milliseconds = round((time.monotonic() - began) * 1000)
            log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds, **known)
