"""OpenTelemetry is there for who asks for it; tests/system/test_observability.py follows a request with it."""

import os
import subprocess
import sys

PROCESSES = """
import sys
import config.asgi, config.celery, tts_engine.worker
print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""
WITHOUT_THE_PACKAGES = """
import sys
sys.modules["opentelemetry.sdk"] = None
import config.asgi
from tts_engine import tracing
try:
    tracing.start()
except Exception as error:
    print(type(error).__name__, error)
"""


def run(program: str, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_who_traces_nothing_imports_nothing_of_it() -> None:
    """Neither in web processes nor in workers."""
    assert run(PROCESSES) == "[]"


def test_who_traces_without_the_packages_is_told_what_to_install() -> None:
    """As the process starts."""
    told = run(WITHOUT_THE_PACKAGES, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    assert told.startswith("ImproperlyConfigured OTEL_EXPORTER_OTLP_ENDPOINT is set: install the extra 'otel'")
