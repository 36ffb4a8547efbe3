"""Every test runs on real PostgreSQL and Valkey servers of its own session."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Manager, Model
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

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

# Or every client that a test makes would look at every static file there is.
settings.WHITENOISE_AUTOREFRESH = True

# How long an example takes says something of the machine, and nothing of what is tested.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

# The database of the tests begins as a copy of the one that was migrated.
connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]

KEPT = {"auth_permission", "django_content_type"}  # what migrating writes, and no test changes


FIRST_PLANS: list[Model] = []


def plans() -> Manager[Any]:
    return apps.get_model("billing", "Plan")._default_manager


def empty_tables(_: TransactionTestCase) -> None:
    """Django truncates every table after a test that commits, and fills some anew: a tenth of a second for each test.

    These tables hold a few rows, most of them none. Triggers that keep the ledger and the trail from being deleted
    sleep meanwhile. The first plans, which migrating wrote, are put back: tests of other files come afterwards.
    """
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM \"{table}\" LIMIT 1)" for table in sorted(tables)))  # noqa: S608
        filled = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("".join(f'DELETE FROM "{table}";' for table in filled))  # noqa: S608
        plans().bulk_create(FIRST_PLANS)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        FIRST_PLANS.extend(plans().all())


TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]


def needs_a_platform(nodeid: str) -> bool:
    """Whether the tests of this file use a running platform, by where the file is and what it is called."""
    return nodeid.startswith("tests/system/") or nodeid.partition("::")[0].endswith("_page.py")


class ByPlatform(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types of it
    """One process takes tests/system, another one all pages: none starts a platform for a few tests.

    The others, and those two when they are done, take the rest file by file, as the tests of a file share what their
    fixtures make.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not needs_a_platform(nodeid):
            return file
        return "system" if file.startswith("tests/system/") else "pages"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlatform:
    return ByPlatform(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins at once."""
    items.sort(key=lambda item: needs_a_platform(item.nodeid), reverse=True)
    strays = {item.path for item in items if runs_a_platform(item) and not needs_a_platform(item.nodeid)}
    if strays:
        raise pytest.UsageError(f"They use a platform: put them into tests/system, or call them _page.py: {strays}")


def runs_a_platform(item: pytest.Item) -> bool:
    return "launch" in getattr(item, "fixturenames", ())


def pytest_collection_finish() -> None:
    """What was collected stays: the garbage collector need not look at it again and again."""
    gc.freeze()


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def servers(migrated: Path) -> Iterator[None]:
    """Both servers in the session's home, without fsync: a test's data need not outlive a power cut."""
    from config.servers import running

    with running(HOME.resolve(), durable=False):
        yield


@pytest.fixture
def no_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is sent when a row is added: a test speaks when it means to."""
    from tts_engine import tasks

    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
