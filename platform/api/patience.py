"""How long a caller waits for its speech to start, as its request's headers say."""

import math
from datetime import timedelta

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

HEADER = "x-timeout-ms"
# What OpenAI's packages tell of their own timeout, in seconds: Python's and JavaScript's.
SDK_HEADERS = ("x-stainless-read-timeout", "x-stainless-timeout")
LONGEST = timedelta(days=1)


def patience_of(request: Request) -> timedelta | None:
    """None is any time. Raises ValidationError where our own header holds no positive whole number."""
    own = request.headers.get(HEADER)
    if own is not None:
        if not own.isascii() or not own.isdigit() or not int(own[:12]):
            raise ValidationError({HEADER: ErrorDetail("Must be milliseconds, a whole number above 0.", "invalid")})
        return min(LONGEST, timedelta(milliseconds=int(own[:12])))
    told = (_seconds(request.headers.get(name, "")) for name in SDK_HEADERS)
    return next((patience for patience in told if patience), None)


def _seconds(sent: str) -> timedelta | None:
    """An SDK's figure, if it is one: nobody is refused for what a package adds by itself."""
    try:
        seconds = float(sent)
    except ValueError:
        return None
    return min(LONGEST, timedelta(seconds=min(seconds, 1e6))) if math.isfinite(seconds) and seconds > 0 else None
