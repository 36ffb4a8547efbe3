"""Every test runs on real PostgreSQL and Valkey servers of its own session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# The running platform, for the tests of console and system alike.
pytest_plugins = ["tests.system.fixtures"]

# Before Django reads its settings; what the developer's shell says about a real instance is not ours.
for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT"):
    os.environ.pop(name, None)
HOME = Path(tempfile.mkdtemp(prefix="voxhouse-test-"))
os.environ["VOXHOUSE_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def pytest_configure() -> None:
    """Load the settings now: pytest-django sets Django up right after, if they are loaded."""
    from django.conf import settings

    assert Path(settings.VOXHOUSE_HOME) == HOME.resolve()


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def servers() -> Iterator[None]:
    """Both servers in the session's home, without fsync: a test's data need not outlive a power cut."""
    from config.servers import running

    with running(HOME.resolve(), durable=False):
        yield
