"""One running `manage.py up`, seen from outside."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]
COMMANDS = [sys.executable, "-m", "tests.system.commands"]
# What is spoken goes on when its caller hangs up; what its worker says of it after this is not heard.
NOTHING_TO_DO = """
from tts_engine import queue
from tts_engine.errors import SynthesisFailed
from tts_engine.models import Synthesis
for synthesis in Synthesis.objects.filter(status="queued"):
    queue.cancel(synthesis)
for synthesis in Synthesis.objects.filter(status="running"):
    queue.fail(synthesis, SynthesisFailed("Enough.", code="enough"))
"""
READY_WITHIN = 240.0  # seconds, on a machine that has other things to do too


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    """The session's own, which names other servers, with this instance's in their place."""
    return {**os.environ, "VOXHOUSE_HOME": str(home), "PORT": str(port), "PYTHONUNBUFFERED": "1", **more}


@dataclass
class Platform:
    """One running instance."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    settings: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    commands: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def access(self, name: str) -> str:
        pairs = (line.partition("=") for line in (self.home / "demo.env").read_text().splitlines())
        return {key: value for key, _, value in pairs}[name]

    @property
    def api_key(self) -> str:
        return self.access("VOXHOUSE_API_KEY")

    @property
    def user(self) -> str:
        return self.access("VOXHOUSE_ADMIN_USER")

    @property
    def password(self) -> str:
        return self.access("VOXHOUSE_ADMIN_PASSWORD")

    def manage(self, *arguments: str) -> str:
        """What a `manage.py` command prints, run against this instance; it must succeed."""
        if self.commands is None:
            self.commands = subprocess.Popen(  # noqa: S603
                COMMANDS,
                cwd=ROOT,
                env=environment(self.home, self.port, **self.settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self.commands.stdin is not None
        assert self.commands.stdout is not None
        self.commands.stdin.write(json.dumps(arguments) + "\n")
        self.commands.stdin.flush()
        status, output, errors = json.loads(self.commands.stdout.readline())
        assert status == 0, errors
        return str(output)

    def python(self, code: str) -> str:
        """What this code prints, run within the platform's Django."""
        return self.manage("shell", "--verbosity", "0", "--command", code)

    def end_commands(self) -> None:
        if self.commands is not None:
            self.commands.communicate()
            self.commands = None

    def wait_for_line(self, start: str, *, seconds: float = READY_WITHIN) -> str:
        deadline = time.monotonic() + seconds
        while not (found := [line for line in self.lines if line.startswith(start)]):
            assert self.process.poll() is None, "\n".join(self.lines)
            assert time.monotonic() < deadline, "\n".join(self.lines)
            time.sleep(0.02)
        return found[0]

    def children(self, word: str = "") -> list[int]:
        """The processes whose command line names this home or whose environment does, and holds `word`."""
        return sorted(process for process in live_processes() if belongs(process, self.home, word))

    def clear(self) -> None:
        """End all that waits or is spoken, and with it the first worker, whose successor has nothing to do."""
        self.python(NOTHING_TO_DO)
        killed = self.children("worker-1@")
        for process in killed:
            os.kill(process, signal.SIGKILL)
        until(lambda: self.children("worker-1@") not in ([], killed), seconds=30)
        until(lambda: httpx.get(f"{self.url}/readyz").status_code == httpx.codes.OK, seconds=60)

    def stop(self) -> float:
        """Ctrl-C; the seconds it took. Nothing may be left."""
        self.end_commands()
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired as error:
            raise AssertionError("\n".join(self.lines)) from error
        assert self.process.returncode == 0, "\n".join(self.lines)
        seconds = time.monotonic() - began
        assert nothing_runs(self.home)
        return seconds


def until(condition: Callable[[], object], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.05)


def live_processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def belongs(process: int, home: Path, word: str) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        environ = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended just now, or is not ours
        return False
    ours = os.fsencode(home) in command or f"VOXHOUSE_HOME={home}".encode() in environ
    return bool(command) and ours and word.encode() in command


def nothing_runs(home: Path) -> bool:
    """Every process of an instance, PostgreSQL's backends too, inherits the lock on its home."""
    with (home / "lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return not any(belongs(process, home, "") for process in live_processes())


def collect(platform: Platform) -> None:
    assert platform.process.stdout is not None
    with platform.process.stdout as output:
        platform.lines.extend(line.rstrip("\n") for line in output)


Launch = Callable[..., Platform]
