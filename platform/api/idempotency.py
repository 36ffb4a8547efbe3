"""The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header-07) of a door that speaks."""

import hashlib
import json
import re
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from tts_engine.idempotency import Idempotency

HEADER = "Idempotency-Key"
REPLAYED = "idempotent-replayed"

# The draft has a quoted string of a structured field; most clients send the bare key.
_KEY = re.compile(r'"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


def idempotency_of(request: Request, asked: Any = None) -> Idempotency | None:
    """What the caller named this request; None if it did not. Raises ValidationError for what is no key.

    `asked` is what makes it the same request, where that is not its body of JSON.
    """
    sent = request.headers.get(HEADER)
    if sent is None:
        return None
    match = _KEY.fullmatch(sent.strip())
    if match is None:
        message = "An Idempotency-Key has 1 to 255 visible ASCII characters and no double quotes; a UUID is good."
        raise ValidationError({HEADER: ErrorDetail(message, "invalid_idempotency_key")})
    body = request.data if asked is None else asked
    same = json.dumps([request.path, body], sort_keys=True)
    return Idempotency(match[1] or match[2], hashlib.sha256(same.encode()).hexdigest())
