"""`POST /v1/text/preview`: how a text will be read and what it will cost; speaks and bills nothing."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, TextField, caller_of
from api.speech import VoiceField
from billing.counting import billable_characters
from tts_engine.dictionary.selectors import occurring
from tts_engine.services import catalog, reading_of
from tts_engine.speech import text as front_end
from tts_engine.speech.text.prosody import syllables
from tts_engine.speech.text.types import Reading

# Mandarin at an even pace: four to five syllables a second.
SECONDS_A_SYLLABLE = 0.23


class PreviewRequest(StrictSerializer):
    input = TextField(max_length=settings.SPEECH_MAX_CHARACTERS)
    input_type = serializers.ChoiceField(choices=["text"], default="text")
    voice = VoiceField(default=settings.DEFAULT_VOICE)


class PreviewDoor(Door):
    scope = "speech"

    @extend_schema(operation_id="preview_text", request=PreviewRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Show how a text will be read."""
        body = PreviewRequest(data=request.data)
        body.is_valid(raise_exception=True)
        text: str = body.validated_data["input"]
        info, _ = catalog().resolve(body.validated_data["voice"])
        reading = reading_of(text, occurring(caller_of(request).tenant_id, text))
        return Response(
            {
                "normalized_text": reading.text,
                "characters": [{"char": c.char, "pinyin": c.pinyin} for c in reading.characters],
                "sentences": [{"text": s.text, "pause": s.pause} for s in reading.sentences],
                "billable_characters": billable_characters(front_end.plain_text(text)),
                "estimated_seconds": estimated_seconds(reading),
                "voice": body.validated_data["voice"],
                "sample_rate": info.sample_rate,
            }
        )


def estimated_seconds(reading: Reading) -> float:
    """How long the reading will take at speed 1, to a fifth or so."""
    spoken = sum(syllables(word) for sentence in reading.sentences for word in sentence.words)
    pauses = sum(sentence.pause for sentence in reading.sentences)
    return round(spoken * SECONDS_A_SYLLABLE + pauses, 2)
