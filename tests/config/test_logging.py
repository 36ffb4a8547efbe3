"""One JSON object an event, with what an operator needs to follow a request and no secret of a caller's."""

import io
import json
import logging
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from logging.config import dictConfig
from typing import Any

import httpx
import pytest
import structlog
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import send_mail
from pytest_django.fixtures import Settings
from structlog.contextvars import bound_contextvars, clear_contextvars

from config.access_log import AccessLog
from config.logging import COMMON, configure, for_people
from tts_engine import tally, telling

Written = Callable[[], list[dict[str, Any]]]


def configured(log_format: str) -> None:
    """As a process that starts so; loggers that were used before in this one hold the list of processors itself."""
    held = structlog.get_config()
    dictConfig(configure(log_format))
    held["processors"][:] = structlog.get_config()["processors"]
    structlog.configure(**held)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """The events that were written to standard error since the last look."""
    processors = list(structlog.get_config()["processors"])
    clear_contextvars()  # a door that was knocked at in this thread has bound its request's id
    configured("json")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    dictConfig(django_settings.LOGGING)
    structlog.get_config()["processors"][:] = processors


def test_an_event_is_one_line(lines: Written) -> None:
    """When, how bad, what, then its values, Chinese as it is written."""
    structlog.get_logger("room").warning("something_happened", cause="two\nlines", count=3, text="你好")
    (event,) = lines()
    assert event.pop("timestamp").startswith("20")
    assert list(event) == ["level", "event", "cause", "count", "text", "logger"]
    assert list(event.values()) == ["warning", "something_happened", "two\nlines", 3, "你好", "room"]


def test_a_logger_without_a_name_has_its_modules(lines: Written) -> None:
    """So that an event is found in the code."""
    structlog.get_logger().info("here")
    assert [event["logger"] for event in lines()] == [__name__]


def test_other_libraries_write_the_same(lines: Written) -> None:
    """What comes through the standard library looks like ours."""
    logging.getLogger("celery.somewhere").error("Cannot do %s", "that")
    (event,) = lines()
    assert (event["level"], event["event"], event["logger"]) == ("error", "Cannot do that", "celery.somewhere")


def test_a_crash_is_one_line_too(lines: Written) -> None:
    """With its traceback, so that a search for the request finds the cause."""
    with bound_contextvars(request_id="r-1"):
        try:
            raise ValueError("broken")
        except ValueError:
            structlog.get_logger().exception("crashed")
    (event,) = lines()
    assert (event["event"], event["level"], event["request_id"]) == ("crashed", "error", "r-1")
    assert "ValueError: broken" in event["exception"]


def test_a_row_that_the_database_quotes_is_left_out(lines: Written) -> None:
    """PostgreSQL tells all values of a row that violates a constraint, its text too."""
    try:
        try:
            raise ValueError("violates check constraint\nDETAIL:  Failing row contains (1, a secret,\n\nof two lines).")
        except ValueError as error:
            raise RuntimeError("cannot be stored") from error
    except RuntimeError:
        structlog.get_logger().exception("crashed")
    (event,) = lines()
    assert "violates check constraint" in event["exception"]
    assert "RuntimeError: cannot be stored" in event["exception"]
    assert "secret" not in event["exception"]
    assert "of two lines" not in event["exception"]


def test_lines_of_many_threads_stay_whole(lines: Written) -> None:
    """However long they are."""
    log = structlog.get_logger()
    threads = [threading.Thread(target=log.info, args=["long"], kwargs={"text": str(n) * 10_000}) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event["text"] for event in lines()} == {str(n) * 10_000 for n in range(8)}


def test_nobody_takes_the_lines(lines: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed standard error fails no request."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    structlog.get_logger().info("unheard")


@pytest.mark.usefixtures("lines")
def test_for_people_the_same_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """As `make up` shows it: in columns, a traceback in lines of its own; what is no event stays as it is."""
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("room").exception("crashed", request_id="r-1")
    shown = for_people(capsys.readouterr().err.strip(), colors=False)
    assert "[error    ] crashed" in shown
    assert "request_id=r-1" in shown
    assert shown.splitlines()[-1] == "ValueError: broken"
    assert for_people('LOG: {"not": ours}', colors=False) == 'LOG: {"not": ours}'


@pytest.mark.usefixtures("lines")
def test_text_is_written_where_the_operator_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    """LOG_FORMAT=text; a word that is neither is refused as the process starts."""
    configured("text")
    structlog.get_logger("room").info("happened", count=3)
    assert "happened [room] count=3" in capsys.readouterr().err
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT is 'xml'"):
        configure("xml")


def ask(path: str, application: Any) -> None:
    async def send() -> None:
        transport = httpx.ASGITransport(app=AccessLog(application))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get(path, headers={"Authorization": "Bearer vox_secret", "Cookie": "sessionid=secret"})

    async_to_sync(send)()


async def teapot(scope: Any, receive: Any, send: Any) -> None:
    telling.add(voice="xiaoxiao")
    await send({"type": "http.response.start", "status": 418, "headers": [(b"x-request-id", b"r-2")]})
    await send({"type": "http.response.body", "body": b"short and stout"})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ConnectionError


def test_a_request_is_one_line_without_what_was_sent(lines: Written) -> None:
    """Method, path, status, time, id and what was told of it on the way; neither the query nor key or cookie."""
    ask("/tts/download?text=secret", teapot)
    (line,) = [event for event in lines() if event["event"] == "request"]
    assert isinstance(line.pop("ms"), int)
    del line["timestamp"]
    assert line == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "path": "/tts/download",
        "status": 418,
        "voice": "xiaoxiao",
        "request_id": "r-2",
        "logger": "access",
    }
    assert "secret" not in json.dumps(line)


def test_a_request_that_got_no_answer(lines: Written) -> None:
    """Its line has the status 0."""
    with pytest.raises(ConnectionError):
        ask("/v1/models", broken)
    assert [(event["path"], event["status"]) for event in lines() if event["event"] == "request"] == [("/v1/models", 0)]


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_probes_are_not_told(lines: Written, path: str) -> None:
    """Whoever watches the platform asks every few seconds."""
    ask(path, teapot)
    assert not [event for event in lines() if event["event"] == "request"]


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    telling.add(code="insufficient_quota")
    await send({"type": "http.response.start", "status": 429, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_answers_and_refusals_are_counted(lines: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """By status, and those of a limit by why; what no caller chose."""
    counted: dict[tuple[Any, ...], float] = defaultdict(float)
    monkeypatch.setattr(tally, "_added", counted)
    for application in (refusing, refusing, teapot):
        ask("/v1/audio/speech", application)
    assert counted == {
        ("voxhouse_http_responses", "total", ("429",)): 2,
        ("voxhouse_http_responses", "total", ("418",)): 1,
        ("voxhouse_refusals", "total", ("insufficient_quota",)): 2,
    }
    codes = [event.get("code") for event in lines() if event["event"] == "request"]
    assert codes == ["insufficient_quota", "insufficient_quota", None]


def test_a_refusal_is_told_once(lines: Written) -> None:
    """Django's own line for each answer from 400 on is left out: access log and `api.errors` have told it."""
    logging.getLogger("django.request").warning("Not Found: /nowhere")
    logging.getLogger("django.request").error("Internal Server Error: /", exc_info=ValueError("why"))
    assert lines() == []


def test_mail_without_a_server_is_told_without_its_words(lines: Written, settings: Settings) -> None:
    """An invitation's letter has the link that lets its bearer in."""
    settings.EMAIL_BACKEND = "config.unsent_mail.UnsentMail"
    assert send_mail("You are invited", "https://voice.example/invitation?token=secret", None, ["a@example.org"]) == 0
    (event,) = lines()
    assert (event["event"], event["subject"], event["recipients"]) == ("mail_not_sent", "You are invited", 1)
    assert "secret" not in json.dumps(event)


def test_every_event_has_the_same_processors() -> None:
    """Ours and other libraries' alike."""
    assert structlog.get_config()["processors"][: len(COMMON)] == COMMON
