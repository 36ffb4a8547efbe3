"""Child processes: what to run, and one running instance of it whose output goes to the terminal and a file."""

import contextlib
import logging
import logging.handlers
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.logging import for_people

LOG_BYTES = 5_000_000  # of one file; the last three files of each child are kept
KEEP_NAME = 8  # columns of a name before the bar


READY_FD = "VOXHOUSE_READY_FD"  # in a child's environment: where it tells that it does its work


class StartError(Exception):
    """Why the platform cannot start; the text is one line for the operator."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


@dataclass(frozen=True)
class Service:
    """A program to keep running. `death_signal` is what it gets when its parent dies; `doors` it inherits.

    `leave_signal` asks it to end once it has done what it has in hand: the sign of a service that can be
    replaced while the platform runs.
    """

    name: str
    command: list[str]
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    leave_signal: signal.Signals | None = None
    user: Account | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    doors: tuple[socket.socket, ...] = ()


def tied(command: list[str], death_signal: signal.Signals, user: Account | None = None) -> list[str]:
    """The command, made to get `death_signal` when its parent dies and, as root, to run as `user`.

    `setpriv` (util-linux) does both between fork and exec, where Python code would not be safe.
    Without it (macOS) a parent killed with -9 leaves its children running. A user switched to keeps
    the one capability it needs to reach a home folder below a closed one such as /root.
    """
    setpriv = shutil.which("setpriv")
    switch = os.geteuid() == 0 and user is not None
    if setpriv is None:
        if switch:
            raise StartError("As root this needs the program setpriv: install util-linux, or use another user.")
        return command
    options = [f"--pdeathsig={death_signal.name.removeprefix('SIG')}"]
    if switch and user is not None:
        reach = [f"--{kind}=-all,+dac_override" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
        options += [f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", *reach]
    return [setpriv, *options, "--", *command]


def tell_ready() -> None:
    """Let whoever started this process know that it does its work from now on."""
    if number := os.environ.pop(READY_FD, ""):
        os.write(int(number), b".")
        os.close(int(number))


def log_file(path: Path, formatter: logging.Formatter | None = None) -> logging.Handler:
    """What a child writes is kept as it is."""
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2)
    handler.setFormatter(formatter or logging.Formatter("%(message)s"))
    return handler


class ForPeople(logging.Formatter):
    """A line behind its child's name, and what is JSON for programs as text."""

    def __init__(self, *, colors: bool) -> None:
        super().__init__(f"%(name)-{KEEP_NAME}s | %(message)s")
        self._colors = colors

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = for_people(record.message, colors=self._colors)
        return super().formatMessage(record)


def terminal_handler() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(ForPeople(colors=sys.stdout.isatty()))
    return handler


class Child:
    """One service's process. Started from the main thread: the kernel ties it to the starting thread."""

    def __init__(self, service: Service, log: logging.Logger, keep_open: tuple[int, ...] = ()) -> None:
        self.service = service
        self.log = log
        self.keep_open = keep_open
        self.started = time.monotonic()
        self.ready = threading.Event()  # it has told that it does its work
        told, tells = os.pipe()
        self.process = subprocess.Popen(  # noqa: S603
            tied(service.command, service.death_signal, service.user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **service.environment, READY_FD: str(tells)},
            pass_fds=(*keep_open, tells, *(door.fileno() for door in service.doors)),
            process_group=0,  # Ctrl-C is for the supervisor alone, which stops its children in order
        )
        os.close(tells)
        assert self.process.stdout is not None  # noqa: S101
        self.pump = threading.Thread(target=self.copy_lines, args=[self.process.stdout], daemon=True)
        self.pump.start()
        threading.Thread(target=self.hear_of_readiness, args=[told], daemon=True).start()

    def copy_lines(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self.log.info("%s", line.rstrip())

    def hear_of_readiness(self, told: int) -> None:
        with os.fdopen(told, "rb") as pipe:
            if pipe.read(1):  # else it ended, and with it its end of the pipe
                self.ready.set()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def age(self) -> float:
        return time.monotonic() - self.started

    def ask_to_stop(self) -> None:
        self.process.send_signal(self.service.stop_signal)

    def ask_to_leave(self) -> None:
        self.process.send_signal(self.service.leave_signal or self.service.stop_signal)

    def end(self, deadline: float) -> bool:
        """Wait until `deadline` (monotonic), then kill the whole group; True if it went by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        willing = not self.alive
        with contextlib.suppress(ProcessLookupError):  # what the process itself left behind goes too
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.pump.join(timeout=1)
        return willing

    def obituary(self) -> str:
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
