"""The web process: `python -m config.web` listens at HOST and PORT, or at a socket that it inherits.

SIGTERM lets it leave unnoticed: it takes no new connection, answers what it has to the end, and tells callers
on connections that stay open to come back on another. SIGINT ends it within a second.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import time
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings

from config.processes import tell_ready

IN_HASTE = 1  # seconds that an answer gets to its end where nobody waits for it
LOOK = 0.1  # seconds between two looks at what is still to be answered


class Server(uvicorn.Server):
    """Uvicorn's, with a way to leave under load."""

    hurried = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.hurried = self.hurried or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        tell_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if not self.hurried:
            await self._close_doors(sockets or [])
            await self._finish()
        await super().shutdown(sockets)

    async def _close_doors(self, doors: list[socket.socket]) -> None:
        """Whoever has knocked is let in: the kernel would turn them away with the socket."""
        ajar = [door.dup() for door in doors]
        for server in self.servers:
            server.close()
        callers: list[socket.socket] = []
        for door in ajar:
            with door, contextlib.suppress(BlockingIOError):
                door.setblocking(False)
                while True:
                    callers.append(door.accept()[0])
        for caller in callers:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, caller)

    def _protocol(self) -> asyncio.Protocol:
        """As uvicorn makes one for each connection."""
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        return made

    async def _finish(self) -> None:
        """Idle connections are not closed under a request that is on its way: each has one more answer, its last.

        Those that ask nothing end as ever, after KEEP_ALIVE.
        """
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        deadline = time.monotonic() + settings.WEB_LEAVES_WITHIN.total_seconds()
        while self.server_state.connections and not self.hurried and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)


def open_door(host: str, port: int) -> socket.socket:
    """One of several sockets at an address: the kernel shares callers out among those that are listened at."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    door.bind((host, port))
    return door


def serve(door: socket.socket) -> None:
    configuration = uvicorn.Config(
        "config.asgi:application",
        http="config.connections:Protocol",
        lifespan="on",
        log_config=None,  # Django's settings have it
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        timeout_keep_alive=int(settings.KEEP_ALIVE.total_seconds()),
        timeout_graceful_shutdown=IN_HASTE,
    )
    Server(configuration).run(sockets=[door])


def main() -> None:
    parser = argparse.ArgumentParser(description="Run a web process.")
    parser.add_argument("--fd", type=int, help="the number of an inherited socket to listen at")
    given = parser.parse_args().fd
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what uvicorn ends us with once it has done with it
    serve(open_door(settings.HOST, settings.PORT) if given is None else socket.socket(fileno=given))


if __name__ == "__main__":
    main()
