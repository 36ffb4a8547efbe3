"""How every process logs: one JSON object a line and event, to standard error; at a terminal in columns.

There the supervisor or the container takes it. Lines of one request carry its `request_id`, in the
web process and in the worker alike. Keys, passwords and cookies are never logged, nor the query of an
address, which may hold a text; of texts `tts_engine.telling` says what is.

Our own events are written here and not by the standard library, whose record, handler and formatter cost
three times as much (`python -m bench.logging`): a repeat answered by the cache would feel it. Other
libraries' records take that way and look the same.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import EventDict, Processor

JSON, TEXT = "json", "text"

# Each tells of every task or every tick, which the table of syntheses does better.
CHATTY = ["celery.app.trace", "celery.beat", "celery.worker.request", "celery.worker.strategy"]

# What PostgreSQL adds to a violated constraint: the values of the whole row, its text among them.
DETAIL = re.compile(r"DETAIL:.*?(?=\n\n(?:The above exception|During handling)|\Z)", re.DOTALL)

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_writing = threading.Lock()


def write(line: str) -> None:
    """One line at a time, whatever its length and whichever thread it comes from."""
    # Whoever took our lines may be gone: no request is to fail for that, and there is nowhere left to tell it.
    with _writing, suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")


class Lines:
    """What structlog hands finished lines to. `name` is the logger's: as it was asked for, or the module's."""

    def __init__(self, *name: str) -> None:
        self.name = structlog.stdlib.LoggerFactory(ignore_frame_names=[__name__])(*name).name

    def msg(self, line: str) -> None:
        write(line)

    debug = info = warning = error = critical = msg


class Handler(logging.Handler):
    """The same for what comes through the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write(self.format(record))
        except Exception:  # as the library's own handlers: a line that cannot be formatted is no reason to stop
            self.handleError(record)


def add_name(logger: Any, method: str, event: EventDict) -> EventDict:
    event["logger"] = logger.name
    return event


def without_rows(logger: Any, method: str, event: EventDict) -> EventDict:
    if event.get("exception"):
        event["exception"] = DETAIL.sub("DETAIL: left out, it quotes a row", event["exception"])
    return event


def to_json(logger: Any, method: str, event: EventDict) -> str:
    first = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "event": event.pop("event")}
    return _encode({**first, **event})


def to_text(*, colors: bool) -> Callable[[Any, str, EventDict], str]:
    """For people: time, level, event, then what belongs to it; a traceback below."""
    return structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, sort_keys=False)


def renderer(log_format: str, *, terminal: bool) -> Callable[[Any, str, EventDict], str]:
    """Unsaid, text at a terminal alone. Raises ImproperlyConfigured."""
    if log_format not in ("", JSON, TEXT):
        raise ImproperlyConfigured(f"LOG_FORMAT is '{log_format}'; make it {JSON} or {TEXT}, or leave it unset.")
    if log_format == TEXT or (terminal and not log_format):
        return to_text(colors=terminal)
    return to_json


def for_people(line: str, *, colors: bool) -> str:
    """A line that `to_json` has written, as text; any other as it is."""
    if not line.startswith('{"timestamp"'):
        return line
    return to_text(colors=colors)(None, "", json.loads(line))


# What every event gets, ours and other libraries'.
COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    without_rows,
]


def formatter(render: Callable[[Any, str, EventDict], str]) -> logging.Formatter:
    """For records of the standard library."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*COMMON, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )


def configure(log_format: str) -> dict[str, Any]:
    """Set structlog up, and return Django's LOGGING for the libraries that do not use it."""
    render = renderer(log_format, terminal=sys.stderr.isatty())
    structlog.configure(
        processors=[*COMMON, add_name, render],
        logger_factory=Lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"event": {"()": formatter, "render": render}},
        "handlers": {"stderr": {"class": "config.logging.Handler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # These bring handlers of their own, which would print every event twice.
            **{name: {"handlers": [], "propagate": True} for name in ("django", "uvicorn", "uvicorn.error")},
            # It would print the query; `access_log` tells of each request instead.
            "uvicorn.access": {"handlers": [], "propagate": False},
            # Every answer from 400 on, which the access log has told; what crashed a request `api.errors` tells.
            "django.request": {"level": "CRITICAL"},
            **{name: {"level": "WARNING"} for name in CHATTY},
        },
    }
