"""The simple door: `POST /tts` answers audio inside JSON, `GET /tts/download` is one link."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import NumberField, StrictSerializer, TextField, asked_of, reader
from api.downloads import file_response
from api.schema import audio
from api.speech import SpeakingDoor, VoiceField, result_headers
from tts_engine import listen
from tts_engine.models import Synthesis
from tts_engine.services import Order
from tts_engine.shelves.shelf import version_of
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.voice import EMOTIONS, NEUTRAL

MODEL = "simple"  # how history tells these from speech asked for by a model's name


class SimpleRequest(StrictSerializer):
    text = TextField(max_length=settings.SPEECH_MAX_CHARACTERS)
    voice = VoiceField(default=settings.DEFAULT_VOICE)
    emotion = serializers.ChoiceField(choices=list(EMOTIONS), default=NEUTRAL)
    speed = NumberField(min_value=0.25, max_value=4.0, default=1.0)
    format = serializers.ChoiceField(choices=list(FORMATS), default="wav")

    @staticmethod
    def order(asked: Mapping[str, Any]) -> Order:
        return Order(
            text=asked["text"],
            voice=asked["voice"],
            model=MODEL,
            audio_format=asked["format"],
            emotion=asked["emotion"],
            speed=asked["speed"],
        )


class SimpleQuery(SimpleRequest):
    """The same from a link, where every value is text."""

    speed = serializers.FloatField(  # type: ignore[assignment]
        min_value=0.25, max_value=4.0, default=1.0
    )

    def validate_text(self, text: str) -> str:
        if "\ufffd" in text:  # what Django puts where a link's bytes are no UTF-8
            raise ValidationError("The link is not UTF-8; encode its text as UTF-8, then percent-encode it.", "invalid")
        return text


class SimpleDoor(SpeakingDoor):
    member_names = {"input": "text"}

    def order(self, request: Request) -> Order:
        return SimpleRequest.order(asked_of(request, SimpleRequest))

    @extend_schema(operation_id="tts", request=SimpleRequest, responses=OpenApiTypes.OBJECT)
    async def post(self, request: Request) -> Response:
        """Speak a text; the whole audio comes in the answer, base64."""
        file = await listen.finished(self.synthesis)
        audio = await asyncio.to_thread(file.read_bytes)
        return Response(_told(self.synthesis, audio), headers=result_headers(self.synthesis))


def _told(synthesis: Synthesis, audio: bytes) -> dict[str, Any]:
    return {
        "status": "success",
        "id": str(synthesis.id),
        "audio_base64": base64.b64encode(audio).decode(),
        "format": synthesis.audio_format,
        "media_type": FORMATS[synthesis.audio_format].media_type,
        "sample_rate": synthesis.sample_rate,
        "voice": synthesis.voice,
        "emotion": synthesis.emotion,
        "billed_characters": synthesis.billable(),
    }


class SimpleDownloadDoor(SimpleDoor):
    refusals = (409, 416, 500, 503, 504)
    http_method_names = ["get", "head", "options"]

    def order(self, request: Request) -> Order:
        return SimpleQuery.order(reader(SimpleQuery).run_validation(request.query_params.dict()))

    @extend_schema(
        operation_id="tts_download",
        parameters=[SimpleQuery],
        responses=audio(200, 206),
    )
    async def get(self, request: Request) -> HttpResponseBase:
        """Speak a text and send it, once it is whole, as a file."""
        synthesis = self.synthesis
        file = await listen.finished(synthesis)
        described = FORMATS[synthesis.audio_format]
        response = file_response(
            file,
            request,
            media_type=described.media_type,
            name=f"speech{described.extension}",
            # The same link answers with the same file while it is cached, so a broken download can go on.
            etag=f"{synthesis.cache_key}-{version_of(file)}",
        )
        for name, value in result_headers(synthesis).items():
            response.headers[name] = value
        return response
