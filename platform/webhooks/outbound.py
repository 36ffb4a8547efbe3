"""HTTP to addresses that somebody else named: past the guard, within a deadline, and no further.

httpcore rather than a client above it: it follows no redirect, asks no proxy of the environment's,
and lets the connection be made by us, to an address that was checked.
"""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import urlsplit

import httpcore
from django.utils.http import parse_http_date

from webhooks import addresses
from webhooks.errors import Unreachable

ANSWER_BYTES = 4096  # read of an answer's body; nobody here needs more


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes  # its first ANSWER_BYTES
    retry_after: timedelta | None

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body for people to read, in a form that PostgreSQL can store, whatever bytes it is made of."""
        return self.body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | Iterator[bytes],
    timeout: timedelta,
) -> Answer:
    """What a URL answers to one request. A redirect is an answer like any other.

    `timeout` is for all of it, from the first packet to the last byte read: an address that dribbles
    holds nobody up. The resolver has its own.

    Raises:
        AddressError, Unreachable
    """
    url = addresses.acceptable_url(url)
    guard = _Guard(deadline=time.monotonic() + timeout.total_seconds())
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_ssl_context(), network_backend=guard) as pool,
            # httpcore's own Host leaves the brackets of an IPv6 address off.
            pool.stream(
                method, url, headers=[("Host", urlsplit(url).netloc), *headers.items()], content=content
            ) as response,
        ):
            named = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(response.status, _first_bytes(response), _retry_after(named.get(b"retry-after", "")))
    except httpcore.TimeoutException as error:
        raise Unreachable(f"No answer within {timeout.total_seconds():g} s.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


class _Guard(httpcore.NetworkBackend):
    """Connects to checked addresses only. TLS and `Host` still go by the name in the URL."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = addresses.resolve(host.strip("[]"), port)
        for number, address in enumerate(others):
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, among=len(others) + 1 - number)
        return self._connect(last, port)

    def _connect(self, address: str, port: int, *, among: int = 1) -> httpcore.NetworkStream:
        """One that does not answer takes its share of the time that is left, `among` those still to be tried."""
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _Timed(self._tcp.connect_tcp(address, port, timeout=left / among), self._deadline)


class _Timed(httpcore.NetworkStream):
    """A stream each of whose steps may last as long as is left until the deadline (monotonic seconds)."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(deadline: float, late: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the deadline has passed")
    return left


@cache
def _ssl_context() -> ssl.SSLContext:
    """Mozilla's authorities, and those of the machine (SSL_CERT_FILE too), a company's own among them."""
    return httpcore.default_ssl_context()


def _first_bytes(response: httpcore.Response) -> bytes:
    body = b""
    for part in response.iter_stream():
        body += part
        if len(body) >= ANSWER_BYTES:
            break
    return body[:ANSWER_BYTES]


def _retry_after(value: str) -> timedelta | None:
    """Seconds or a date (RFC 9110, 10.2.3); None for what is neither, or lies in the past."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return timedelta(seconds=int(value))
    with suppress(ValueError):
        wait = datetime.fromtimestamp(parse_http_date(value), UTC) - datetime.now(UTC)
        return max(wait, timedelta(0))
    return None
