"""`/v1/keys`: a team's API keys. A key's text is in the answer that made it, and in none after it."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.models import ApiKey, Scope, Tenant
from api.door import Door, StrictSerializer, TextField, actor_of, caller_of
from billing.limits.models import CAPS
from billing.limits.selectors import KeyStanding, key_standings
from billing.limits.services import BOUNDS, key_limit_set

LONGEST_GRACE = round(settings.API_KEY_LONGEST_GRACE.total_seconds())


class Caps(StrictSerializer):
    """What the key may at most, within its team's plan; null is no cap of its own."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        caps = {
            name: serializers.IntegerField(
                min_value=BOUNDS[name][0], max_value=BOUNDS[name][-1], required=False, allow_null=True
            )
            for name in CAPS
        }
        return {**super().get_fields(), **caps}

    def caps(self) -> dict[str, int | None]:
        """Those that are given."""
        return {name: self.validated_data[name] for name in CAPS if name in self.validated_data}


class NewKey(Caps):
    name = TextField(max_length=100, default="default")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.values),
        default=list(services.DEFAULT_SCOPES),
        max_length=len(Scope),
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class KeyChange(Caps):
    """Members that are not given stay as they are."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(f"Say what to change: {', '.join(CAPS)}.", "required")
        return attrs


class Reroll(StrictSerializer):
    grace_seconds = serializers.IntegerField(
        min_value=0, max_value=LONGEST_GRACE, default=86_400, help_text="that the text before works beside the new one"
    )


class Key(serializers.ModelSerializer[ApiKey]):
    object = serializers.CharField(read_only=True, default="api_key")

    class Meta:
        model = ApiKey
        fields = (
            "object", "id", "name", "last4", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at",
            "previous_last4", "previous_until", "previous_used_at",
        )  # fmt: skip


class KeysDoor(Door):
    scope = "admin"
    refusals = (409,)

    @extend_schema(operation_id="list_keys", responses=Key(many=True))
    def get(self, request: Request) -> Response:
        """All of the team's, the newest first, revoked and expired ones too."""
        tenant = _tenant(request)
        standings = key_standings(tenant.id)
        return Response({"object": "list", "data": [_shape(key, standings) for key in selectors.api_keys(tenant)]})

    @extend_schema(operation_id="create_key", request=NewKey, responses={201: Key})
    @transaction.atomic
    def post(self, request: Request) -> Response:
        """A new one; its text is `key` in this answer and in none after it."""
        asked = NewKey(data=request.data)
        asked.is_valid(raise_exception=True)
        members = {name: asked.validated_data[name] for name in ("name", "scopes", "expires_at")}
        key, secret = services.api_key_create(tenant=_tenant(request), actor=actor_of(request), **members)
        if caps := asked.caps():
            key_limit_set(key_id=key.id, limits=caps, actor=actor_of(request))
        return Response({**_shape(key, key_standings(key.tenant_id)), "key": secret}, status=201)


class KeyDoor(Door):
    scope = "admin"
    refusals = (409,)

    @extend_schema(operation_id="get_key", responses=Key)
    def get(self, request: Request, key_id: UUID) -> Response:
        """One key, its caps, and what it used this period."""
        return _answer(_own(request, key_id))

    @extend_schema(operation_id="change_key", request=KeyChange, responses=Key)
    def patch(self, request: Request, key_id: UUID) -> Response:
        """Change its caps, from the next request on."""
        asked, key = KeyChange(data=request.data), _own(request, key_id)
        asked.is_valid(raise_exception=True)
        key_limit_set(key_id=key.id, limits=asked.caps(), actor=actor_of(request))
        return _answer(key)

    @extend_schema(operation_id="revoke_key", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Switch it off for good, at once; it stays in the list. Again changes nothing."""
        services.api_key_revoke(key_id=_own(request, key_id).id, actor=actor_of(request))
        return Response(status=204)


class RerollDoor(Door):
    scope = "admin"
    refusals = (409,)

    @extend_schema(operation_id="reroll_key", request=Reroll, responses=Key)
    def post(self, request: Request, key_id: UUID) -> Response:
        """Another text for the same key, as `key` in this answer alone; the one before works until `previous_until`."""
        asked, key = Reroll(data=request.data), _own(request, key_id)
        asked.is_valid(raise_exception=True)
        grace = timedelta(seconds=asked.validated_data["grace_seconds"])
        rerolled, secret = services.api_key_reroll(key=key, grace=grace, actor=actor_of(request))
        return Response({**_shape(rerolled, key_standings(key.tenant_id)), "key": secret})


def _tenant(request: Request) -> Tenant:
    return Tenant.objects.get(id=caller_of(request).tenant_id)


def _own(request: Request, key_id: UUID) -> ApiKey:
    return selectors.api_key(_tenant(request), key_id)


def _answer(key: ApiKey) -> Response:
    return Response(_shape(key, key_standings(key.tenant_id)))


def _shape(key: ApiKey, standings: dict[UUID, KeyStanding]) -> dict[str, Any]:
    """With its caps, and as `used` the characters of this period."""
    return {**Key(key).data, **asdict(standings.get(key.id, KeyStanding()))}
