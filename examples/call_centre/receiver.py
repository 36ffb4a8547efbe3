"""The insurer's side of the line: a call centre that takes recordings by PUT, and a CRM that is told by webhook."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

PASSWORD = "Bearer of-the-call-centre"  # noqa: S105  # what Voxhouse shows the call centre, as it was told to


@dataclass
class Insurer:
    folder: Path  # where the call centre keeps recordings
    secret: str = ""  # of the webhook
    told: dict[str, Any] = field(default_factory=dict)  # what the CRM knows: the `data` of each event, by its type
    seen: set[str] = field(default_factory=set)  # ids of messages: one may come more than once
    news: threading.Condition = field(default_factory=threading.Condition)

    def keep(self, name: str, audio: bytes) -> None:
        """A recording may come more than once too: under one name there is one."""
        (self.folder / Path(name).name).write_bytes(audio)

    def hear(self, message_id: str, message: dict[str, Any]) -> None:
        with self.news:
            if message_id not in self.seen:
                self.seen.add(message_id)
                self.told[message["type"]] = message["data"]
                self.news.notify_all()

    def wait_for(self, event: str, *, seconds: float) -> dict[str, Any]:
        """The data of an event once it has come."""
        with self.news:
            if not self.news.wait_for(lambda: event in self.told, timeout=seconds):
                raise TimeoutError(f"The CRM was not told of {event} within {seconds:g} s.")
            data: dict[str, Any] = self.told[event]
            return data


class Server(ThreadingHTTPServer):
    insurer: Insurer


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_PUT(self) -> None:
        """The call centre: who shows the password may leave a recording, if it has come whole."""
        audio = self._body()
        digest = base64.b64encode(hashlib.sha256(audio).digest()).decode()
        if self.headers["Authorization"] != PASSWORD:
            self._answer(401)
        elif self.headers["Content-Digest"] != f"sha-256=:{digest}:":
            self._answer(400)
        else:
            self.server.insurer.keep(self.path, audio)
            self._answer(201)

    def do_POST(self) -> None:
        """The CRM: believes what is signed with the secret that it shares with Voxhouse."""
        body = self._body()
        try:
            message = Webhook(self.server.insurer.secret).verify(body, dict(self.headers))
        except WebhookVerificationError:
            self._answer(400)
            return
        self.server.insurer.hear(self.headers["webhook-id"], message)
        self._answer(204)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what happened is told at the end."""


@contextmanager
def listening(insurer: Insurer) -> Iterator[str]:
    """Both on a port of this machine while the context lasts; their address."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.insurer = insurer
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
