"""What a destination may be made of: which members each kind has, and what each may hold."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tts_engine.delivery.models import Destination, DestinationKind
from tts_engine.delivery.put import url_of
from tts_engine.errors import DestinationInvalid
from webhooks.addresses import acceptable_url, require_reachable

OF_ALL = {"url", "is_default"}
OF_KIND = {
    DestinationKind.HTTP: {"headers"},
    DestinationKind.S3: {"bucket", "region", "prefix", "access_key_id", "secret_access_key", "virtual_host"},
}
REGION = "us-east-1"  # which servers beside Amazon's expect as well

MOST_HEADERS = 20
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110's token
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,4094}[\x21-\x7e])?")
# What we say ourselves, and what belongs to one connection.
_OURS = re.compile(
    r"host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|user-agent|x-voxhouse-.*",
    re.IGNORECASE,
)
_PATTERNS = {
    "bucket": re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "region": re.compile(r"[a-z0-9-]{1,64}"),
    "prefix": re.compile(r"(?!/)[^\x00-\x1f\x7f\\]{0,512}"),
    "access_key_id": re.compile(r"[\x21-\x7e]{1,128}"),
    "secret_access_key": re.compile(r"[\x21-\x7e]{1,256}"),
}


def checked(destination: Destination, given: Mapping[str, Any]) -> Destination:
    """The destination with these members set, all of which fit each other; its host may be sent to, now.

    Raises:
        AddressError, DestinationInvalid
    """
    set_in(destination, given)
    if destination.kind == DestinationKind.S3:
        _check_bucket(destination)
    else:
        _check_headers(destination.headers)
    if "url" in given:
        require_reachable(url_of(destination, ""))
    return destination


def set_in(destination: Destination, given: Mapping[str, Any]) -> Destination:
    """The destination with these members set, each of which its kind has."""
    known = OF_ALL | OF_KIND[DestinationKind(destination.kind)]
    for name, value in given.items():
        if name not in known:
            raise DestinationInvalid(f"A destination of type {destination.kind} has no {name}.", param=name)
        setattr(destination, name, value)
    if "url" in given:
        destination.url = acceptable_url(destination.url)
        if destination.headers and "headers" not in given:
            message = "Give the headers again with the new url: what they hold is not sent to another address."
            raise DestinationInvalid(message, param="headers")
    if destination.kind == DestinationKind.S3:
        destination.region = destination.region or REGION
    return destination


def _check_bucket(destination: Destination) -> None:
    for name, pattern in _PATTERNS.items():
        value: str = getattr(destination, name)
        if not value and name != "prefix":
            raise DestinationInvalid(f"A destination of type s3 needs a {name}.", param=name)
        if not pattern.fullmatch(value):
            raise DestinationInvalid(f"This cannot be a {name} of S3.", param=name)
    if urlsplit(destination.url).query:
        raise DestinationInvalid("The address of an S3 server has no query.", param="url")
    if any(part in {".", ".."} for part in destination.prefix.split("/")):
        raise DestinationInvalid("A prefix holds no '.' or '..' between its slashes.", param="prefix")


def _check_headers(headers: Mapping[str, str]) -> None:
    if len(headers) > MOST_HEADERS:
        raise DestinationInvalid(f"A destination has at most {MOST_HEADERS} headers.", param="headers")
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or _OURS.fullmatch(name):
            raise DestinationInvalid(f"{name!r} is no header that can be set here.", param="headers")
        if not _HEADER_VALUE.fullmatch(value):
            raise DestinationInvalid(f"The value of {name} may hold visible ASCII, up to 4,096.", param="headers")
