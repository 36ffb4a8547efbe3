"""The platform under test, and how it is started again after its supervisor was killed."""

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.chaos.machine import Machine
from tests.speech.sambert.conftest import write_folder
from tests.system.instance import MANAGE, Platform, collect, environment, free_port

VOICES = ("zhitian_emo", "zhizhe_emo")  # stand-ins; the second is the one that is damaged
READY_WITHIN = 180.0  # seconds, on a machine that has other things to do too


class House:
    def __init__(self, home: Path, machine: Machine) -> None:
        self.machine = machine
        self.home = home
        self.port = free_port()
        self.platform: Platform
        self.start()

    def start_again(self) -> None:
        """As whoever looks after it (systemd, Docker) does: until it is up, for a busy machine may take too long."""
        while True:
            try:
                return self.start()
            except AssertionError:  # it gave up and ended by itself, with a line that says why
                if self.platform.process.poll() is None:
                    raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        own = {"VOXHOUSE_WORKERS": "2", "QUEUE_LONGEST": "3600", **self.machine.environment}
        process = subprocess.Popen(  # noqa: S603
            [*MANAGE, "up"],
            env=environment(self.home, self.port, **own),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.platform = Platform(self.home, self.port, process)
        threading.Thread(target=collect, args=[self.platform], daemon=True).start()
        self.platform.wait_for_line("Voxhouse is ready")

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> float:
        """The seconds it took."""
        began = time.monotonic()
        while not self.is_ready():
            if time.monotonic() - began > READY_WITHIN:
                raise AssertionError("the platform did not come back:\n" + "\n".join(self.platform.lines[-40:]))
            time.sleep(0.5)
        return time.monotonic() - began

    def keys(self, command: str) -> list[str]:
        """What a line of Python, run in the platform, prints as JSON."""
        found: list[str] = json.loads(self.platform.python(command))
        return found


@contextmanager
def house(models: Path | None, voices: Path | None) -> Iterator[House]:
    """A platform with two small stand-in voices beside the built-in one; `models` and `voices` of another, if given."""
    with tempfile.TemporaryDirectory(prefix="voxhouse-chaos-") as name:
        folder = Path(name)
        home = folder / "home"
        home.mkdir()
        if models:
            (home / "models").symlink_to(models.resolve())
        if voices:
            shutil.copytree(voices, home / "voices")
        else:
            model = write_folder(folder / "model", voices=VOICES)
            add = [*MANAGE, "voices", "add", str(model)]
            subprocess.run(add, env=environment(home, 1), check=True, capture_output=True)  # noqa: S603
        machine = Machine(folder)
        with machine.disk():
            made = House(home, machine)
            try:
                yield made
            finally:
                machine.step_clock(0)
                machine.slow_disk(0)
                made.platform.stop()
