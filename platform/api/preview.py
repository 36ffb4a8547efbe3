"""`POST /v1/text/preview`: how a text will be read and what it will cost; speaks and bills nothing."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, caller_of
from api.speech import ScriptRequest, VoiceField, written_of
from billing.counting import billable_characters
from tts_engine import clips
from tts_engine.dictionary.selectors import as_read_now
from tts_engine.services import voice_named
from tts_engine.speech import text as front_end
from tts_engine.speech.speak import Part, lines_of, silence_after, staged
from tts_engine.speech.text.lexicon import character_readings
from tts_engine.speech.text.prosody import syllables
from tts_engine.speech.text.script import Clip
from tts_engine.speech.text.types import Reading, Sentence
from tts_engine.speech.voice import Style

# Mandarin at an even pace: four to five syllables a second.
SECONDS_A_SYLLABLE = 0.23


class PreviewRequest(ScriptRequest):
    voice = VoiceField(default=settings.DEFAULT_VOICE)


class PreviewDoor(Door):
    scope = "speech"

    @extend_schema(operation_id="preview_text", request=PreviewRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Show how a text will be read."""
        body = PreviewRequest(data=request.data)
        body.is_valid(raise_exception=True)
        info, speaker = voice_named(body.validated_data["voice"])
        tenant_id = caller_of(request).tenant_id
        script = as_read_now(tenant_id, written_of(body.validated_data)).script()
        items = front_end.read_script(script)
        # What would be refused is refused here too.
        clips.check(tenant_id, [item for item in items if isinstance(item, Clip)])
        parts = staged(items, info, Style(speaker), voice_named)
        reading = front_end.reading_of(items)
        return Response(
            {
                **reading_told(reading),
                "readings": readings_told(reading),
                "sentences": [sentence_told(sentence) for sentence in reading.sentences],
                "text": script.plain,
                "billable_characters": billable_characters(script.plain),
                "estimated_seconds": estimated_seconds(parts),
                "voice": body.validated_data["voice"],
                "sample_rate": info.sample_rate,
            }
        )


def reading_told(reading: Reading) -> dict[str, Any]:
    """What is read, as text and by character."""
    return {
        "normalized_text": reading.text,
        "characters": [{"char": c.char, "pinyin": c.pinyin} for c in reading.characters],
    }


def readings_told(reading: Reading) -> dict[str, tuple[str, ...]]:
    """Of each character that can be read in several ways all of them, the commonest first."""
    known = {c.char: character_readings(c.char) for c in reading.characters if c.pinyin}
    return {char: readings for char, readings in known.items() if len(readings) > 1}


def sentence_told(sentence: Sentence) -> dict[str, Any]:
    """How it is divided into words, and what was written for how many of its characters."""
    return {
        "text": sentence.text,
        "pause": sentence.pause,
        "words": [word.text for word in sentence.words],
        "written": [{"text": stretch.text, "characters": stretch.characters} for stretch in sentence.written],
    }


def estimated_seconds(parts: Sequence[Part]) -> float:
    """How long they will take without recordings, to a fifth or so."""
    spoken = sum(
        sum(syllables(word) for word in line.utterance.sentence.words) / line.utterance.style.speed
        for line in lines_of(parts)
    )
    return round(spoken * SECONDS_A_SYLLABLE + sum(map(silence_after, parts)), 2)
