"""Whether files arrive at a destination: one is put there while its team waits."""

from dataclasses import dataclass
from io import BytesIO

from django.db import connection

from tts_engine.delivery.models import Destination
from tts_engine.delivery.put import Parcel, put
from webhooks.courier import timed

NAME = "voxhouse-test.txt"
CONTENT = b"Voxhouse puts its results here.\n"


@dataclass(frozen=True, slots=True)
class Trial:
    name: str
    delivered: bool
    status_code: int | None
    answer: str
    error: str
    duration_ms: int


def run(destination: Destination) -> Trial:
    """Put a small file there now, whether or not it is enabled; nothing of it is kept here."""
    parcel = Parcel(NAME, BytesIO(CONTENT), size=len(CONTENT), content_type="text/plain", about={})
    connection.close()  # nothing holds one while it waits for somebody else's server
    outcome = timed(lambda: put(destination, parcel))
    return Trial(
        name=NAME,
        delivered=outcome.accepted,
        status_code=outcome.status,
        answer=outcome.answer.text if outcome.answer else "",
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )
