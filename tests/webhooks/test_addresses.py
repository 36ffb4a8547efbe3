"""Where messages may be sent: to the public network, and to what the operator allows beside it."""

import socket
from ipaddress import ip_address, ip_network

import pytest
from pytest_django.fixtures import Settings

from webhooks.addresses import acceptable_url, may_be_reached, require_reachable, resolve
from webhooks.errors import AddressNotFound, AddressRefused, UnacceptableUrl

NOT_PUBLIC = {
    "this host": "0.0.0.0",  # noqa: S104
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "private, 10/8": "10.1.2.3",
    "private, 172.16/12": "172.31.255.255",
    "private, 192.168/16": "192.168.0.1",
    "carriers' shared": "100.64.0.1",
    "Alibaba's metadata": "100.100.100.200",
    "link-local": "169.254.1.1",
    "most clouds' metadata": "169.254.169.254",
    "Oracle's metadata": "192.0.0.192",
    "Azure's host": "168.63.129.16",
    "documentation": "203.0.113.7",
    "benchmarks": "198.19.0.1",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.1",
    "reserved": "250.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 unspecified": "::",
    "IPv6 loopback": "::1",
    "IPv6 link-local": "fe80::1",
    "IPv6 private": "fd12::1",
    "Amazon's metadata in IPv6": "fd00:ec2::254",
    "IPv6 site-local": "fec0::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 documentation": "2001:db8::1",
    "Teredo": "2001:0:7f00:1::",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped private": "::ffff:10.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible loopback": "::127.0.0.1",
    "6to4 of a private address": "2002:a00:1::",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of a local network": "64:ff9b:1::a00:1",
}

PUBLIC = ["8.8.8.8", "223.5.5.5", "172.32.0.1", "100.128.0.1", "2400:3200::1", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_refused(address: str) -> None:
    """Whatever is not on the public network, however it is written."""
    assert not may_be_reached(ip_address(address))
    with pytest.raises(AddressRefused, match="WEBHOOK_ALLOW_NETWORKS"):
        resolve(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    """And what is on it may be reached, next to a refused network too."""
    assert may_be_reached(ip_address(address))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "LocalHost"])
def test_other_ways_to_write_loopback(host: str, settings: Settings) -> None:
    """The rule is about the address that the host leads to, not about its text."""
    settings.WEBHOOK_ALLOW_HTTP = True
    with pytest.raises(AddressRefused):
        require_reachable(acceptable_url(f"http://{host}:8000/"))


def test_the_operator_allows_a_network(settings: Settings) -> None:
    """And nothing beside it; an IPv4 network also as IPv6 writes it."""
    settings.WEBHOOK_ALLOW_NETWORKS = [ip_network("10.20.0.0/16"), ip_network("fd12::/32")]
    for address in ("10.20.30.40", "::ffff:10.20.30.40", "fd12::1"):
        assert may_be_reached(ip_address(address))
    for address in ("10.21.0.1", "127.0.0.1", "fd13::1"):
        assert not may_be_reached(ip_address(address))


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects could otherwise be led to that one."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        resolve("two.example", 443)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example"])
def test_a_host_that_is_not_there(host: str) -> None:
    """Is told as such, not as a refusal."""
    with pytest.raises(AddressNotFound):
        resolve(host, 443)


UNACCEPTABLE = {
    "no scheme": "example.com/hook",
    "another scheme": "ftp://example.com/hook",
    "a file": "file:///etc/passwd",
    "http unless allowed": "http://example.com/hook",
    "no host": "https:///hook",
    "a password": "https://user:secret@example.com/hook",
    "a user": "https://user@example.com/hook",
    "a host in disguise": "https://example.com\\@127.0.0.1/",
    "a space": "https://example.com/a b",
    "a line": "https://example.com/\r\nX-Admin: 1",
    "a control character": "https://exam\x00ple.com/",
    "a port that is none": "https://example.com:99999/",
    "a port in words": "https://example.com:https/",
    "an open bracket": "https://[::1/",
    "a zone": "https://[fe80::1%25eth0]/",
    "a percent sign in the host": "https://exa%6dple.com/",
    "a leading dot": "https://.example.com/",
    "a label too long": "https://" + "a" * 64 + ".example/",
    "too long": "https://example.com/" + "a" * 2048,
}


@pytest.mark.parametrize("url", UNACCEPTABLE.values(), ids=UNACCEPTABLE)
def test_unacceptable(url: str) -> None:
    """What is no https URL of a host, and nothing else beside it."""
    with pytest.raises(UnacceptableUrl):
        acceptable_url(url)


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("https://Example.COM/Hook?a=1#top", "https://example.com/Hook?a=1"),
        ("HTTPS://example.com:8443", "https://example.com:8443"),
        ("https://例子.中国/回调?名=值", "https://xn--fsqu00a.xn--fiqs8s/%E5%9B%9E%E8%B0%83?%E5%90%8D=%E5%80%BC"),
        ("https://[2400:3200:0:0::1]:8443/x", "https://[2400:3200::1]:8443/x"),
    ],
)
def test_the_form_in_which_a_url_is_called(url: str, called: str) -> None:
    """The host as DNS knows it, the path in ASCII, no fragment."""
    assert acceptable_url(url) == called


def test_http_where_the_operator_allows_it(settings: Settings) -> None:
    """For an installation whose receivers are beside it."""
    settings.WEBHOOK_ALLOW_HTTP = True
    assert acceptable_url("http://example.com/hook") == "http://example.com/hook"
