"""Every test runs on real PostgreSQL and Valkey servers of its own session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase

# The running platform, for the tests of console and system alike.
pytest_plugins = ["tests.system.fixtures"]

# Before Django reads its settings; what the developer's shell says about a real instance is not ours.
for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT"):
    os.environ.pop(name, None)
HOME = Path(tempfile.mkdtemp(prefix="voxhouse-test-"))
os.environ["VOXHOUSE_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# Torch on networks as small as the tests' is several times slower with a second thread, above all on a busy machine.
os.environ["OMP_NUM_THREADS"] = "1"
# Now, for conftest files below this one import models; pytest-django finds Django set up.
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]  # or parallel processes of tests read the settings before they get here
assert Path(settings.VOXHOUSE_HOME) == HOME.resolve(), (
    "the settings were read before this file: unset DJANGO_SETTINGS_MODULE"
)
# No test is about how long a password is guessed.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

KEPT = {"auth_permission", "django_content_type"}  # what migrating writes, and no test changes


def empty_tables(_: TransactionTestCase) -> None:
    """Django truncates every table after a test that commits, and fills some anew: a tenth of a second for each test.

    These tables hold a few rows. Triggers that keep the ledger and the trail from being deleted sleep meanwhile.
    """
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("".join(f'DELETE FROM "{table}";' for table in sorted(tables)))  # noqa: S608


TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of two processes one begins with all that needs a running platform, so that none starts twice or beside another.

    The other one takes the rest file by file, as the files share what their fixtures make.
    """
    for item in items:
        runs_a_platform = "launch" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("platform" if runs_a_platform else str(item.path)))
    items.sort(key=lambda item: "launch" not in getattr(item, "fixturenames", ()))


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def servers() -> Iterator[None]:
    """Both servers in the session's home, without fsync: a test's data need not outlive a power cut."""
    from config.servers import running

    with running(HOME.resolve(), durable=False):
        yield


@pytest.fixture
def no_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is sent when a row is added: a test speaks when it means to."""
    from tts_engine import tasks

    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
