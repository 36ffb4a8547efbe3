"""AWS Signature Version 4 of a request to S3, in its headers.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, whose examples are our tests.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str


def signed(
    method: str, url: str, headers: Mapping[str, str], *, sha256: str, credentials: Credentials, at: datetime
) -> dict[str, str]:
    """The headers with those that sign them beside.

    `url` has its path escaped and no query; `sha256` is the body's, in hexadecimal; `at` is in UTC.
    """
    parts = urlsplit(url)
    moment = f"{at:%Y%m%dT%H%M%SZ}"
    sent = {**headers, "x-amz-content-sha256": sha256, "x-amz-date": moment}
    canonical = sorted((name.lower(), value.strip()) for name, value in {**sent, "host": parts.netloc}.items())
    names = ";".join(name for name, _ in canonical)
    request = "\n".join(
        [method, parts.path or "/", "", *(f"{name}:{value}" for name, value in canonical), "", names, sha256]
    )
    scope = f"{at:%Y%m%d}/{credentials.region}/s3/aws4_request"
    to_sign = "\n".join([ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = _hmac(_signing_key(credentials.secret_access_key, scope), to_sign).hex()
    proof = f"Credential={credentials.access_key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**sent, "Authorization": f"{ALGORITHM} {proof}"}


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
