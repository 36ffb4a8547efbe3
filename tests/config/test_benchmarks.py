"""`python -m bench.…` as somebody calls it who has no Django in their shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["load", "waits"])
def test_a_benchmark_needs_no_settings_to_begin(name: str) -> None:
    """What it measures is imported before anything is set up: no default of a function may be a setting."""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-c", f"import bench.{name}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
