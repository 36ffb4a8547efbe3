"""What is asked for each item of a job: the job's own, but for what the item says itself."""

from dataclasses import replace

from django.conf import settings

from tts_engine.jobs.models import Job
from tts_engine.scripts import Written
from tts_engine.services import Order, voice_for


def order_of(job: Job) -> Order:
    """The job's own, without a text."""
    return Order(text="", interactive=False, **job.order)


class Orders:
    """The order of an item, without its text: few different ones, checked once each."""

    def __init__(self, common: Order) -> None:
        self._common = common
        self.written = Written.of(common)  # how the texts are written
        self._known: dict[tuple[str, str], Order] = {}

    def of(self, voice: str, emotion: str) -> Order:
        """Raises UnknownVoice, StyleError."""
        found = self._known.get((voice, emotion))
        if found is None:
            voice_name = settings.VOICE_ALIASES.get(voice, voice) or self._common.voice
            found = replace(self._common, voice=voice_name, emotion=emotion or self._common.emotion)
            voice_for(found)
            self._known[voice, emotion] = found
        return found
