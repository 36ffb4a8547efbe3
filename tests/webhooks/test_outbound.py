"""One request to an address that somebody else named, over real sockets."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.utils.http import http_date
from pytest_django.fixtures import Settings

from tests.webhooks.receiver import Receiver, listening
from webhooks import outbound
from webhooks.errors import AddressNotFound, AddressRefused, UnacceptableUrl, Unreachable
from webhooks.outbound import ANSWER_BYTES, Answer

TIMEOUT = timedelta(seconds=5)
HOST = "hooks.example.org"
Name = Callable[..., list[str]]


def post(url: str, *, timeout: timedelta = TIMEOUT) -> Answer:
    return outbound.send("POST", url, headers={"X-Ours": "1"}, content="你好".encode(), timeout=timeout)


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Name:
    """name(address, ...): what HOST is resolved to, the last one for ever; a list of the answers given."""
    given: list[str] = []
    real = socket.getaddrinfo

    def name(*addresses: str) -> list[str]:
        waiting = list(addresses)

        def getaddrinfo(host: str, port: int, *args: Any, **more: Any) -> Any:
            if host != HOST:
                return real(host, port, *args, **more)
            given.append(waiting.pop(0) if len(waiting) > 1 else waiting[0])
            return real(given[-1], port, *args, **more)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return given

    return name


def test_a_request_and_its_answer(receiver: Receiver) -> None:
    """Method, path, headers and bytes as they were given; the answer's status and body."""
    receiver.will_answer(201, body="收到".encode())
    assert post(receiver.url + "?a=1") == Answer(201, "收到".encode(), retry_after=None)
    (request,) = receiver.received
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=1", "你好".encode())
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["x-ours"] == "1"


def test_content_may_be_a_stream(receiver: Receiver) -> None:
    """What is long need not be in memory at once."""
    parts = iter([b"a" * 70_000, b"b" * 70_000])
    headers = {"Content-Length": "140000"}
    assert outbound.send("PUT", receiver.url, headers=headers, content=parts, timeout=TIMEOUT).accepted
    assert receiver.received[0].body == b"a" * 70_000 + b"b" * 70_000


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """It could lead anywhere; it is an answer, and no acceptance."""
    receiver.will_answer(302, {"Location": receiver.url + "/elsewhere"})
    answer = post(receiver.url)
    assert (answer.status, answer.accepted) == (302, False)
    assert len(receiver.received) == 1


def test_the_url_is_looked_at_too(receiver: Receiver, settings: Settings) -> None:
    """A scheme that the operator has forbidden since it was saved is not called."""
    settings.WEBHOOK_ALLOW_HTTP = False
    with pytest.raises(UnacceptableUrl):
        post(receiver.url)
    assert receiver.received == []


def test_no_proxy_of_the_environment_s(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name itself, past the guard."""
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert post(receiver.url).accepted


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_the_guard_is_asked_when_it_connects(address: str, name: Name, settings: Settings) -> None:
    """Nothing is sent to a name that leads into a refused network now, wherever it led before."""
    settings.WEBHOOK_ALLOW_HTTP = True
    name(address)
    with pytest.raises(AddressRefused):
        post(f"http://{HOST}/")


def test_a_name_is_resolved_once(receiver: Receiver, name: Name) -> None:
    """What was checked is what is connected to: a second look could be shown another address (DNS rebinding)."""
    given = name("127.0.0.1", "10.0.0.1")
    assert post(f"http://{HOST}:{receiver.port}/").accepted
    assert given == ["127.0.0.1"]
    assert receiver.received[0].headers["host"] == f"{HOST}:{receiver.port}"


def test_a_name_that_is_gone(this_machine_is_allowed: None) -> None:
    """Told as such."""
    with pytest.raises(AddressNotFound):
        post("http://no-such-host.invalid/")


def test_a_name_with_a_dead_address(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next of its addresses is tried."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, receiver.port)) for address in ("127.0.0.2", "127.0.0.1")
    ]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **more: found if host == HOST else real(host, *args, **more)
    )
    assert post(f"http://{HOST}:{receiver.port}/").accepted


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[trustme.CA]:
    """A company's own, which the machine trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    outbound._ssl_context.cache_clear()
    yield made
    outbound._ssl_context.cache_clear()


def server_tls(authority: trustme.CA, host: str) -> tuple[ssl.SSLContext, list[str | None]]:
    """A server's TLS with a certificate for `host`, and the names it was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    asked: list[str | None] = []
    context.sni_callback = lambda connection, host, context: asked.append(host)
    return context, asked


def test_tls_goes_by_the_name(authority: trustme.CA, this_machine_is_allowed: None, name: Name) -> None:
    """The connection is made to a checked address, but the certificate, SNI and Host are the name's."""
    context, asked = server_tls(authority, HOST)
    name("127.0.0.1")
    with listening(context) as receiver:
        assert post(f"https://{HOST}:{receiver.port}/").accepted
    assert asked == [HOST]
    assert receiver.received[0].headers["host"] == f"{HOST}:{receiver.port}"


def test_a_certificate_of_another_s(authority: trustme.CA, this_machine_is_allowed: None, name: Name) -> None:
    """Nothing is sent."""
    context, _ = server_tls(authority, "other.example.org")
    name("127.0.0.1")
    with listening(context) as receiver, pytest.raises(Unreachable, match="certificate"):
        post(f"https://{HOST}:{receiver.port}/")
    assert receiver.received == []


def test_an_answer_is_read_so_far_and_no_further(receiver: Receiver) -> None:
    """A long answer costs no memory."""
    receiver.will_answer(200, {"Content-Length": "1000000000"}, b"x" * 100_000)
    assert post(receiver.url).body == b"x" * ANSWER_BYTES


@contextmanager
def raw_server(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that does `speak` with its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:  # who would have called gave up before it could connect
                return
            with connection:
                connection.recv(65536)
                speak(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def drip(connection: socket.socket, parts: Iterator[bytes]) -> None:
    try:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)
    except OSError:  # whom we drip on has had enough
        return


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["headers", "body"])
def test_who_dribbles_holds_nobody_up(head: bytes, this_machine_is_allowed: None) -> None:
    """The deadline is for the whole exchange, however often something arrives."""
    began = time.monotonic()
    parts = (head if number == 0 else b"x" for number in range(100))
    with raw_server(lambda connection: drip(connection, parts)) as url, pytest.raises(Unreachable, match=r"0\.3 s"):
        post(url, timeout=timedelta(seconds=0.3))
    assert time.monotonic() - began < 3


def test_who_never_answers(receiver: Receiver) -> None:
    """Is given up after the timeout."""
    receiver.holds.clear()
    with pytest.raises(Unreachable, match=r"No answer within 0\.2 s"):
        post(receiver.url, timeout=timedelta(seconds=0.2))


@pytest.mark.parametrize("said", [b"220 mail.example.org ESMTP\r\n", b"", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000])
def test_who_speaks_no_http(said: bytes, this_machine_is_allowed: None) -> None:
    """Another protocol, a closed connection, headers without end."""
    with raw_server(lambda connection: drip(connection, iter([said]))) as url, pytest.raises(Unreachable):
        post(url)


def test_nobody_listens(this_machine_is_allowed: None) -> None:
    """A refused connection is told."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="refused"):
            post(f"http://127.0.0.1:{unused.getsockname()[1]}/")


def test_retry_after(receiver: Receiver) -> None:
    """In seconds, or as a date; what is neither, or has passed, is no wait."""
    in_an_hour = http_date((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    told: dict[str, timedelta | None] = {}
    for value in ("120", in_an_hour, "Thu, 01 Jan 2026 00:00:00 GMT", "soon", "-5", "1" * 400):
        receiver.will_answer(503, {"Retry-After": value})
        told[value] = post(receiver.url).retry_after
    hour = told.pop(in_an_hour)
    assert hour is not None
    assert timedelta(minutes=59) < hour <= timedelta(hours=1)
    assert list(told.values()) == [timedelta(minutes=2), timedelta(0), None, None, None]
