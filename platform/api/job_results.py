"""`/v1/jobs/{id}/download`: what a job has made, as files; and any recordings of the history as one archive."""

import json
from collections.abc import Callable, Generator
from dataclasses import asdict
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from api.door import Door, StrictSerializer, caller_of
from tts_engine.errors import AudioNotReady, SynthesisNotFound
from tts_engine.jobs import selectors
from tts_engine.jobs.models import Job
from tts_engine.jobs.results import archive, joining, lists
from tts_engine.jobs.results.layout import Silence, chapters
from tts_engine.manuscripts.file_names import safe
from tts_engine.models import Status, Synthesis
from tts_engine.selectors import history
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.streaming import streamed
from tts_engine.zipped import zipped

ZIP, CSV, JSON = "application/zip", "text/csv; charset=utf-8", "application/json"


class DownloadQuery(StrictSerializer):
    format = serializers.ChoiceField(choices=list(FORMATS), required=False, help_text="of the joined recording")
    silence_ms = serializers.IntegerField(min_value=0, max_value=10_000, default=400, help_text="between two rows")
    chapter_silence_ms = serializers.IntegerField(min_value=0, max_value=10_000, default=1500)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `as` is a word of Python's own, so it cannot be an attribute above.
        kind = serializers.ChoiceField(choices=list(RESULTS), default="zip")
        return {"as": kind, **super().get_fields()}

    def silence(self) -> Silence:
        return Silence(self.validated_data["silence_ms"], self.validated_data["chapter_silence_ms"])


class JobDownloadDoor(Door):
    scope = "history"

    @extend_schema(
        operation_id="download_job",
        parameters=[DownloadQuery],
        responses={(200, "application/zip"): OpenApiTypes.BINARY, (200, "audio/mpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: UUID) -> StreamingHttpResponse:
        """Sent while it is made: all rows as a zip, joined into one recording, its chapters, or the failed rows."""
        query = DownloadQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        job = selectors.job_get(tenant_id=caller_of(request).tenant_id, job_id=job_id)
        return RESULTS[query.validated_data["as"]](job, query)


def _zip(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    archive.require_spoken(job)
    return _sent(archive.archive_bytes(job), ZIP, f"{_stem(job)}.zip")


def _joined(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    described = FORMATS[query.validated_data.get("format", job.order["audio_format"])]
    found = joining.recording(job, described, query.silence())
    pieces = joining.joined_bytes(job, described, query.silence(), found)
    response = _sent(pieces, described.media_type, f"{_stem(job)}{described.extension}")
    response.headers["x-audio-duration-ms"] = str(found.length_ms)
    response.headers["x-missing-rows"] = str(found.missing)
    return response


def _chapters(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    listed = [asdict(chapter) for chapter in chapters(job, query.silence())]
    content = json.dumps({"chapters": listed}, ensure_ascii=False).encode()
    return _sent((piece for piece in [content]), JSON, f"{_stem(job)}.chapters.json")


def _failed(job: Job, query: DownloadQuery) -> StreamingHttpResponse:
    return _sent(lists.failed_rows(job), CSV, f"{_stem(job)}.failed.csv")


Result = Callable[[Job, DownloadQuery], StreamingHttpResponse]
RESULTS: dict[str, Result] = {"zip": _zip, "joined": _joined, "chapters": _chapters, "failed": _failed}


class HistoryDownloadRequest(StrictSerializer):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=settings.HISTORY_DOWNLOAD_MOST)


class HistoryDownloadDoor(Door):
    scope = "history"

    @extend_schema(
        operation_id="download_history",
        request=HistoryDownloadRequest,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """The audio of these syntheses as a zip, each as it was answered."""
        body = HistoryDownloadRequest(data=request.data)
        body.is_valid(raise_exception=True)
        chosen = _own(request, list(dict.fromkeys(body.validated_data["ids"])))
        entries = (archive.entry_of(each, _name(each)) for each in chosen)
        return _sent(zipped(entries), ZIP, "voxhouse.zip")


def _own(request: Request, ids: list[UUID]) -> list[Synthesis]:
    """All of them, in their order. Raises SynthesisNotFound, AudioNotReady."""
    found = {row.id: row for row in history(tenant_id=caller_of(request).tenant_id).filter(id__in=ids)}
    for id_ in ids:
        if id_ not in found:
            raise SynthesisNotFound(f"There is no synthesis {id_} in your history; GET /v1/history lists them.")
        if found[id_].status != Status.DONE:
            raise AudioNotReady(f"The synthesis {id_} is {found[id_].status}; it has no audio to download.")
    return [found[id_] for id_ in ids]


def _name(synthesis: Synthesis) -> str:
    moment = f"{synthesis.created_at:%Y%m%d-%H%M%S}"
    return f"{moment} {safe(synthesis.voice)} {str(synthesis.id)[:8]}{FORMATS[synthesis.audio_format].extension}"


def _sent(pieces: Generator[bytes, None, None], media_type: str, name: str) -> StreamingHttpResponse:
    """An attachment whose length nobody knows yet; its name for old browsers and for others (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "private",
    }
    return StreamingHttpResponse(streamed(pieces), headers=headers)


def _stem(job: Job) -> str:
    return safe(job.name.rsplit(".", 1)[0]) or f"job-{str(job.id)[:8]}"
