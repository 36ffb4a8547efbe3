"""Keeps the platform's processes running: one instance a home, restarts with back-off, an orderly stop."""

import contextlib
import fcntl
import logging
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from django.conf import settings

from config.logging import formatter, renderer
from config.processes import Child, Service, StartError, log_file, terminal_handler

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between a death and the next start; doubled each time
SETTLED = 30.0  # seconds after which a child counts as healthy again
PATIENCE = 3.0  # seconds a stage of the stop may take before it is killed; three stages make 9 s
READY_WITHIN = 180.0  # seconds a child gets until it does its work
LONGEST_LEAVE = 900.0  # seconds a child that was asked to leave may take; each has a limit of its own below it
TICK = 0.2  # seconds between two looks at the children
STUBBORN = 5  # deaths in a row that end a start which is not ready yet
ORPHANS_END = 10.0  # seconds the processes of a killed supervisor get to be gone


class InstanceLock:
    """Held while any process of this home runs: every child inherits it, so it outlives a killed supervisor.

    Taking it therefore also waits for the last orphan of the run before, PostgreSQL's backends included.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.file = (home / "lock").open("a+")
        self.descriptor = self.file.fileno()

    def __enter__(self) -> Self:
        try:
            self.wait()
        except StartError:
            self.file.close()
            raise
        self.file.truncate(0)
        self.file.write(str(os.getpid()))
        self.file.flush()
        return self

    def wait(self) -> None:
        deadline = time.monotonic() + ORPHANS_END
        while not self.try_once():
            if (holder := self.holder()) and exists(holder):
                raise StartError(f"Voxhouse already runs on {self.home} (process {holder}).")
            if time.monotonic() > deadline:
                raise StartError(f"Processes of an earlier run on {self.home} have not ended.")
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def try_once(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def holder(self) -> int:
        """The process that took the lock last; 0 if none ever did."""
        self.file.seek(0)
        return int(self.file.read().strip() or 0)


def running_instance(home: Path) -> int | None:
    """The process of the supervisor that runs this home; None where none does."""
    if not (home / "lock").exists():
        return None
    with contextlib.closing(InstanceLock(home).file) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            return int(file.read())
    return None


def exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass
class Watched:
    child: Child
    deaths: int = 0  # in a row
    due: float | None = None  # monotonic time of the next start, while it is down


class Supervisor:
    """Children in stages: started in order, stopped stage by stage in the reverse order."""

    def __init__(self, home: Path, lock: InstanceLock) -> None:
        self.logs = home / "logs"
        self.logs.mkdir(exist_ok=True)
        self.terminal = terminal_handler()
        self.files: list[logging.Handler] = []
        self.log = self.open_log("up", formatter(renderer(settings.LOG_FORMAT, terminal=False)))
        self.keep_open = (lock.descriptor,)
        self.stages: list[list[Watched]] = []
        self.asked = False  # to replace all
        self.interrupted = False
        self.changing: list[Child] = []  # beside the watched ones: not ready yet, or about to leave

    def start(self, services: Sequence[Service]) -> None:
        """Start a stage; its services do not wait for each other."""
        stage: list[Watched] = []
        self.stages.append(stage)  # known before the first starts, so that a stop in between ends it too
        for service in services:
            stage.append(Watched(Child(service, self.open_log(service.name), self.keep_open)))

    def open_log(self, name: str, form: logging.Formatter | None = None) -> logging.Logger:
        """Lines go to the terminal behind the child's name, and to `logs/name.log`, whose size is bounded."""
        file = log_file(self.logs / f"{name}.log", form)
        self.files.append(file)
        log = logging.Logger(name)  # noqa: LOG001 - this supervisor's own, not the process's
        log.addHandler(file)
        log.addHandler(self.terminal)
        return log

    def watch(self) -> None:
        """Start again what died and whose pause is over; call it a few times a second.

        Raises KeyboardInterrupt once the whole was `interrupted`.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        now = time.monotonic()
        for watched in (watched for stage in self.stages for watched in stage):
            child = watched.child
            if watched.due is not None:
                if now >= watched.due:
                    watched.due = None
                    watched.child = Child(child.service, child.log, self.keep_open)
            elif not child.alive:
                watched.deaths = 1 if child.age > SETTLED else watched.deaths + 1
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (watched.deaths - 1))
                watched.due = now + pause
                self.log.warning("%s ended (%s); starts again in %.1f s", child.service.name, child.obituary(), pause)

    def check(self) -> None:
        """Watch during a start, which a child that keeps dying ends with StartError."""
        self.watch()
        for watched in (watched for stage in self.stages for watched in stage):
            if watched.deaths >= STUBBORN:
                name = watched.child.service.name
                raise StartError(f"{name} keeps ending ({watched.child.obituary()}): see {self.logs / name}.log")

    def ask_to_replace(self, _number: int, _frame: FrameType | None) -> None:
        """A signal's handler."""
        self.asked = True

    def replace_if_asked(self) -> None:
        if self.asked:
            self.asked = False
            self.replace_all()

    def replace_all(self) -> None:
        """Start anew whatever can leave, one after the other, while the rest does the work.

        A child that holds a door leaves once its successor answers at it; others make room first. One whose
        successor does not come up ends the round: what runs keeps running.
        """
        began = time.monotonic()
        left = [each for stage in self.stages for each in stage if each.child.service.leave_signal]
        while left and (self.hand_over if left[0].child.service.doors else self.make_room)(left[0]):
            left.pop(0)
        self.see_off()
        if left:
            name = left[0].child.service.name
            self.log.error("%s has no successor, and the others stay: see %s.log", name, name)
        else:
            self.log.info("Restarted, one after the other, in %.1f s", time.monotonic() - began)

    def hand_over(self, watched: Watched) -> bool:
        """The successor first; False if it did not come up."""
        new = Child(watched.child.service, watched.child.log, self.keep_open)
        self.changing.append(new)
        came = self.comes_up(new)
        self.changing.remove(new)
        if not came:
            new.end(time.monotonic())
            return False
        old = watched.child
        watched.child, watched.due, watched.deaths = new, None, 0
        if old.alive:
            self.changing.append(old)
            old.ask_to_leave()
        return True

    def make_room(self, watched: Watched) -> bool:
        """The successor once there is room; False if it did not come up, and is tried again as whatever dies is."""
        old = watched.child
        watched.due = math.inf  # nothing else starts it again meanwhile
        if old.alive:
            old.ask_to_leave()
            self.gone(old)
        watched.child, watched.due, watched.deaths = Child(old.service, old.log, self.keep_open), None, 0
        return self.comes_up(watched.child)

    def comes_up(self, child: Child) -> bool:
        deadline = time.monotonic() + READY_WITHIN
        while child.alive and not child.ready.wait(TICK):
            self.watch()
            if time.monotonic() > deadline:
                return False
        return child.alive

    def gone(self, child: Child) -> None:
        """Wait until it has left."""
        deadline = time.monotonic() + LONGEST_LEAVE
        while child.alive and time.monotonic() < deadline:
            self.watch()
            time.sleep(TICK)
        child.end(time.monotonic())

    def see_off(self) -> None:
        """Wait for those that answer their last callers."""
        for child in list(self.changing):
            self.gone(child)
            self.changing.remove(child)

    def stop(self) -> None:
        """Stop every stage, the last one first; what does not end in time is killed."""
        stages = [self.changing, *([watched.child for watched in stage] for stage in reversed(self.stages))]
        for stage in stages:
            running = [child for child in stage if child.alive]
            for child in running:
                child.ask_to_stop()
            deadline = time.monotonic() + PATIENCE
            for child in running:
                if not child.end(deadline):
                    self.log.warning("%s did not stop in time and was killed", child.service.name)
        self.stages.clear()
        for file in self.files:
            file.close()
