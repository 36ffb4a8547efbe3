"""A team's program that listens: a real HTTP server in a thread, which answers what it is told to."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]  # by names in lower case
    body: bytes

    def verified(self, secret: str) -> Any:
        """The message, checked as its reader checks it."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers` are given in turn; 204 once there are no more."""

    port: int
    answers: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    holds: threading.Event = field(default_factory=threading.Event)  # cleared, answers wait for it

    def __post_init__(self) -> None:
        self.holds.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def will_hang_up(self) -> None:
        """Once the request has come, without an answer."""
        self.answers.append((0, {}, b""))

    def will_answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.answers.append((status, headers or {}, body))


class Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.receiver = Receiver(self.server_port)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a caller that hangs up is what some tests are about."""


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.receiver
    finally:
        server.receiver.holds.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        assert isinstance(self.server, Server)
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.received.append(Received(self.command, self.path, headers, body))
        status, more, content = receiver.answers.pop(0) if receiver.answers else (204, {}, b"")
        receiver.holds.wait()
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = answer
    do_PUT = answer
    do_GET = answer

    def log_message(self, *args: object) -> None:
        """Nothing: pytest's output is for pytest."""


@pytest.fixture
def this_machine_is_allowed(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True


@pytest.fixture
def receiver(this_machine_is_allowed: None) -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver
