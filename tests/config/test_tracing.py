"""OpenTelemetry is there for who asks for it; tests/system/test_observability.py follows a request with it."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from tests.system.instance import ROOT
from tts_engine import tracing

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
# redis imports what it finds of the package's metrics; traces are ours alone.
PROCESSES = """
import sys
import config.asgi, config.celery, tts_engine.worker
from tts_engine import tracing
tracing.start()
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk.trace", "opentelemetry.exporter"))])
"""


def test_who_traces_nothing_imports_nothing_of_it() -> None:
    """Neither in web processes nor in workers."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROCESSES], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["[]"]), done.stderr


def test_who_traces_without_the_packages_is_told_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the process starts."""
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    with pytest.raises(ImproperlyConfigured, match="install the extra 'otel'"):
        tracing.start()
