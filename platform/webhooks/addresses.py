"""Which addresses the platform sends to when somebody else names them: the guard against SSRF.

A tenant's URL must not lead into the operator's own network (CWE-918). The rule is about addresses,
not names: whoever sends resolves the name once, checks every address it got, and connects to one of
those, so that a name cannot mean another address a moment later. `outbound` does so.
"""

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

from webhooks.errors import AddressNotFound, AddressRefused, UnacceptableUrl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2048

# The IANA registry of special-purpose IPv4 addresses, whose meaning in Python's `is_global` changed
# between its versions; and one public address that every machine of Azure's reaches its host by.
NOT_PUBLIC = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; Alibaba's metadata service is 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's
        "169.254.0.0/16",  # link-local; the metadata service of most clouds is 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]

# Global unicast is 2000::/3 (RFC 4291) and nothing else: loopback, private, link-local, multicast and
# the prefixes that carry an IPv4 address (64:ff9b::/96) lie outside. Inside it are these that are not:
IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
IPV6_NOT_PUBLIC = [
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo's tunnels among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in another dress
        "3fff::/20",
    )
]

# Letters, digits and inner hyphens as DNS has them, and the underscore that some have beside them.
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")


def acceptable_url(url: str) -> str:
    """The URL in the form in which it is called: its host in ASCII, its path escaped.

    Looks at the text alone; `resolve` is what finds out where it leads.

    Raises:
        UnacceptableUrl
    """
    if len(url) > LONGEST_URL or re.search(r"[\x00-\x20\x7f\\]", url):
        raise UnacceptableUrl(f"A URL has at most {LONGEST_URL} characters, without spaces and backslashes.")
    parts = _split(url)
    if parts.scheme not in schemes():
        raise UnacceptableUrl(f"A URL here begins with {' or '.join(f'{scheme}://' for scheme in schemes())}.")
    if "@" in parts.netloc:
        raise UnacceptableUrl("Leave user name and password out of the URL: the signature tells who sends.")
    host = _ascii_host(parts)
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return iri_to_uri(parts._replace(netloc=netloc, fragment="").geturl())


def schemes() -> tuple[str, ...]:
    return ("https", "http") if settings.WEBHOOK_ALLOW_HTTP else ("https",)


def require_reachable(url: str) -> None:
    """Whether the host of an acceptable URL leads, now, to addresses that may be sent to.

    Raises:
        AddressNotFound, AddressRefused
    """
    parts = _split(url)
    resolve(parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme])


def resolve(host: str, port: int) -> list[str]:
    """Every address of the host, in the resolver's order, all of which may be sent to.

    One that may not refuses the host as a whole: a public name has no business in a private network.

    Raises:
        AddressNotFound, AddressRefused
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter for a label of more than 63 characters
        raise AddressNotFound(f"The host {host} is not found: {error}.") from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    for address in addresses:
        if not may_be_reached(ipaddress.ip_address(address)):
            raise AddressRefused(
                f"The host {host} is {address}, which is not on the public network; "
                "the operator may allow its network with WEBHOOK_ALLOW_NETWORKS."
            )
    return addresses


def may_be_reached(address: Address) -> bool:
    """Public, or in a network that the operator allows. An IPv4 address written as IPv6 is the IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return any(address in network for network in settings.WEBHOOK_ALLOW_NETWORKS) or _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in NOT_PUBLIC)
    return address in IPV6_PUBLIC and not any(address in network for network in IPV6_NOT_PUBLIC)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # which raises where it is no number of 16 bits
    except ValueError as error:
        raise UnacceptableUrl(f"This is not a URL: {error}.") from error
    return parts


def _ascii_host(parts: SplitResult) -> str:
    """The host as DNS knows it (`例子.中国` is `xn--fsqu00a.xn--fiqs8s`), an IPv6 address in its brackets."""
    host = parts.hostname or ""
    if ":" in host and "%" not in host:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError as error:
            raise UnacceptableUrl(f"This is not a URL: {error}.") from error
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise UnacceptableUrl(f"{host!r} cannot be the name of a host.") from error
    if _HOST.fullmatch(host) is None:
        raise UnacceptableUrl(f"{host!r} cannot be the name of a host.")
    return host
