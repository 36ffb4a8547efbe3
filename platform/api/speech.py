"""`POST /v1/audio/speech`: OpenAI's contract, with members of ours."""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar, TypeVar

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from accounts.errors import VisitReadsOnly
from api.catalog import require_model
from api.door import Door, NumberField, StrictSerializer, TextField, asked_of, caller_of, terms_of
from api.errors import problem_of
from api.group import Group, groups
from api.idempotency import REPLAYED, idempotency_of
from api.patience import patience_of
from api.schema import audio
from api.throttles import characters_quota
from billing import selectors as billing
from tts_engine import listen, telling
from tts_engine.models import InputType, Labelling, Synthesis
from tts_engine.repeats import Asking
from tts_engine.scripts import Written
from tts_engine.services import Order, counted_of, synthesis_asking
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.subtitles import Level, as_json
from tts_engine.speech.timeline import Timeline
from tts_engine.speech.voice import EMOTIONS, NEUTRAL
from tts_engine.subtitles import timed

# OpenAI streams events for its newer models only.
MODELS_WITHOUT_EVENTS = frozenset({"tts-1", "tts-1-hd"})
NO_TIMES = "none"

Heard = TypeVar("Heard", bound=bytes | Timeline)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        ]
    }
)
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


class CastField(serializers.DictField):
    """Names that a text uses, each to a voice of the catalog."""

    child = VoiceField()

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, dict) and len(data) > settings.CAST_MOST:
            raise ValidationError(f"Ensure this has no more than {settings.CAST_MOST} names.", "max_length")
        cast: dict[str, str] = super().to_internal_value(data)
        return cast


class ScriptRequest(StrictSerializer):
    """A text that is spoken, and how it is written."""

    input = TextField(max_length=settings.MARKUP_MAX_CHARACTERS)
    input_type = serializers.ChoiceField(choices=["text", "ssml"], default="text")
    allow_voice_tags = serializers.BooleanField(default=False, help_text="[pause:1.5s] and the like in a text")
    voice_aliases = CastField(required=False, help_text="names of voices in the input to voices")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        written = written_of(attrs)
        characters = len(attrs["input"]) if written.input_type == InputType.TEXT else counted_of(written).characters
        if characters > settings.SPEECH_MAX_CHARACTERS:
            message = f"Ensure this field has no more than {settings.SPEECH_MAX_CHARACTERS} characters."
            raise ValidationError({"input": ErrorDetail(message, "max_length")})
        return attrs


def input_type_of(asked: Mapping[str, Any]) -> InputType:
    """How texts are written. Raises ValidationError where the members that say so contradict each other."""
    if asked["input_type"] == "ssml" and asked["allow_voice_tags"]:
        message = "Voice tags are for plain text; SSML has elements for all of them."
        raise ValidationError({"allow_voice_tags": ErrorDetail(message, "unsupported_value")})
    input_type = InputType.TAGS if asked["allow_voice_tags"] else InputType(asked["input_type"])
    if asked.get("voice_aliases") and input_type == InputType.TEXT:
        message = "No voice is named in plain text; send SSML, or set allow_voice_tags."
        raise ValidationError({"voice_aliases": ErrorDetail(message, "unsupported_value")})
    return input_type


def written_of(asked: dict[str, Any]) -> Written:
    return Written(asked["input"], input_type_of(asked), tuple(sorted(asked.get("voice_aliases", {}).items())))


class SpeechRequest(ScriptRequest):
    model = TextField(max_length=100)
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
    timestamps = serializers.ChoiceField(
        choices=[NO_TIMES, *(level.value for level in Level)],
        default=NO_TIMES,
        help_text="as events: with stream_format sse",
    )

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
        if attrs["timestamps"] != NO_TIMES and attrs["stream_format"] != "sse":
            message = "timestamps come as events; ask for stream_format 'sse', or for the subtitles in the history."
            raise ValidationError({"timestamps": ErrorDetail(message, "unsupported_value")})
        return super().validate(attrs)

    @staticmethod
    def order(asked: Mapping[str, Any]) -> Order:
        return Order(
            text=asked["input"],
            input_type=input_type_of(asked),
            voice_aliases=asked.get("voice_aliases"),
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


def refuse_visitors(request: Request) -> None:
    """Raises VisitReadsOnly: the simple door speaks by GET too."""
    principal: Any = request.auth  # DRF's stubs know only its own tokens
    if principal.visiting:
        raise VisitReadsOnly("You are visiting this team, and nothing is spoken for it. Leave it to go on as yourself.")


class SpeakingDoor(Door, ABC):
    """A door whose answer is a synthesis, its own or the one that answered the same Idempotency-Key before.

    `order` reads what is asked for; `get` or `post` awaits the audio of `synthesis`. Whatever it answers
    tells what is left of the period's characters.
    """

    scope = "speech"
    refusals: ClassVar[Sequence[int]] = (404, 409, 410, 422, 500, 503, 504)
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
            await groups.enter(self._admit, self._key())
            response = await handler(self.request)
            self._tell_replay(response)
        except Exception as error:  # DRF's hook tells it, and logs what nobody foresaw
            response = self.handle_exception(error)
        finalized: HttpResponseBase = self.finalize_response(self.request, response, *args, **kwargs)
        return finalized

    def _key(self) -> str | None:
        """With which this was asked before: then it goes with others, for it is soon answered or refused."""
        key: str | None = self.request.headers.get("Authorization")
        if key is None or self.request.method != "POST":
            return None
        return key if groups.has_asked(key, self.request._request.body) else None

    def _admit(self, group: Group) -> Asking[None]:
        """Who calls, what may they, what do they want; then the synthesis is there, and maybe its audio."""
        self.group = group
        self.initial(self.request)
        refuse_visitors(self.request)
        caller, agreed = caller_of(self.request), terms_of(self.request)
        order = replace(self.order(self.request), patience=patience_of(self.request))
        once = idempotency_of(self.request) if self.request.method == "POST" else None
        usage = None
        try:
            self.synthesis = yield from synthesis_asking(
                caller=caller, order=order, synthesis_id=self.request_id, once=once, agreed=agreed
            )
            self._tell()
            self.audio = listen.stored(self.synthesis)
            if self.synthesis.cache_hit and not self.synthesis.billed_characters:  # which left it as it was
                usage = agreed.standing.usage
        finally:  # a refused request is told as well
            characters = characters_quota(usage or billing.usage(caller.tenant_id))
            self.quotas = [*self.quotas, *([characters] if characters else [])]

    def _tell(self) -> None:
        """What the cache answers no worker speaks, so this request's own line tells of the speech."""
        if self.synthesis.cache_hit:
            telling.add(cache="hit", audio_ms=self.synthesis.audio_ms, **telling.of_speech(self.synthesis))

    def _tell_replay(self, response: HttpResponseBase) -> None:
        if self.synthesis.id != self.request_id:
            response.headers[REPLAYED] = "true"
            response.headers["x-request-id"] = str(self.synthesis.id)  # the id in the history


class SpeechDoor(SpeakingDoor):
    speaks_openai = True

    def order(self, request: Request) -> Order:
        asked = asked_of(request, SpeechRequest)
        require_model(asked["model"])
        self.as_events = asked["stream_format"] == "sse"
        self.level = None if asked["timestamps"] == NO_TIMES else Level(asked["timestamps"])
        return SpeechRequest.order(asked)

    @extend_schema(
        operation_id="create_speech",
        request=SpeechRequest,
        responses={
            **audio(200),  # as it is made
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, description="With stream_format `sse`."),
        },
    )
    async def post(self, request: Request) -> HttpResponseBase:
        """Speak a text."""
        headers = result_headers(self.synthesis)
        media_type = FORMATS[self.synthesis.audio_format].media_type
        if self.audio is not None and not self.as_events:
            return HttpResponse(self.audio, content_type=media_type, headers=headers)
        heard = listen.timed_answer(self.synthesis) if self.level else listen.answer(self.synthesis)
        stream = await begun(heard)
        if self.as_events:
            events = _events(stream, self.synthesis, self.level)
            return StreamingHttpResponse(events, content_type="text/event-stream", headers=headers)
        return StreamingHttpResponse(stream, content_type=media_type, headers=headers)


async def begun(heard: AsyncIterator[Heard]) -> AsyncIterator[Heard]:
    """What is heard, as it is made; what fails before the first of it is raised here and gets a status of its own."""
    first = await anext(heard, None)
    return _continue(first, heard)


def result_headers(synthesis: Synthesis) -> dict[str, str]:
    headers = {"x-billed-characters": str(synthesis.billable()), "x-cache": "hit" if synthesis.cache_hit else "miss"}
    if synthesis.audio_ms is not None:
        headers["x-audio-duration-ms"] = str(synthesis.audio_ms)
    return headers


async def _continue(first: Heard | None, heard: AsyncIterator[Heard]) -> AsyncIterator[Heard]:
    async with aclosing(heard):  # type: ignore[type-var]
        if first is not None:
            yield first
        async for each in heard:
            yield each


async def _events(
    stream: AsyncIterator[bytes | Timeline], synthesis: Synthesis, level: Level | None
) -> AsyncIterator[bytes]:
    """OpenAI's events, and one of ours for each sentence. OpenAI's usage counts tokens; ours tells characters too."""
    sentences = count()
    async with aclosing(stream):  # type: ignore[type-var]
        try:
            async for heard in stream:
                if isinstance(heard, bytes):
                    yield _event(type="speech.audio.delta", audio=base64.b64encode(heard).decode())
                elif level:
                    for sentence in timed(synthesis, heard):
                        yield _event(type="speech.audio.sentence", index=next(sentences), **as_json(sentence, level))
        except Exception as error:
            yield _event(**problem_of(error).as_openai(), type="error")
            return
    characters = synthesis.billable()
    usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters, "characters": characters}
    yield _event(type="speech.audio.done", usage=usage)


def _event(**members: Any) -> bytes:
    return f"data: {json.dumps(members)}\n\n".encode()
