"""What does a line of the log cost, beside the way that most programs take?

Writes the access log's line to /dev/null: through `config.logging`, bare and with all that it tells of a repeat
from the cache, and through structlog's bridge to the standard library, as it was before, in logfmt. Prints one
JSON object: microseconds of CPU a line, the median of several runs, each way measured in turn.

    python -m bench.logging
"""

import json
import logging
import statistics
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog

from config.logging import COMMON, configure

RUNS, LINES = 9, 2000
REQUEST = {"method": "POST", "path": "/v1/audio/speech", "status": 200, "ms": 5, "request_id": str(uuid4())}
SPEECH = {
    "cache": "hit",
    "audio_ms": 3200,
    "tenant": uuid4(),
    "key": uuid4(),
    "voice": "xiaoxiao",
    "emotion": "neutral",
    "format": "mp3",
    "characters": 18,
    "hanzi": 16,
    "text": "您的订单已经发货，预计明天下午送达。",
}


def ours() -> Any:
    configure("json")
    return structlog.get_logger("access")


def through_the_library() -> Any:
    record = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(record)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    structlog.configure(
        processors=[*COMMON, structlog.stdlib.add_logger_name, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return structlog.get_logger("access")


def microseconds(log: Any, line: dict[str, Any]) -> float:
    began = time.process_time()
    for _ in range(LINES):
        log.info("request", **line)
    return (time.process_time() - began) / LINES * 1e6


def measured() -> dict[str, float]:
    ways: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
        "before": (through_the_library, REQUEST),
        "now": (ours, REQUEST),
        "now_with_the_speech": (ours, REQUEST | SPEECH),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, (way, line) in ways.items():
            found[name].append(microseconds(way(), line))
    return {name: round(statistics.median(runs), 1) for name, runs in found.items()}


if __name__ == "__main__":
    with Path("/dev/null").open("w", buffering=1) as nothing, redirect_stderr(nothing):
        results = measured()
    print(json.dumps({"cpu_us_a_line": results}))
