"""One line an event, with what an operator needs to follow a request and nothing that a caller sent."""

import io
import logging
from collections.abc import Iterator
from logging.config import dictConfig
from typing import Any

import httpx
import pytest
import structlog
from asgiref.sync import async_to_sync
from structlog.contextvars import bound_contextvars, clear_contextvars

from config.access_log import AccessLog
from config.logging import CONFIGURATION


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the configured handler would write to standard error."""
    dictConfig(CONFIGURATION)
    clear_contextvars()  # a door that was knocked at in this thread has bound its request's id
    (stderr,) = (handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    written = io.StringIO()
    before = stderr.setStream(written)
    yield written
    stderr.setStream(before)


def test_an_event_is_one_line(lines: io.StringIO) -> None:
    """When, how bad, what, then its values; a line break within a value is escaped."""
    structlog.get_logger("room").warning("something_happened", cause="two\nlines", count=3)
    (line,) = lines.getvalue().splitlines()
    assert line.startswith("timestamp=20")
    assert line.endswith("Z level=warning event=something_happened cause=two\\nlines count=3 logger=room")


def test_other_libraries_write_the_same(lines: io.StringIO) -> None:
    """What comes through the standard library looks like ours."""
    logging.getLogger("celery.somewhere").error("Cannot do %s", "that")
    (line,) = lines.getvalue().splitlines()
    assert 'level=error event="Cannot do that"' in line
    assert line.endswith("logger=celery.somewhere")


def test_a_crash_is_one_line_too(lines: io.StringIO) -> None:
    """With its traceback, so that a search for the request finds the cause."""
    with bound_contextvars(request_id="r-1"):
        try:
            raise ValueError("broken")
        except ValueError:
            structlog.get_logger().exception("crashed")
    (line,) = lines.getvalue().splitlines()
    assert "event=crashed request_id=r-1" in line
    assert "ValueError: broken" in line


def ask(path: str, application: Any) -> None:
    async def send() -> None:
        transport = httpx.ASGITransport(app=AccessLog(application))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get(path, headers={"Authorization": "Bearer vox_secret"})

    async_to_sync(send)()


async def teapot(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": [(b"x-request-id", b"r-2")]})
    await send({"type": "http.response.body", "body": b"short and stout"})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ConnectionError


def test_a_request_is_one_line_without_what_was_sent(lines: io.StringIO) -> None:
    """Method, path, status, time and id; neither the query nor the key."""
    ask("/tts/download?text=secret", teapot)
    (line,) = [line for line in lines.getvalue().splitlines() if "event=request " in line]
    assert "request_id=r-2 method=GET path=/tts/download status=418 ms=" in line
    assert "secret" not in line


def test_a_request_that_got_no_answer(lines: io.StringIO) -> None:
    """Its line has the status 0."""
    with pytest.raises(ConnectionError):
        ask("/v1/models", broken)
    assert "path=/v1/models status=0" in lines.getvalue()


def test_probes_are_not_told(lines: io.StringIO) -> None:
    """Whoever watches the platform asks every few seconds."""
    ask("/readyz", teapot)
    assert "event=request " not in lines.getvalue()


def test_a_refusal_is_told_once(lines: io.StringIO) -> None:
    """Django's own line for each 4xx and 503 is left out, one with a cause is not."""
    logging.getLogger("django.request").warning("Not Found: /nowhere")
    assert lines.getvalue() == ""
    logging.getLogger("django.request").error("Internal Server Error: /", exc_info=ValueError("why"))
    assert "ValueError: why" in lines.getvalue()
