"""How every process logs: one line an event, key=value, to standard error.

There the supervisor or the container takes it. Lines of one request carry its `request_id`, in the
web process and in the worker alike. What a caller sends is never logged: neither text nor keys,
nor the query of an address, which may hold a text.
"""

import logging
from typing import Any

import structlog
from structlog.typing import Processor

# What every event gets, ours and other libraries'.
COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
FIRST = ["timestamp", "level", "event", "request_id"]

# Each tells of every task or every tick, which the table of syntheses does better.
CHATTY = ["celery.app.trace", "celery.beat", "celery.worker.request", "celery.worker.strategy"]


def configure_structlog() -> None:
    """Hand our events to the standard library, which formats them like everybody's."""
    structlog.configure(
        processors=[*COMMON, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def has_cause(record: logging.LogRecord) -> bool:
    """Django reports every answer from 400 on; the access log has told that, the cause of a crash it has not."""
    return record.exc_info is not None


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "event": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": COMMON,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.LogfmtRenderer(key_order=FIRST, drop_missing=True),
            ],
        }
    },
    "filters": {"has_cause": {"()": "django.utils.log.CallbackFilter", "callback": has_cause}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # These bring handlers of their own, which would print every event twice.
        **{name: {"handlers": [], "propagate": True} for name in ("django", "uvicorn", "uvicorn.error")},
        # It would print the query; `access_log` tells of each request instead.
        "uvicorn.access": {"handlers": [], "propagate": False},
        "django.request": {"filters": ["has_cause"]},
        **{name: {"level": "WARNING"} for name in CHATTY},
    },
}
