"""`/v1/destinations`: where the results of a team's jobs are put, and what was put there."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, TextField, actor_of, caller_of
from api.sendings import AttemptShape, SendingPages, SendingsQuery, StatusField
from tts_engine.delivery import selectors, services, trial
from tts_engine.delivery.models import Destination, DestinationKind, FileDelivery
from tts_engine.delivery.trial import Trial
from webhooks.addresses import LONGEST_URL

WHERE = "https, on the public network: of `http` the folder that files are PUT into, of `s3` the server"


class HeadersField(serializers.DictField):
    child = TextField(max_length=4096)


class Members(StrictSerializer):
    """What both kinds have, and each: `headers` is of `http`, the rest below it of `s3`."""

    url = TextField(max_length=LONGEST_URL, required=False, help_text=WHERE)
    default = serializers.BooleanField(source="is_default", required=False, help_text="of the jobs that name none")
    headers = HeadersField(required=False, help_text="sent with each file; told by no answer")
    bucket = TextField(max_length=63, required=False)
    region = TextField(max_length=64, required=False, help_text="us-east-1, where the server knows none")
    prefix = TextField(max_length=512, required=False, allow_blank=True, help_text="before each object's name")
    access_key_id = TextField(max_length=128, required=False)
    secret_access_key = TextField(max_length=256, required=False, help_text="told by no answer")
    virtual_host = serializers.BooleanField(
        required=False, help_text="ask bucket.server/name rather than server/bucket/name"
    )


class NewDestination(Members):
    type = serializers.ChoiceField(source="kind", choices=DestinationKind.choices)
    url = TextField(max_length=LONGEST_URL, help_text=WHERE)


class DestinationChange(Members):
    """Members that are not given stay as they are."""

    enabled = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(f"Say what to change: {', '.join(self.fields)}.", "required")
        return attrs


class DestinationShape(serializers.ModelSerializer[Destination]):
    object = serializers.CharField(read_only=True, default="destination")
    type = serializers.CharField(source="kind", read_only=True)
    default = serializers.BooleanField(source="is_default", read_only=True)
    header_names = serializers.SerializerMethodField()
    enabled = serializers.BooleanField(read_only=True)

    class Meta:
        model = Destination
        fields = (
            "object", "id", "type", "url", "default", "header_names", "bucket", "region", "prefix", "access_key_id",
            "virtual_host", "enabled", "disabled_reason", "disabled_at", "failing_since", "created_at",
        )  # fmt: skip

    def get_header_names(self, destination: Destination) -> list[str]:
        return sorted(destination.headers)


class TrialShape(serializers.Serializer[Trial]):
    """What came of putting a small file there just now."""

    object = serializers.CharField(default="destination.test")
    delivered = serializers.BooleanField()
    name = serializers.CharField()
    status_code = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="the beginning of it")
    error = serializers.CharField(help_text="why there is none")
    duration_ms = serializers.IntegerField()


class FileDeliveryShape(serializers.ModelSerializer[FileDelivery]):
    object = serializers.CharField(read_only=True, default="destination.delivery")
    job_id = serializers.UUIDField(read_only=True)
    synthesis_id = serializers.UUIDField(read_only=True)
    status = StatusField()
    attempts = AttemptShape(many=True, read_only=True)

    class Meta:
        model = FileDelivery
        fields = (
            "object", "id", "job_id", "synthesis_id", "name", "size", "replay", "status", "created_at", "next_at",
            "delivered_at", "attempts",
        )  # fmt: skip


class DestinationsDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="list_destinations", responses=DestinationShape(many=True))
    def get(self, request: Request) -> Response:
        """All of the team's, the oldest first."""
        rows = selectors.destinations(caller_of(request).tenant_id)
        return Response({"object": "list", "data": DestinationShape(rows, many=True).data})

    @extend_schema(operation_id="create_destination", request=NewDestination, responses={201: DestinationShape})
    def post(self, request: Request) -> Response:
        """A new one."""
        asked = NewDestination(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.destination_create(
            tenant_id=caller_of(request).tenant_id, actor=actor_of(request), **asked.validated_data
        )
        return Response(DestinationShape(made).data, status=201)


class DestinationDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="get_destination", responses=DestinationShape)
    def get(self, request: Request, destination_id: UUID) -> Response:
        """One destination."""
        return Response(DestinationShape(_own(request, destination_id)).data)

    @extend_schema(operation_id="change_destination", request=DestinationChange, responses=DestinationShape)
    def patch(self, request: Request, destination_id: UUID) -> Response:
        """Change what it is made of, or switch it off and on."""
        asked = DestinationChange(data=request.data)
        destination = _own(request, destination_id)
        asked.is_valid(raise_exception=True)
        changed = services.destination_change(destination=destination, actor=actor_of(request), **asked.validated_data)
        return Response(DestinationShape(changed).data)

    @extend_schema(operation_id="delete_destination", responses={204: None})
    def delete(self, request: Request, destination_id: UUID) -> Response:
        """Delete it with its log; what was put there stays there."""
        services.destination_delete(destination=_own(request, destination_id), actor=actor_of(request))
        return Response(status=204)


class DestinationTestDoor(Door):
    scope = "webhooks"
    refusals = (409, 502)

    @extend_schema(operation_id="test_destination", request=None, responses=TrialShape)
    def post(self, request: Request, destination_id: UUID) -> Response:
        """Put a small file there now, and tell what came of it."""
        return Response(TrialShape(trial.run(_own(request, destination_id))).data)


class FileDeliveriesQuery(SendingsQuery):
    status = serializers.ChoiceField(choices=list(selectors.STATUS), required=False)
    job = serializers.UUIDField(required=False)


class FileDeliveriesDoor(Door):
    scope = "webhooks"

    @extend_schema(
        operation_id="list_destination_deliveries",
        parameters=[FileDeliveriesQuery],
        responses=FileDeliveryShape(many=True),
    )
    def get(self, request: Request, destination_id: UUID) -> Response:
        """What was and will be put there, the newest first, with every attempt."""
        query = FileDeliveriesQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        narrow = {name: query.validated_data.get(name) for name in ("status", "job")}
        rows = selectors.deliveries(_own(request, destination_id), **narrow)
        return SendingPages().answer(rows, request, FileDeliveryShape)


class FailedReplayShape(serializers.Serializer[Any]):
    object = serializers.CharField(default="destination.replay")
    replayed = serializers.IntegerField()


class FailedReplayDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="replay_failed_deliveries", request=None, responses={202: FailedReplayShape})
    def post(self, request: Request, destination_id: UUID) -> Response:
        """Put again what was given up and has not arrived since."""
        count = services.failed_replay(destination=_own(request, destination_id))
        return Response(FailedReplayShape({"replayed": count}).data, status=202)


class FileReplayDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="replay_destination_delivery", request=None, responses={202: FileDeliveryShape})
    def post(self, request: Request, destination_id: UUID, delivery_id: int) -> Response:
        """Put the same file again under its name, as a new delivery with all its attempts."""
        delivery = selectors.delivery(_own(request, destination_id), delivery_id)
        return Response(FileDeliveryShape(services.delivery_replay(delivery=delivery)).data, status=202)


def _own(request: Request, destination_id: UUID) -> Destination:
    return selectors.destination(caller_of(request).tenant_id, destination_id)
