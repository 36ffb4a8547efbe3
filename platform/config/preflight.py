"""What must hold before anything is started; each failure is one line that says what to do."""

import contextlib
import os
import resource
import shutil
import socket
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.processes import StartError

MEGABYTE = 1_000_000
FIRST_START, LATER_START = 700 * MEGABYTE, 100 * MEGABYTE  # joined model, database cluster, write-ahead log


def check_secret() -> None:
    """With the operator's own database a secret must be given: a new one would void every key in it."""
    try:
        bool(settings.SECRET_KEY)
    except ImproperlyConfigured as error:
        raise StartError("SECRET_KEY is not set: with DATABASE_URL given it must be, and stay the same.") from error


def check_home(home: Path) -> None:
    """Make the home folder; it must be writable and have room."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as trial:
            trial.write(b"\0" * 4096)
    except OSError as error:
        raise StartError(f"{home} cannot be written: {error.strerror}. Set VOXHOUSE_HOME to another folder.") from error
    needed = LATER_START if (home / "postgres").exists() else FIRST_START
    free = shutil.disk_usage(home).free
    if free < needed:
        raise StartError(f"The disk of {home} is full: {free // MEGABYTE} MB free, {needed // MEGABYTE} MB needed.")


def check_port(host: str, port: int) -> None:
    """The address must be free; the web process itself binds it later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise StartError(
                f"Port {port} on {host}: {error.strerror}. Set PORT, as in `make up PORT=8001`."
            ) from error


def raise_open_files() -> None:
    """As many files as this user may have open, each connection being one; a shell starts with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError):  # macOS says that it has no limit, and takes none as an answer
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def cores() -> int:
    """The processor cores this process may use, a container's quota included."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota_file = Path("/sys/fs/cgroup/cpu.max")
    if quota_file.exists():
        quota, period = quota_file.read_text().split()
        if quota != "max":
            usable = min(usable, round(int(quota) / int(period)))
    return max(1, usable)
