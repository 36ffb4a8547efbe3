"""`/v1/jobs/{id}/download`: what a job has made, as files; and any recordings of the history as one archive."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from api.door import Door, StrictSerializer, caller_of
from api.downloads import attachment, streamed_response
from api.schema import audio
from tts_engine.jobs import selectors
from tts_engine.jobs.models import Job
from tts_engine.jobs.results import archive, joining, lists, subtitling
from tts_engine.jobs.results.layout import Silence, chapters
from tts_engine.manuscripts.file_names import safe
from tts_engine.selectors import spoken_syntheses
from tts_engine.speech.audio.formats import FORMATS, Format
from tts_engine.speech.audio.subtitles import SUBTITLES, Level

ZIP, CSV, JSON = "application/zip", "text/csv; charset=utf-8", "application/json"


class DownloadQuery(StrictSerializer):
    format = serializers.ChoiceField(choices=list(FORMATS), required=False, help_text="of the joined recording")
    silence_ms = serializers.IntegerField(min_value=0, max_value=10_000, default=400, help_text="between two rows")
    chapter_silence_ms = serializers.IntegerField(min_value=0, max_value=10_000, default=1500)
    subtitles = serializers.ChoiceField(choices=list(SUBTITLES), default="srt", help_text="of the joined recording")
    level = serializers.ChoiceField(choices=[level.value for level in Level], default=Level.SENTENCE.value)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `as` is a word of Python's own, so it cannot be an attribute above.
        kind = serializers.ChoiceField(choices=list(RESULTS), default="zip")
        return {"as": kind, **super().get_fields()}

    def audio_format(self, job: Job) -> Format:
        """That of the joined recording."""
        return FORMATS[self.validated_data.get("format", job.order["audio_format"])]

    def silence(self) -> Silence:
        return Silence(self.validated_data["silence_ms"], self.validated_data["chapter_silence_ms"])


class JobDownloadDoor(Door):
    scope = "history"
    refusals = (409,)

    @extend_schema(
        operation_id="download_job",
        parameters=[DownloadQuery],
        responses={
            **audio(200),
            **{(200, described.media_type): OpenApiTypes.STR for described in SUBTITLES.values()},
            **{(200, kind): OpenApiTypes.BINARY for kind in (ZIP, "text/csv", JSON)},
        },
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """Sent while it is made: all rows as a zip or as one recording, its subtitles or chapters, the failed rows."""
        query = DownloadQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        job = selectors.job_get(tenant_id=caller_of(request).tenant_id, job_id=job_id)
        return RESULTS[query.validated_data["as"]](job, query)


def _zip(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    archive.require_spoken(job)
    return streamed_response(archive.archive_bytes(job), media_type=ZIP, name=f"{_stem(job)}.zip")


def _joined(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    described = query.audio_format(job)
    found = joining.recording(job, described, query.silence())
    pieces = joining.joined_bytes(job, described, query.silence(), found)
    response = streamed_response(pieces, media_type=described.media_type, name=f"{_stem(job)}{described.extension}")
    response.headers["x-audio-duration-ms"] = str(found.length_ms)
    response.headers["x-missing-rows"] = str(found.missing)
    return response


def _subtitles(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    described, silence, asked = query.audio_format(job), query.silence(), query.validated_data
    found = joining.recording(job, described, silence)
    named = len(subtitling.speakers(job, silence)) > 1
    level, kind = Level(asked["level"]), SUBTITLES[asked["subtitles"]]
    pieces = subtitling.subtitles_bytes(job, kind.name, described, silence, found, level=level, named=named)
    return streamed_response(pieces, media_type=f"{kind.media_type}; charset=utf-8", name=f"{_stem(job)}.{kind.name}")


def _chapters(job: Job, query: DownloadQuery) -> HttpResponse:
    listed = [asdict(chapter) for chapter in chapters(job, query.silence())]
    content = json.dumps({"chapters": listed}, ensure_ascii=False)
    return HttpResponse(content, content_type=JSON, headers=attachment(f"{_stem(job)}.chapters.json"))


def _failed(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    return streamed_response(lists.failed_rows(job), media_type=CSV, name=f"{_stem(job)}.failed.csv")


Result = Callable[[Job, DownloadQuery], HttpResponseBase]
RESULTS: dict[str, Result] = {
    "zip": _zip,
    "joined": _joined,
    "subtitles": _subtitles,
    "chapters": _chapters,
    "failed": _failed,
}


class HistoryDownloadRequest(StrictSerializer):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=settings.HISTORY_DOWNLOAD_MOST)


class HistoryDownloadDoor(Door):
    scope = "history"
    refusals = (404, 409)

    @extend_schema(
        operation_id="download_history",
        request=HistoryDownloadRequest,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """The audio of these syntheses as a zip, each as it was answered."""
        body = HistoryDownloadRequest(data=request.data)
        body.is_valid(raise_exception=True)
        ids = list(dict.fromkeys(body.validated_data["ids"]))
        chosen = spoken_syntheses(tenant_id=caller_of(request).tenant_id, ids=ids)
        return streamed_response(archive.recordings_bytes(chosen), media_type=ZIP, name="voxhouse.zip")


def _stem(job: Job) -> str:
    return safe(job.name) or f"job-{str(job.id)[:8]}"
