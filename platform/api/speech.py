"""`POST /v1/audio/speech`: OpenAI's contract, with members of ours."""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from api.catalog import require_model
from api.door import Door, NumberField, StrictSerializer, TextField, caller_of, reader
from api.errors import problem_of
from api.idempotency import REPLAYED, idempotency_of
from api.patience import patience_of
from api.throttles import characters_quota
from billing import selectors as billing
from tts_engine import listen
from tts_engine.models import Labelling, Synthesis
from tts_engine.services import Order, synthesis_request
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.voice import EMOTIONS, NEUTRAL

# OpenAI streams events for its newer models only.
MODELS_WITHOUT_EVENTS = frozenset({"tts-1", "tts-1-hd"})


class VoiceField(serializers.Field[str, Any, str, Any]):
    """A voice's name, or OpenAI's object form `{"id": name}`; OpenAI's own names are aliases."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, dict) and set(data) == {"id"}:
            data = data["id"]
        if not isinstance(data, str):
            raise ValidationError('Must be the name of a voice, or {"id": name}.', "invalid")
        return settings.VOICE_ALIASES.get(data, data)

    def to_representation(self, value: str) -> str:
        return value


class SpeechRequest(StrictSerializer):
    model = TextField(max_length=100)
    input = TextField(max_length=settings.SPEECH_MAX_CHARACTERS)
    voice = VoiceField()
    instructions = TextField(required=False, allow_blank=True, max_length=4096)
    response_format = serializers.ChoiceField(choices=list(FORMATS), default="mp3")
    speed = NumberField(min_value=0.25, max_value=4.0, default=1.0)
    stream_format = serializers.ChoiceField(choices=["audio", "sse"], default="audio")
    emotion = serializers.ChoiceField(choices=list(EMOTIONS), default=NEUTRAL)
    emotion_intensity = NumberField(min_value=0, max_value=2, default=1.0)
    pitch = NumberField(min_value=-12, max_value=12, default=0.0, help_text="semitones")
    volume = NumberField(min_value=-20, max_value=10, default=0.0, help_text="dB")
    sample_rate = serializers.IntegerField(min_value=8000, max_value=48000, required=False, help_text="Hz")
    loudness = NumberField(min_value=-40, max_value=-10, required=False, help_text="LUFS")
    leading_silence_ms = serializers.IntegerField(min_value=0, max_value=settings.MOST_SILENCE_MS, required=False)
    trailing_silence_ms = serializers.IntegerField(min_value=0, max_value=settings.MOST_SILENCE_MS, required=False)
    label = serializers.ChoiceField(  # type: ignore[assignment]  # DRF takes it from the class, as all fields
        choices=Labelling.values, required=False
    )
    cache = serializers.BooleanField(default=True)

    def validate_instructions(self, instructions: str) -> str:
        if instructions.strip():
            raise ValidationError(
                "No voice here follows free instructions; leave them out and use 'emotion', 'speed' and 'pitch'.",
                "unsupported_by_voice",
            )
        return instructions

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["stream_format"] == "sse" and attrs["model"] in MODELS_WITHOUT_EVENTS:
            message = f"stream_format 'sse' is not supported by {attrs['model']}; use another model."
            raise ValidationError({"stream_format": ErrorDetail(message, "unsupported_value")})
        return attrs

    @staticmethod
    def order(asked: dict[str, Any]) -> Order:
        return Order(
            text=asked["input"],
            voice=asked["voice"],
            model=asked["model"],
            audio_format=asked["response_format"],
            emotion=asked["emotion"],
            emotion_intensity=asked["emotion_intensity"],
            speed=asked["speed"],
            pitch=asked["pitch"],
            volume=asked["volume"],
            sample_rate=asked.get("sample_rate"),
            loudness=asked.get("loudness"),
            leading_silence_ms=asked.get("leading_silence_ms"),
            trailing_silence_ms=asked.get("trailing_silence_ms"),
            label=asked.get("label"),
            use_cache=asked["cache"],
        )


class SpeakingDoor(Door, ABC):
    """A door whose answer is a synthesis, its own or the one that answered the same Idempotency-Key before.

    `order` reads what is asked for; `get` or `post` awaits the audio of `synthesis`. Whatever it answers
    tells what is left of the period's characters.
    """

    scope = "speech"
    synthesis: Synthesis
    audio: bytes | None  # where it was stored already and is short

    @abstractmethod
    def order(self, request: Request) -> Order: ...

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """As DRF's, but all that asks the database is one visit to a thread, and the audio is awaited."""
        method = str(request.method).lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if not iscoroutinefunction(handler):
            return await listen.in_database(super().dispatch, request, *args, **kwargs)
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            await listen.in_database(self._admit)
            response = await handler(self.request)
            self._tell_replay(response)
        except Exception as error:  # DRF's hook tells it, and logs what nobody foresaw
            response = self.handle_exception(error)
        finalized: HttpResponseBase = self.finalize_response(self.request, response, *args, **kwargs)
        return finalized

    def _admit(self) -> None:
        """Who calls, what may they, what do they want; then the synthesis is there, and maybe its audio."""
        self.initial(self.request)
        caller = caller_of(self.request)
        order = replace(self.order(self.request), patience=patience_of(self.request))
        once = idempotency_of(self.request) if self.request.method == "POST" else None
        try:
            self.synthesis = synthesis_request(caller=caller, order=order, synthesis_id=self.request_id, once=once)
            self.audio = listen.stored(self.synthesis)
        finally:  # a refused request is told as well
            characters = characters_quota(billing.usage(caller.tenant_id))
            self.quotas = [*self.quotas, *([characters] if characters else [])]

    def _tell_replay(self, response: HttpResponseBase) -> None:
        if self.synthesis.id != self.request_id:
            response.headers[REPLAYED] = "true"
            response.headers["x-request-id"] = str(self.synthesis.id)  # the id in the history


class SpeechDoor(SpeakingDoor):
    speaks_openai = True

    def order(self, request: Request) -> Order:
        asked = reader(SpeechRequest).run_validation(request.data)
        require_model(asked["model"])
        self.as_events = asked["stream_format"] == "sse"
        return SpeechRequest.order(asked)

    @extend_schema(
        operation_id="create_speech",
        request=SpeechRequest,
        responses={
            (200, "audio/mpeg"): OpenApiResponse(OpenApiTypes.BINARY, description="Audio, as it is made."),
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, description="With stream_format `sse`."),
        },
    )
    async def post(self, request: Request) -> HttpResponseBase:
        """Speak a text."""
        headers = result_headers(self.synthesis)
        media_type = FORMATS[self.synthesis.audio_format].media_type
        if self.audio is not None and not self.as_events:
            return HttpResponse(self.audio, content_type=media_type, headers=headers)
        stream = await begun(self.synthesis)
        if self.as_events:
            stream, media_type = _events(stream, self.synthesis), "text/event-stream"
        return StreamingHttpResponse(stream, content_type=media_type, headers=headers)


async def begun(synthesis: Synthesis) -> AsyncIterator[bytes]:
    """The audio as it is made; what fails before the first byte is raised here and gets a status of its own."""
    pieces = listen.answer(synthesis)
    first = await anext(pieces, b"")
    return _continue(first, pieces)


def result_headers(synthesis: Synthesis) -> dict[str, str]:
    headers = {"x-billed-characters": str(synthesis.billable()), "x-cache": "hit" if synthesis.cache_hit else "miss"}
    if synthesis.audio_ms is not None:
        headers["x-audio-duration-ms"] = str(synthesis.audio_ms)
    return headers


async def _continue(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(pieces):  # type: ignore[type-var]
        yield first
        async for piece in pieces:
            yield piece


async def _events(stream: AsyncIterator[bytes], synthesis: Synthesis) -> AsyncIterator[bytes]:
    """OpenAI's events. Its usage counts tokens; ours tells characters, there and by their own name."""
    async with aclosing(stream):  # type: ignore[type-var]
        try:
            async for piece in stream:
                yield _event(type="speech.audio.delta", audio=base64.b64encode(piece).decode())
        except Exception as error:
            yield _event(**problem_of(error).as_openai(), type="error")
            return
    characters = synthesis.billable()
    usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters, "characters": characters}
    yield _event(type="speech.audio.done", usage=usage)


def _event(**members: Any) -> bytes:
    return f"data: {json.dumps(members)}\n\n".encode()
