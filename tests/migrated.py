"""A database folder with every table, made once for all processes of a run: migrating takes seconds of a core."""

import fcntl
import os
import subprocess
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from config import servers


def put_migrated(home: Path, shared: Path) -> Path:
    """The one in `shared`, of which `home` gets a copy; the first who comes makes it while the others wait."""
    made = shared / "migrated"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            migrate(home)
            copy(home / "postgres", shared / "unfinished")
            return (shared / "unfinished").rename(made)
    copy(made, home / "postgres")
    return made


def migrate(home: Path) -> None:
    """In the home of the settings."""
    with servers.running(home, durable=False):
        call_command("migrate", interactive=False, verbosity=0)
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one


def copy(source: Path, target: Path) -> None:
    """With its owner, who is nobody where root runs the tests."""
    subprocess.run(["cp", "--archive", source, target], check=True)  # noqa: S603, S607


def shared_folder(base: Path) -> Path:
    """Of all processes of this run; `base` is what pytest gives this process."""
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
