"""A file put to a destination: one HTTP request, past the guard of `webhooks.outbound`."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedReader, BytesIO
from urllib.parse import quote, urlsplit

from django.conf import settings

from tts_engine.delivery.models import Destination, DestinationKind
from tts_engine.delivery.sigv4 import Credentials, signed
from webhooks import outbound
from webhooks.outbound import Answer

USER_AGENT = "Voxhouse-Delivery/1"
PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file, and what its receiver is told of it."""

    name: str
    content: BufferedReader | BytesIO
    size: int  # bytes
    content_type: str
    about: dict[str, str]  # by what it is of: "synthesis", "job"


def put(destination: Destination, parcel: Parcel) -> Answer:
    """What the destination answers.

    Raises:
        AddressError, Unreachable
    """
    digest = hashlib.file_digest(parcel.content, "sha256")
    parcel.content.seek(0)
    url = url_of(destination, parcel.name)
    headers = {"Content-Type": parcel.content_type}
    if destination.kind == DestinationKind.S3:
        headers |= {f"x-amz-meta-voxhouse-{what}": value for what, value in parcel.about.items()}
        keys = Credentials(destination.access_key_id, destination.secret_access_key, destination.region)
        now = datetime.now(UTC)
        headers = signed("PUT", url, headers, sha256=digest.hexdigest(), credentials=keys, at=now)
    else:
        headers |= {f"x-voxhouse-{what}": value for what, value in parcel.about.items()}
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"  # RFC 9530
        headers = {**destination.headers, **headers}
    headers |= {"User-Agent": USER_AGENT, "Content-Length": str(parcel.size)}  # not signed: proxies may change them
    content = _pieces(parcel.content, parcel.size)
    return outbound.send("PUT", url, headers=headers, content=content, timeout=allowed(parcel.size))


def url_of(destination: Destination, name: str) -> str:
    """Where the file of that name belongs; escaped as S3 signs it, which any other server reads the same."""
    parts = urlsplit(destination.url)
    host, folder = parts.netloc, parts.path.rstrip("/")
    if destination.kind == DestinationKind.S3 and destination.virtual_host:
        host = f"{destination.bucket}.{host}"
    elif destination.kind == DestinationKind.S3:
        folder = f"{folder}/{destination.bucket}"
    name = quote(destination.prefix + name, safe="/~")
    return parts._replace(netloc=host, path=f"{folder}/{name}").geturl()


def allowed(size: int) -> timedelta:
    """How long putting so many bytes may take."""
    return settings.DELIVERY_TIMEOUT + timedelta(seconds=size / settings.DELIVERY_SLOWEST)


def _pieces(content: BufferedReader | BytesIO, size: int) -> Iterator[bytes]:
    """As many bytes as were promised."""
    while size and (piece := content.read(min(PIECE, size))):
        size -= len(piece)
        yield piece
