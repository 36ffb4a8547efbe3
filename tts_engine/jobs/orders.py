"""What is asked for each item of a job: the job's own, but for what the item says itself."""

from dataclasses import replace

from django.conf import settings

from tts_engine.jobs.models import Job
from tts_engine.services import Order, voice_for
from tts_engine.speech.voice import VoiceInfo


def order_of(job: Job) -> Order:
    """The job's own, without a text."""
    return Order(text="", interactive=False, **job.order)


class Orders:
    """The order of an item, without its text, and its voice: few different ones, looked up once each."""

    def __init__(self, common: Order) -> None:
        self._common = common
        self._known: dict[tuple[str, str], tuple[Order, VoiceInfo]] = {}

    def of(self, voice: str, emotion: str) -> tuple[Order, VoiceInfo]:
        """Raises UnknownVoice, StyleError."""
        found = self._known.get((voice, emotion))
        if found is None:
            voice_name = settings.VOICE_ALIASES.get(voice, voice) or self._common.voice
            order = replace(self._common, voice=voice_name, emotion=emotion or self._common.emotion)
            found = self._known[voice, emotion] = (order, voice_for(order))
        return found
