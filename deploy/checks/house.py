"""The topology of docker-compose.yml as processes of this machine: nginx, two web processes, two workers, beat.

PostgreSQL and Valkey are servers of their own, given by URL.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from config import embedded, servers
from deploy.checks.proxy import ROOT, Proxy, certificate
from tests.system.instance import free_port, until

CELERY = [sys.executable, "-W", "ignore", "-m", "celery", "--app", "config.celery"]
ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
WORKER = ["worker", "--pool", "threads", *ALONE, "--loglevel", "INFO"]
READY_WITHIN = 240.0  # seconds


@dataclass
class House:
    folder: Path
    environment: dict[str, str]
    web_ports: tuple[int, int]
    proxy: Proxy
    running: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.proxy.port}"

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tenant(self, name: str) -> str:
        """A new one's API key."""
        self.manage("tenant", "create", name)
        secret: str = json.loads(self.manage("key", "create", name, "--json"))["key"]
        return secret

    def client(self, key: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, verify=self.trusting(), headers=headers, timeout=120)

    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.proxy.authority.configure_trust(context)
        return context

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "config.web"]
        more = {"HOST": "127.0.0.1"}
        kind, _, number = name.partition("-")
        if kind == "web":
            more["PORT"] = str(self.web_ports[int(number) - 1])
        elif kind == "worker":
            command = [*CELERY, *WORKER, "--hostname", f"{name}@%h"]
        else:
            command = [*CELERY, "beat", "--schedule", str(self.folder / "beat"), "--pidfile", "", "--loglevel", "INFO"]
        with self.log(name).open("a") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603
                command, env={**self.environment, **more}, stdout=log, stderr=log, text=True
            )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self, name: str, how: signal.Signals) -> None:
        process = self.running.pop(name)
        process.send_signal(how)
        process.wait(timeout=120)

    def replace(self, name: str) -> None:
        """As a new version takes the place of an old one."""
        self.stop(name, signal.SIGTERM)
        self.start(name)
        self.wait_for(name)

    def wait_for(self, *names: str) -> None:
        until(lambda: all(self.works(name) for name in names), seconds=READY_WITHIN)

    def works(self, name: str) -> bool:
        kind, _, number = name.partition("-")
        if kind == "worker":
            return name in self.workers()
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.web_ports[int(number) - 1]}/healthz")
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def workers(self) -> list[str]:
        """Who can speak, as a web process tells it through the proxy."""
        with self.client() as client:
            named: list[str] = client.get("/readyz").json()["workers"]
        return [name.partition("@")[0] for name in named]

    def stop_all(self) -> None:
        for name in list(self.running):
            self.stop(name, signal.SIGTERM if name == "nginx" else signal.SIGKILL)  # its own workers end with it


@contextmanager
def running(folder: Path) -> Iterator[House]:
    operators = folder / "servers"
    operators.mkdir()
    sockets = str(embedded.socket_folder(operators))
    web_ports = free_port(), free_port()
    home = folder / "home"
    audio = home / "audio"
    (folder / "nginx").mkdir()
    proxy = Proxy.lay_out(folder / "nginx", certificate(), web=web_ports, ports=(free_port(), free_port()), audio=audio)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "VOXHOUSE_HOME": str(home),
        "DATABASE_URL": f"postgres://postgres@{sockets.replace('/', '%2F')}/voxhouse",
        "REDIS_URL": embedded.valkey_url(operators),
        "SECRET_KEY": "of the operator, long enough to be a secret of some length",
        "HTTPS": "true",
        "ALLOWED_HOSTS": "localhost",
        "TRUSTED_PROXIES": "127.0.0.1",
        "AUDIO_ACCEL": "/stored-audio/",
    }
    house = House(folder, environment, web_ports, proxy)
    with ExitStack() as stack:
        stack.enter_context(servers.running(operators, durable=False))
        stack.callback(house.stop_all)
        house.manage("prepare")
        house.running["nginx"] = proxy.start()
        for name in ("web-1", "web-2", "worker-1", "worker-2", "beat"):
            house.start(name)
        house.wait_for("web-1", "web-2", "worker-1", "worker-2")
        yield house
