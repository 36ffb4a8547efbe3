"""What uvicorn does with a connection; `config.web` names it."""

import asyncio

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Protocol(HttpToolsProtocol):
    """Uvicorn's own, but a connection on which no whole head of a request comes in time is closed.

    Each costs a file descriptor and some memory, and uvicorn would keep one that says nothing for ever.
    Between two requests its own limit, which is shorter, holds.
    """

    _head_is_late: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._head_is_late = self.loop.call_later(settings.HEAD_WITHIN.total_seconds(), transport.close)

    def on_headers_complete(self) -> None:
        self._head_is_late.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_late.cancel()
        super().connection_lost(exc)
