"""A platform of a benchmark's own: `manage.py up` in a new home, stopped and deleted at the end."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

MANAGE = Path(__file__).resolve().parents[1] / "manage.py"
NEW_TEAMS = """
import json
from accounts.services import api_key_create, tenant_create
from billing.services import account_open
keys = {{}}
for name in {names!r}:
    tenant = tenant_create(name=name)
    account_open(tenant=tenant, plan_name={plan!r})
    keys[name] = api_key_create(tenant=tenant, name="bench")[1]
print(json.dumps(keys))
"""
# Words of their commands, in this order: what silences a warning of Celery's names the worker in beat's too.
PARTS = ("config.web", "beat", "worker", "postgres", "valkey")


@dataclass(frozen=True)
class Instance:
    home: Path
    url: str
    api_key: str
    process: int
    environment: Mapping[str, str]

    def manage(self, *arguments: str) -> str:
        """What a `manage.py` command of this platform prints."""
        command = [sys.executable, str(MANAGE), *arguments]
        return subprocess.run(  # noqa: S603
            command, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def new_teams(self, names: list[str], plan: str) -> dict[str, str]:
        """A key of each, by its name."""
        code = NEW_TEAMS.format(names=names, plan=plan)
        made: dict[str, str] = json.loads(self.manage("shell", "--verbosity", "0", "--command", code))
        return made

    def client(self, **options: Any) -> httpx.Client:
        """Calls it with its key; `options` are httpx's."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return httpx.Client(base_url=self.url, headers=headers, **options)

    def parts(self) -> dict[str, list[psutil.Process]]:
        """What it has started: processes by the part of the platform that they are, PARTS."""
        found: dict[str, list[psutil.Process]] = {part: [] for part in PARTS}
        for process in psutil.Process(self.process).children():
            command = " ".join(process.cmdline())
            found[next(part for part in PARTS if part in command)].append(process)
        return found


@contextlib.contextmanager
def running(voices: Path | None = None, **environment: str) -> Iterator[Instance]:
    """Until the block ends, with the added `voices` of another home if there are any.

    Raises RuntimeError with the platform's last lines where it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="voxhouse-bench-") as folder:
        home = Path(folder)
        if voices:
            shutil.copytree(voices, home / "voices")
        values = {**os.environ, "VOXHOUSE_HOME": folder, "PORT": str(free_port()), **environment}
        log = home / "up.log"
        with log.open("w") as output:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, str(MANAGE), "up"], env=values, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            wait_until_ready(process, log)
            pairs = dict(line.split("=", 1) for line in (home / "demo.env").read_text().splitlines())
            yield Instance(home, pairs["VOXHOUSE_URL"], pairs["VOXHOUSE_API_KEY"], process.pid, values)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    while "\nVoxhouse is ready" not in log.read_text():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
            raise RuntimeError("\n".join(log.read_text().splitlines()[-20:]))


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
