"""`/v1/jobs/files`: a job from a file, TXT, Markdown, EPUB, CSV or XLSX."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.catalog import require_model
from api.door import Door, StrictSerializer, TextField
from api.idempotency import idempotency_of
from api.jobs import JobMakingDoor, JobRequest, OneJobShape, ssml_is_not_cut
from api.speech import input_type_of
from tts_engine.jobs import uploads
from tts_engine.jobs.models import LONGEST_NAME, JobKind
from tts_engine.models import InputType


@extend_schema_field(OpenApiTypes.STR)
class JobMembersField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """A part of the form that holds one JSON object."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            members = json.loads(data)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError("Must be a JSON object.", "invalid") from error
        if not isinstance(members, dict):
            raise ValidationError("Must be a JSON object.", "invalid")
        return members

    def to_representation(self, value: dict[str, Any]) -> Any:
        return value


class FileRequest(StrictSerializer):
    """The form: a file, and what `POST /v1/jobs` has beside its texts."""

    file = serializers.FileField(allow_empty_file=True, max_length=255)


class JobFileRequest(FileRequest):
    job = JobMembersField(help_text="JSON: model, voice, template and the other members of a job but its texts")


class JobOfFileRequest(JobRequest):
    """The members of a job whose texts are in a file."""

    template = TextField(
        default="",
        allow_blank=True,
        max_length=settings.MARKUP_MAX_CHARACTERS,
        help_text="of a table: 尊敬的{name}，…; empty is the column `text`",
    )
    input = None  # type: ignore[assignment]
    items = None  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        most = settings.SPEECH_MAX_CHARACTERS
        if input_type_of(attrs) == InputType.TEXT and len(attrs["template"]) > most:
            message = f"Ensure this field has no more than {most} characters."
            raise ValidationError({"template": ErrorDetail(message, "max_length")})
        return attrs


class JobFilesDoor(JobMakingDoor):
    parser_classes = (MultiPartParser,)

    @extend_schema(operation_id="create_job_of_file", request=JobFileRequest, responses={201: OneJobShape})
    def post(self, request: Request) -> Response:
        """A draft, as `POST /v1/jobs` makes one: a book's parts, or a row of a table each."""
        form = JobFileRequest(data=request.data)
        form.is_valid(raise_exception=True)
        body = JobOfFileRequest(data=form.validated_data["job"])
        body.is_valid(raise_exception=True)
        asked, file = body.validated_data, form.validated_data["file"]
        require_model(asked["model"])
        once = idempotency_of(request, [form.validated_data["job"], file.name, _digest(file.chunks())])
        order = JobRequest.order(asked)
        kind, rows = uploads.rows_of_file(file, file.name, template=asked["template"], order=order)
        if kind == JobKind.TEXT and order.input_type == InputType.SSML:
            raise ssml_is_not_cut()
        name = asked["name"] or PurePath(file.name).stem[:LONGEST_NAME]
        return self.made(request, asked, name=name, kind=kind, rows=rows, once=once)


class JobFilesPreviewDoor(Door):
    scope = "speech"
    parser_classes = (MultiPartParser,)

    @extend_schema(operation_id="preview_job_file", request=FileRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """What is in a file: columns and first rows of a table, chapters of a text. Keeps and bills nothing."""
        form = FileRequest(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        return Response(asdict(uploads.glimpse(file, file.name)))


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
