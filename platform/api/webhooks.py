"""`/v1/webhooks`: where a team's programs are told of events, and what was sent to them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, TextField, actor_of, caller_of
from api.sendings import AttemptShape, SendingPages, SendingsQuery, StatusField
from webhooks import selectors, services
from webhooks.addresses import LONGEST_URL
from webhooks.events import SUBSCRIBABLE
from webhooks.models import Delivery, Endpoint

WHERE = "https, on the public network"
WHAT = f"any of {', '.join(SUBSCRIBABLE)}; an empty list is all there are"


class NewWebhook(StrictSerializer):
    """Where to send, and what."""

    url = TextField(max_length=LONGEST_URL, help_text=WHERE)
    events = serializers.ListField(child=TextField(max_length=64), default=list, max_length=100, help_text=WHAT)


class WebhookChange(StrictSerializer):
    """Members that are not given stay as they are."""

    url = TextField(max_length=LONGEST_URL, required=False, help_text=WHERE)
    events = serializers.ListField(child=TextField(max_length=64), required=False, max_length=100, help_text=WHAT)
    enabled = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say what to change: url, events or enabled.", "required")
        return attrs


class Webhook(serializers.ModelSerializer[Endpoint]):
    object = serializers.CharField(read_only=True, default="webhook")
    enabled = serializers.BooleanField(read_only=True)

    class Meta:
        model = Endpoint
        fields = (
            "object", "id", "url", "events", "enabled", "disabled_reason", "disabled_at", "failing_since",
            "previous_secret_until", "created_at",
        )  # fmt: skip


class WebhookWithSecret(Webhook):
    """The two answers that tell the secret: of its making and of its rotation."""

    class Meta(Webhook.Meta):
        fields = (*Webhook.Meta.fields, "secret")  # type: ignore[assignment]


class WebhookDelivery(serializers.ModelSerializer[Delivery]):
    object = serializers.CharField(read_only=True, default="webhook.delivery")
    message_id = serializers.CharField(read_only=True)
    type = serializers.CharField(source="message.type", read_only=True)
    status = StatusField()
    attempts = AttemptShape(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields = ("object", "id", "message_id", "type", "status", "created_at", "next_at", "delivered_at", "attempts")


class WebhooksDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="list_webhooks", responses=Webhook(many=True))
    def get(self, request: Request) -> Response:
        """All of the team's, the oldest first."""
        rows = selectors.endpoints(caller_of(request).tenant_id)
        return Response({"object": "list", "data": Webhook(rows, many=True).data})

    @extend_schema(operation_id="create_webhook", request=NewWebhook, responses={201: WebhookWithSecret})
    def post(self, request: Request) -> Response:
        """A new one; its secret is in this answer and in none after it."""
        asked = NewWebhook(data=request.data)
        asked.is_valid(raise_exception=True)
        endpoint = services.endpoint_create(
            tenant_id=caller_of(request).tenant_id, actor=actor_of(request), **asked.validated_data
        )
        return Response(WebhookWithSecret(endpoint).data, status=201)


class WebhookDoor(Door):
    scope = "webhooks"

    @extend_schema(operation_id="get_webhook", responses=Webhook)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """One webhook."""
        return Response(Webhook(_own(request, webhook_id)).data)

    @extend_schema(operation_id="change_webhook", request=WebhookChange, responses=Webhook)
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change its address or events, or switch it off and on."""
        asked = WebhookChange(data=request.data)
        endpoint = _own(request, webhook_id)
        asked.is_valid(raise_exception=True)
        changed = services.endpoint_change(endpoint=endpoint, actor=actor_of(request), **asked.validated_data)
        return Response(Webhook(changed).data)

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Delete it with its log."""
        services.endpoint_delete(endpoint=_own(request, webhook_id), actor=actor_of(request))
        return Response(status=204)


class WebhookRotateDoor(Door):
    scope = "webhooks"

    @extend_schema(operation_id="rotate_webhook_secret", request=None, responses=WebhookWithSecret)
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """A new secret, told in this answer alone; until `previous_secret_until` the old one signs too."""
        endpoint = services.secret_rotate(endpoint=_own(request, webhook_id), actor=actor_of(request))
        return Response(WebhookWithSecret(endpoint).data)


class WebhookTestDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="test_webhook", request=None, responses={202: WebhookDelivery})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send it a `webhook.test`; the log tells what came of it."""
        delivery = services.endpoint_test(endpoint=_own(request, webhook_id))
        return Response(WebhookDelivery(delivery).data, status=202)


class DeliveriesDoor(Door):
    scope = "webhooks"

    @extend_schema(
        operation_id="list_webhook_deliveries", parameters=[SendingsQuery], responses=WebhookDelivery(many=True)
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """What was and will be sent, the newest first, with every attempt and the beginning of its answer."""
        query = SendingsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return SendingPages().answer(selectors.deliveries(_own(request, webhook_id)), request, WebhookDelivery)


class ReplayDoor(Door):
    scope = "webhooks"
    refusals = (409,)

    @extend_schema(operation_id="replay_webhook_delivery", request=None, responses={202: WebhookDelivery})
    def post(self, request: Request, webhook_id: UUID, delivery_id: int) -> Response:
        """Send the same message again, as a new delivery with all its attempts."""
        delivery = selectors.delivery(_own(request, webhook_id), delivery_id)
        return Response(WebhookDelivery(services.delivery_replay(delivery=delivery)).data, status=202)


def _own(request: Request, webhook_id: UUID) -> Endpoint:
    return selectors.endpoint(caller_of(request).tenant_id, webhook_id)
