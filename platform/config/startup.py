"""What `manage.py up` does, in order, from an empty home folder to a platform that answers."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import FrameType

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from billing.price_book.services import price_book_load_shipped
from config import demo, embedded, preflight, servers
from config.processes import Service, StartError
from config.supervisor import READY_WITHIN, TICK, InstanceLock, Supervisor
from config.web import open_door
from tts_engine import presence
from tts_engine.shelves.bucket import bucket
from tts_engine.speech.catalog import Catalog

WEB_PROCESSES = 2
RESTART = signal.SIGUSR2  # not SIGHUP, which a terminal sends as it closes
STILL_AT_IT = 5.0  # seconds between two signs of life of a slow step


def up(*, with_parent: bool, only_workers: bool = False) -> None:
    """Start everything, keep it running until SIGINT or SIGTERM, stop everything.

    RESTART, a signal too, replaces web processes, workers and beat one after the other. With
    `only_workers` these are workers for a platform that runs elsewhere. Raises StartError, with nothing
    left running, where it cannot start.
    """
    parent = os.getppid() if with_parent else None
    preflight.check_home(settings.VOXHOUSE_HOME)
    preflight.check_secret()
    preflight.raise_open_files()
    with InstanceLock(settings.VOXHOUSE_HOME) as lock:
        if not only_workers:
            preflight.check_port(settings.HOST, settings.PORT)
        signal.signal(RESTART, signal.SIG_IGN)  # until there is something to restart
        supervisor = Supervisor(settings.VOXHOUSE_HOME, lock)
        asked = StopAsked(supervisor)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, asked)  # also where a shell started us in the background
        try:
            (start_workers if only_workers else start)(supervisor)
            asked.starting = False
            signal.signal(RESTART, supervisor.ask_to_replace)
            while parent is None or os.getppid() == parent:
                supervisor.watch()
                supervisor.replace_if_asked()
                time.sleep(TICK)
        except KeyboardInterrupt:
            say("Stopping")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # the stop is on its way and bounded
            supervisor.stop()


class StopAsked:
    """Handles SIGINT and SIGTERM. They break off a start, which may be long, wherever it is.

    Afterwards the supervisor breaks off where it looks at its children: an exception out of nowhere can be
    swallowed by a finaliser, or leave a lock held that the stop needs, as the one within `Popen.poll`.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.starting = True

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.supervisor.interrupted = True
        if self.starting:
            raise KeyboardInterrupt


def start(supervisor: Supervisor) -> None:
    with step("Starting database and broker"):
        start_servers(supervisor)
    with step("Bringing the database up to date"):
        migrate()
    with step("Preparing the built-in voice"):
        Catalog(settings.VOXHOUSE_HOME).prepare()
    access = demo.prepare(settings.VOXHOUSE_HOME / "demo.env", address())
    connection.close()
    doors = [open_door(settings.HOST, settings.PORT) for _ in range(WEB_PROCESSES)]
    supervisor.start([web(number, door) for number, door in enumerate(doors, start=1)])
    supervisor.start([*(worker(name) for name in numbered("worker")), beat()])
    with step("Starting web and workers"):
        servers.wait_for("Voxhouse", unreadiness, seconds=READY_WITHIN, meanwhile=supervisor.check)
    say(demo.panel(access))
    say(f"Voxhouse is ready: {address()}")


def migrate() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    price_book_load_shipped()


def prepare() -> None:
    """What must have been done before a process of this version starts; nothing where it has been."""
    migrate()
    Catalog(settings.VOXHOUSE_HOME).prepare()


def start_workers(supervisor: Supervisor) -> None:
    """More hands for the platform whose database and broker the environment names."""
    own_broker = embedded.valkey_url(settings.VOXHOUSE_HOME) == settings.REDIS_URL
    if not settings.DATABASE_URL or own_broker:
        raise StartError("Workers alone need DATABASE_URL and REDIS_URL of the platform they work for.")
    with step("Looking for database and broker"):
        start_servers(supervisor)
        connection.close()
    with step("Preparing the built-in voice"):
        Catalog(settings.VOXHOUSE_HOME).prepare()
    names = numbered("extra")
    supervisor.start([worker(name) for name in names])
    with step("Starting workers"):
        servers.wait_for("Workers", lambda: silent(names), seconds=READY_WITHIN, meanwhile=supervisor.check)
    say("The workers are ready.")


def address() -> str:
    host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.HOST  # noqa: S104
    return f"http://[{host}]:{settings.PORT}" if ":" in host else f"http://{host}:{settings.PORT}"


# --- Servers ----------------------------------------------------------------------------------


def start_servers(supervisor: Supervisor) -> None:
    """The embedded ones, where the operator did not give others; all must answer."""
    home = settings.VOXHOUSE_HOME
    own_database = not settings.DATABASE_URL
    own_broker = embedded.valkey_url(home) == settings.REDIS_URL
    services = [
        *([servers.prepare_postgres(home)] if own_database else []),
        *([servers.prepare_valkey(home)] if own_broker else []),
    ]
    check_bucket()
    supervisor.start(services)
    if own_database:
        servers.wait_for("PostgreSQL", lambda: servers.postgres_silence(home), meanwhile=supervisor.check)
        servers.create_database(home)
    else:
        check_given_database()
    patience = 60 if own_broker else 5
    servers.wait_for(
        "The broker",
        lambda: servers.valkey_silence(settings.REDIS_URL),
        seconds=patience,
        meanwhile=supervisor.check,
    )


def check_bucket() -> None:
    """That audio is to lie in, where one is named."""
    if settings.AUDIO_BUCKET:
        try:
            bucket().require()
        except OSError as error:
            raise StartError(
                f"The bucket {settings.AUDIO_BUCKET} is not there for these keys: see AUDIO_BUCKET and AUDIO_S3_… in "
                "docs/storage.md."
            ) from error


def check_given_database() -> None:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise StartError(f"The database at DATABASE_URL does not answer: {str(error).splitlines()[0]}") from error


# --- The platform's own processes -------------------------------------------------------------


def environment() -> dict[str, str]:
    """One core a process: the workers are as many as the cores."""
    source_roots = [str(settings.BASE_DIR / "platform"), str(settings.BASE_DIR)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {
        **threads,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([*source_roots, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "VOXHOUSE_HOME": str(settings.VOXHOUSE_HOME),
    }


def web(number: int, door: socket.socket) -> Service:
    """Serves its own one of the sockets at our address, which outlives it: callers wait while it starts again."""
    return Service(
        f"web-{number}",
        [sys.executable, "-m", "config.web", "--fd", str(door.fileno())],
        stop_signal=signal.SIGINT,
        leave_signal=signal.SIGTERM,
        environment=environment(),
        doors=(door,),
    )


def celery(*arguments: str) -> list[str]:
    """Its warning against root is for pickled messages, which our workers do not accept."""
    python = [sys.executable, "-W", "ignore:You're running the worker with superuser privileges"]
    return [*python, "-m", "celery", "--quiet", "--app", "config.celery", *arguments, "--loglevel", "INFO"]


def numbered(kind: str) -> list[str]:
    return [f"{kind}-{number + 1}" for number in range(settings.VOXHOUSE_WORKERS or preflight.cores())]


def silent(names: list[str]) -> str:
    """Which of this machine's workers have not told that they can speak; "" when all have."""
    told = presence.workers()
    return ", ".join(name for name in names if f"{name}@{socket.gethostname()}" not in told)


def worker(name: str) -> Service:
    """Without gossip and mingle a worker neither waits for nor listens to the others; `presence` has its heartbeat."""
    options = [
        "--pool",
        "threads",
        "--concurrency",
        str(settings.CELERY_WORKER_CONCURRENCY),
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    command = celery("worker", "--hostname", f"{name}@%h", *options)
    return Service(name, command, leave_signal=signal.SIGTERM, environment=environment())


def beat() -> Service:
    schedule = str(settings.VOXHOUSE_HOME / "beat-schedule")
    command = celery("beat", "--schedule", schedule, "--pidfile", "")
    return Service("beat", command, leave_signal=signal.SIGTERM, environment=environment())


def unreadiness() -> str:
    """Why the platform is not ready; "" when it is."""
    try:
        with urllib.request.urlopen(f"{address()}/readyz", timeout=5):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode(errors="replace")[:500]
    except OSError as error:
        return str(error)


# --- What the operator sees -------------------------------------------------------------------


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """A line when the step is done, with its seconds, and a sign of life in between where it is slow."""
    began = time.monotonic()
    done = threading.Event()

    def show_life() -> None:
        while not done.wait(STILL_AT_IT):
            say(f"{title}: {time.monotonic() - began:.0f} s …")

    say(f"{title} …")
    threading.Thread(target=show_life, daemon=True).start()
    try:
        yield
    finally:
        done.set()
    say(f"{title}: {time.monotonic() - began:.1f} s")
