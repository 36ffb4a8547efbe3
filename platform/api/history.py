"""`/v1/history`: what a tenant had spoken, to list, look at, download and delete."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, caller_of
from api.downloads import attachment, file_response
from api.pages import NewestFirst
from api.schema import audio
from tts_engine import store
from tts_engine.models import Labelling, Status, Synthesis
from tts_engine.scripts import spoken_text
from tts_engine.selectors import HistoryFilter, history, require_spoken, synthesis_get
from tts_engine.services import synthesis_delete
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.subtitles import SUBTITLES, Level
from tts_engine.speech.voice import EMOTIONS
from tts_engine.subtitles import subtitles
from tts_engine.waits import Wait, wait_of_row


class HistoryQuery(serializers.Serializer[Any]):
    voice = serializers.CharField(required=False)
    key = serializers.UUIDField(required=False)
    job = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=Status.values, required=False)
    label = serializers.ChoiceField(  # type: ignore[assignment]  # DRF takes it from the class, as all fields
        choices=Labelling.values, required=False
    )
    emotion = serializers.ChoiceField(choices=EMOTIONS, required=False)
    member = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    cached = serializers.BooleanField(required=False, allow_null=True, default=None)
    text = serializers.CharField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    cursor = serializers.CharField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python's own, so it cannot be an attribute above.
        moments = {name: serializers.DateTimeField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **moments}

    def narrow(self) -> HistoryFilter:
        asked = self.validated_data
        return HistoryFilter(
            voice=asked.get("voice"),
            key=asked.get("key"),
            job=asked.get("job"),
            status=asked.get("status"),
            label=asked.get("label"),
            emotion=asked.get("emotion"),
            member=asked.get("member"),
            cached=asked["cached"],
            since=asked.get("from"),
            until=asked.get("to"),
            text=asked.get("text"),
        )


class HistoryItem(serializers.ModelSerializer[Synthesis]):
    spoken_text = serializers.SerializerMethodField(help_text="the text without tags and pronunciation marks")
    characters = serializers.IntegerField(help_text="billable characters of the text")

    class Meta:
        model = Synthesis
        fields: ClassVar = [
            "id", "created_at", "status", "text", "input_type", "voice_aliases", "spoken_text", "model", "voice",
            "emotion", "emotion_intensity", "speed", "pitch", "volume", "sample_rate", "audio_format", "loudness",
            "leading_silence_ms", "trailing_silence_ms", "label", "characters", "billed_characters", "audio_ms",
            "queue_ms", "first_byte_ms", "synthesis_ms", "cache_hit", "error_code", "error_message", "api_key", "job",
        ]  # fmt: skip

    def get_spoken_text(self, synthesis: Synthesis) -> str:
        return spoken_text(synthesis)


class SynthesisItem(HistoryItem):
    """One synthesis, and while it waits where it stands. The context's `wait` is None once its turn has come."""

    queue_position = serializers.SerializerMethodField(help_text="requests that wait and go first")
    estimated_start = serializers.SerializerMethodField(help_text="when its turn comes, at the workers' present pace")

    class Meta(HistoryItem.Meta):
        fields: ClassVar = [*HistoryItem.Meta.fields, "queue_position", "estimated_start"]

    def get_queue_position(self, synthesis: Synthesis) -> int | None:
        wait: Wait | None = self.context["wait"]
        return wait.position if wait else None

    def get_estimated_start(self, synthesis: Synthesis) -> datetime | None:
        wait: Wait | None = self.context["wait"]
        return wait.start if wait else None


class HistoryDoor(Door):
    scope = "history"

    @extend_schema(operation_id="list_history", parameters=[HistoryQuery], responses=HistoryItem(many=True))
    def get(self, request: Request) -> Response:
        """The newest first, a page at a time; `next` goes into `cursor` of the following call."""
        query = HistoryQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = history(tenant_id=caller_of(request).tenant_id, narrow=query.narrow())
        return NewestFirst().answer(rows, request, HistoryItem)


class SynthesisDoor(Door):
    scope = "history"

    @extend_schema(operation_id="get_synthesis", responses=SynthesisItem)
    def get(self, request: Request, synthesis_id: UUID) -> Response:
        """One synthesis; while it waits also its place in the queue, and in headers of the same meaning."""
        synthesis = _own(request, synthesis_id)
        wait = wait_of_row(synthesis)
        headers = {"x-queue-position": str(wait.position)} if wait else {}
        if wait and wait.start:
            headers["x-estimated-start"] = wait.start.isoformat(timespec="milliseconds")
        return Response(SynthesisItem(synthesis, context={"wait": wait}).data, headers=headers)

    @extend_schema(operation_id="delete_synthesis", responses={204: None})
    def delete(self, request: Request, synthesis_id: UUID) -> Response:
        """Delete its text and audio for good; what was counted and billed stays."""
        synthesis_delete(_own(request, synthesis_id))
        return Response(status=204)


class AudioQuery(StrictSerializer):
    format = serializers.ChoiceField(choices=list(FORMATS), required=False)


class AudioDoor(Door):
    scope = "history"
    refusals = (409, 416)

    @extend_schema(
        operation_id="download_audio",
        parameters=[AudioQuery],
        responses=audio(200, 206),
    )
    def get(self, request: Request, synthesis_id: UUID) -> HttpResponseBase:
        """The audio as it was sent, or in another `format`; with byte ranges."""
        query = AudioQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        synthesis = _own(request, synthesis_id)
        require_spoken(synthesis)
        audio_format = query.validated_data.get("format", synthesis.audio_format)
        described = FORMATS[audio_format]
        return file_response(
            store.file_in(synthesis, audio_format),
            request,
            media_type=described.media_type,
            name=f"speech{described.extension}",
            etag=f"{synthesis.id}-{audio_format}",
        )


class SubtitlesQuery(StrictSerializer):
    level = serializers.ChoiceField(choices=[level.value for level in Level], default=Level.SENTENCE.value)
    format = serializers.ChoiceField(
        choices=list(FORMATS), required=False, help_text="of the audio they are shown with"
    )


class SubtitlesDoor(Door):
    scope = "history"
    refusals = (409,)

    @extend_schema(
        operation_id="download_subtitles",
        parameters=[
            SubtitlesQuery,
            OpenApiParameter("subtitle_format", str, OpenApiParameter.PATH, enum=list(SUBTITLES)),
        ],
        responses={(200, described.media_type): OpenApiTypes.STR for described in SUBTITLES.values()},
    )
    def get(self, request: Request, synthesis_id: UUID, subtitle_format: str) -> HttpResponseBase:
        """When each sentence or character is heard, as `srt`, `vtt`, `lrc` or `json`."""
        query = SubtitlesQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        if subtitle_format not in SUBTITLES:
            raise NotFound(f"There are no subtitles as '{subtitle_format}'; there are {', '.join(SUBTITLES)}.")
        asked = query.validated_data
        written = subtitles(
            _own(request, synthesis_id), subtitle_format, level=Level(asked["level"]), audio_format=asked.get("format")
        )
        media_type = f"{SUBTITLES[subtitle_format].media_type}; charset=utf-8"
        return HttpResponse("".join(written), content_type=media_type, headers=attachment(f"speech.{subtitle_format}"))


def _own(request: Request, synthesis_id: UUID) -> Synthesis:
    return synthesis_get(tenant_id=caller_of(request).tenant_id, synthesis_id=synthesis_id)
