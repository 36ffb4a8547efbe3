"""`/v1/jobs`: long texts and tables of texts, spoken when there is room."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.catalog import require_model
from api.door import Door, StrictSerializer, TextField, caller_of
from api.idempotency import REPLAYED, idempotency_of
from api.pages import NewestFirst, Pages
from api.speech import SpeechRequest, input_type_of
from billing import selectors as billing
from billing.errors import NoPriceBook
from billing.savings.estimate import estimate
from tts_engine.delivery import selectors as delivery
from tts_engine.delivery.models import Destination
from tts_engine.idempotency import Idempotency
from tts_engine.jobs import drafts, selectors, services
from tts_engine.jobs.drafts import Row
from tts_engine.jobs.models import Job, JobItem, JobKind, JobStatus
from tts_engine.models import InputType, Status
from tts_engine.services import Order

PREVIEWED = 5  # rows

ROW_MEMBERS = ("text", "voice", "emotion", "file_name")


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ROW_MEMBERS},
            "required": ["text"],
        },
    }
)
class RowsField(serializers.Field[list[Row], Any, Any, Any]):
    """A table of up to 100,000 objects; a serializer for each would take a minute."""

    def to_internal_value(self, data: Any) -> list[Row]:
        if not isinstance(data, list) or not data:
            raise ValidationError("Must be a list of at least one object.", "not_a_list")
        return [self._row(number, given) for number, given in enumerate(data)]

    def _row(self, number: int, given: Any) -> Row:
        if not isinstance(given, dict) or not isinstance(given.get("text"), str):
            raise ValidationError({f"{number}.text": [ErrorDetail("Each row is an object with a text.", "required")]})
        for name, value in given.items():
            if name not in ROW_MEMBERS:
                message = f"Unknown member of a row: '{name}'. Known are: {', '.join(ROW_MEMBERS)}."
                raise ValidationError({f"{number}.{name}": [ErrorDetail(message, "unknown_parameter")]})
            if not isinstance(value, str):
                raise ValidationError({f"{number}.{name}": [ErrorDetail("Must be a string.", "invalid")]})
        return Row(**given)

    def to_representation(self, value: Any) -> Any:
        return value


class JobRequest(SpeechRequest):
    """As a request for speech, with one long text or many rows for its text."""

    input = TextField(required=False, max_length=settings.JOB_MAX_CHARACTERS, help_text="one long text")
    items = RowsField(required=False, help_text="or rows; what a row leaves out is the job's")
    name = TextField(default="", allow_blank=True, max_length=200)
    start = serializers.BooleanField(default=False, help_text="at once, without a look at the draft")
    destination = serializers.UUIDField(
        required=False, allow_null=True, help_text="where results are put; the team's default without, null is nowhere"
    )
    instructions = None  # type: ignore[assignment]
    stream_format = None  # type: ignore[assignment]
    timestamps = None  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("input" in attrs) == ("items" in attrs):
            message = "Give either 'input', one long text, or 'items', a table of texts."
            raise ValidationError({"input": ErrorDetail(message, "invalid_value")})
        if input_type_of(attrs) == InputType.SSML and "input" in attrs:
            raise ssml_is_not_cut()
        return attrs

    @staticmethod
    def order(asked: Mapping[str, Any]) -> Order:
        return SpeechRequest.order({**asked, "input": ""})


def ssml_is_not_cut() -> ValidationError:
    message = "A long text is cut into parts, and SSML cannot be: send a table whose rows are SSML, or use voice tags."
    return ValidationError({"input_type": ErrorDetail(message, "unsupported_value")})


class JobItemShape(serializers.ModelSerializer[JobItem]):
    """One text of a job, with the id that it has in the history once the job was started."""

    status = serializers.ChoiceField(choices=Status.values, source="synthesis.status", default=None, read_only=True)
    billed_characters = serializers.IntegerField(source="synthesis.billed_characters", default=None, read_only=True)
    audio_ms = serializers.IntegerField(source="synthesis.audio_ms", default=None, read_only=True)
    error_code = serializers.CharField(source="synthesis.error_code", default="", read_only=True)
    error_message = serializers.CharField(source="synthesis.error_message", default="", read_only=True)

    class Meta:
        model = JobItem
        fields: ClassVar = [
            "number", "text", "chapter", "voice", "emotion", "file_name", "characters", "synthesis", "status",
            "billed_characters", "audio_ms", "error_code", "error_message",
        ]  # fmt: skip


class JobShape(serializers.ModelSerializer[Job]):
    object = serializers.CharField(read_only=True, default="job")

    class Meta:
        model = Job
        fields: ClassVar = [
            "object", "id", "name", "kind", "status", "rows", "characters", "created_at", "started_at", "finished_at",
            "destination", "delivered_at",
        ]  # fmt: skip


class OneJobShape(JobShape):
    """A draft with what its start would take; any other with how far it has come."""

    preview = serializers.SerializerMethodField()
    quota = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    class Meta(JobShape.Meta):
        fields: ClassVar = [*JobShape.Meta.fields, "preview", "quota", "cost", "progress"]

    @extend_schema_field(JobItemShape(many=True, allow_null=True))
    def get_preview(self, job: Job) -> Any:
        """The first rows of a draft."""
        if job.status != JobStatus.DRAFT:
            return None
        return JobItemShape(selectors.items(job)[:PREVIEWED], many=True).data

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_quota(self, job: Job) -> dict[str, Any] | None:
        """Whether a draft's characters are left in this period; None of the numbers where there is no limit."""
        if job.status != JobStatus.DRAFT:
            return None
        usage = billing.usage(job.tenant_id)
        fits = usage.remaining is None or job.characters <= usage.remaining or billing.limits(job.tenant_id).overage
        return {"limit": usage.limit, "remaining": usage.remaining, "resets_at": usage.resets_at, "fits": fits}

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_cost(self, job: Job) -> dict[str, Any] | None:
        """What a draft would cost here and at vendors, in millionths of a yuan; None without a price book."""
        if job.status != JobStatus.DRAFT:
            return None
        try:
            found = estimate(job.tenant_id, job.facts)
        except NoPriceBook:
            return None
        offers = {"default": found.default, "cheapest": found.cheapest, "dearest": found.dearest}
        told = {name: {"offer": offer, "cost": cost} for name, (offer, cost) in offers.items()}
        return {"currency": "CNY", "own_cost": found.own_cost, **told}

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_progress(self, job: Job) -> dict[str, Any] | None:
        """Rows by status, billable characters, and when it will be done at the present pace."""
        if job.status == JobStatus.DRAFT:
            return None
        progress = selectors.progress(job)
        return {**asdict(progress), "expected_at": progress.expected_at}


class JobMakingDoor(Door):
    """A door that makes jobs: of the texts in its request, or of a file."""

    scope = "speech"
    refusals = (404, 409, 410, 422)

    def made(
        self,
        request: Request,
        asked: dict[str, Any],
        *,
        name: str,
        kind: JobKind,
        rows: Iterable[Row],
        once: Idempotency | None,
    ) -> Response:
        """A draft of the rows, started if that is asked for; or what the same request made before."""
        job = drafts.job_create(
            caller=caller_of(request),
            job_id=self.request_id,
            name=name,
            kind=kind,
            order=JobRequest.order(asked),
            rows=rows,
            destination=_destination(request, asked),
            once=once,
        )
        replayed = job.id != self.request_id
        if asked["start"] and job.status == JobStatus.DRAFT:
            job = services.job_start(job)
        return Response(OneJobShape(job).data, status=201, headers={REPLAYED: "true"} if replayed else {})


class JobsDoor(JobMakingDoor):
    @extend_schema(operation_id="list_jobs", responses=JobShape(many=True))
    def get(self, request: Request) -> Response:
        """The newest first, a page at a time; `next` goes into `cursor` of the following call."""
        return NewestFirst().answer(selectors.jobs(tenant_id=caller_of(request).tenant_id), request, JobShape)

    @extend_schema(operation_id="create_job", request=JobRequest, responses={201: OneJobShape})
    def post(self, request: Request) -> Response:
        """A draft: how the first rows look, what all of them will bill. Nothing is billed before its start."""
        body = JobRequest(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        require_model(asked["model"])
        is_text = "input" in asked
        return self.made(
            request,
            asked,
            name=asked["name"],
            kind=JobKind.TEXT if is_text else JobKind.TABLE,
            rows=drafts.rows_of_text([("", asked["input"])], input_type_of(asked)) if is_text else asked["items"],
            once=idempotency_of(request),
        )


class JobDoor(Door):
    scope = "speech"

    @extend_schema(operation_id="get_job", responses=OneJobShape)
    def get(self, request: Request, job_id: UUID) -> Response:
        """A draft's preview and cost, or how far a job has come."""
        return Response(OneJobShape(_own(request, job_id)).data)

    @extend_schema(operation_id="delete_job", responses={204: None})
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Cancel it if it runs, and delete its texts and audio for good; what was counted and billed stays."""
        services.job_delete(_own(request, job_id))
        return Response(status=204)


class ItemsQuery(StrictSerializer):
    status = serializers.ChoiceField(choices=Status.values, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    cursor = serializers.CharField(required=False)


class ItemPages(Pages):
    ordering = ("number",)
    page_size = 100
    max_page_size = 1000


class ItemsDoor(Door):
    scope = "speech"

    @extend_schema(operation_id="list_job_items", parameters=[ItemsQuery], responses=JobItemShape(many=True))
    def get(self, request: Request, job_id: UUID) -> Response:
        """Its rows in their order, or those of one status; a page at a time."""
        query = ItemsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = selectors.items(_own(request, job_id), status=query.validated_data.get("status"))
        return ItemPages().answer(rows, request, JobItemShape)


class ActionDoor(Door, ABC):
    """What may be done with a job."""

    scope = "speech"
    refusals = (409,)

    @abstractmethod
    def act(self, job: Job) -> Job: ...

    def post(self, request: Request, job_id: UUID) -> Response:
        return Response(OneJobShape(self.act(_own(request, job_id))).data)


def _described(operation_id: str, description: str) -> Any:
    post = extend_schema(operation_id=operation_id, description=description, request=None, responses=OneJobShape)
    return extend_schema_view(post=post)


@_described("start_job", "Reserve the whole and queue every row, or nothing.")
class StartDoor(ActionDoor):
    def act(self, job: Job) -> Job:
        return services.job_start(job)


@_described("pause_job", "Begin nothing new of it; what is being spoken is spoken to its end.")
class PauseDoor(ActionDoor):
    def act(self, job: Job) -> Job:
        return services.job_pause(job)


@_described("resume_job", "Go on with a paused job.")
class ResumeDoor(ActionDoor):
    def act(self, job: Job) -> Job:
        return services.job_resume(job)


@_described("cancel_job", "Give back what has not begun; what is being spoken is spoken to its end, and billed.")
class CancelDoor(ActionDoor):
    def act(self, job: Job) -> Job:
        return services.job_cancel(job)


@_described("retry_job", "Reserve and queue the failed rows anew.")
class RetryDoor(ActionDoor):
    def act(self, job: Job) -> Job:
        return services.job_retry(job)


def _destination(request: Request, asked: dict[str, Any]) -> Destination | None:
    """Where the results of a job that is asked for are put."""
    tenant_id = caller_of(request).tenant_id
    if "destination" not in asked:
        return delivery.default_destination(tenant_id)
    return delivery.destination(tenant_id, asked["destination"]) if asked["destination"] else None


def _own(request: Request, job_id: UUID) -> Job:
    return selectors.job_get(tenant_id=caller_of(request).tenant_id, job_id=job_id)
