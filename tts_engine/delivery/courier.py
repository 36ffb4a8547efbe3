"""Who puts files to their destinations: threads of a worker process, as those that send webhooks."""

from functools import cache

from django.conf import settings
from django.utils import timezone

from tts_engine import store
from tts_engine.delivery import ending
from tts_engine.delivery.models import FileDelivery
from tts_engine.delivery.put import Parcel, allowed, put
from tts_engine.speech.audio.formats import FORMATS
from webhooks.courier import Courier, see_through, timed
from webhooks.queue import Outcome, Queue

files = Queue(FileDelivery, to="destination", word="destination", at_once=lambda: settings.DELIVERY_AT_ONCE)

NO_AUDIO = "Not sent: its audio has been deleted."


def deliver_next() -> bool:
    """Put the file that is longest due to its destination; False if nothing is."""
    claimed = files.claim()
    if claimed is None:
        return False
    delivery = FileDelivery.objects.select_related("destination", "synthesis").filter(id=claimed.id).first()
    if delivery is not None:  # else its destination was deleted just now
        files.hold(delivery, allowed(delivery.size) + settings.WEBHOOK_LEASE)
        see_through(files, delivery, delivery.destination, attempt)
        ending.look(delivery.job_id)
    return True


def attempt(delivery: FileDelivery) -> Outcome:
    """Put it once."""
    synthesis = delivery.synthesis
    gone = Outcome(timezone.now(), duration_ms=0, error=NO_AUDIO, hopeless=True)
    if synthesis.deleted_at is not None:  # its file goes within minutes
        return gone
    try:
        content = store.answer_file(synthesis).open("rb")
    except FileNotFoundError:
        return gone
    with content:
        parcel = Parcel(
            name=delivery.name,
            content=content,
            size=delivery.size,
            content_type=FORMATS[synthesis.audio_format].media_type,
            about={"synthesis": str(synthesis.id), "job": str(synthesis.job_id)},
        )
        return timed(lambda: put(delivery.destination, parcel))


@cache
def courier() -> Courier:
    """One courier of files a worker process."""
    return Courier(deliver_next, senders=lambda: settings.DELIVERY_SENDERS)
