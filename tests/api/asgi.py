"""How a caller meets an application of ours, without a server between them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Application = Callable[..., Awaitable[None]]  # of scope, receive and send


async def answered(
    application: Application,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    address: str | None = "192.0.2.7",
) -> Answer:
    """Status, headers and body for a caller who stays until all of it is there."""
    sent: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {"host": "voice.example", **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "query_string": b"",
        "client": (address, 1234) if address else None,
    }
    await application(scope, receive, send)
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])
