"""What the OpenAPI document cannot find out by itself."""

from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from api.errors import PROBLEM_JSON
from tts_engine.speech.audio.formats import FORMATS

ALWAYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
OF_A_BODY = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def audio(*statuses: int) -> dict[tuple[int, str], OpenApiTypes]:
    """The answers of a door that sends audio in any of the formats."""
    media_types = sorted({described.media_type for described in FORMATS.values()})
    return {(status, media_type): OpenApiTypes.BINARY for status in statuses for media_type in media_types}


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457; docs/api.md lists the codes."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    request_id = serializers.CharField()


class OpenAIErrorShape(serializers.Serializer[Any]):
    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    code = serializers.CharField()


class OpenAIProblemShape(serializers.Serializer[Any]):
    """OpenAI's envelope."""

    error = OpenAIErrorShape()


class ListShape:
    """How all our lists are wrapped; those that come by pages tell whether there are more."""

    @staticmethod
    def get_schema_operation_parameters(view: Any) -> list[dict[str, Any]]:
        return []  # each door has its own query, which names them

    @staticmethod
    def get_paginated_response_schema(rows: dict[str, Any]) -> dict[str, Any]:
        members = {
            "object": {"type": "string", "enum": ["list"]},
            "data": rows,
            "has_more": {"type": "boolean"},
            "next": {"type": "string", "nullable": True},
        }
        return {"type": "object", "properties": members, "required": ["object", "data"]}


class DoorSchema(AutoSchema):
    """Adds what every door may answer: its refusals, those of the door's own `refusals` among them."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        openai = getattr(self.view, "speaks_openai", False)
        shape, kind = (OpenAIProblemShape, "application/json") if openai else (ProblemShape, PROBLEM_JSON)
        for status in self._refusals():
            told = shape if status is not HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE else None
            body = self._get_response_for_code(  # type: ignore[no-untyped-call]
                told, str(status.value), media_types=[kind], direction=direction
            )
            bodies[str(status.value)] = {**body, "description": status.phrase}
        return dict(sorted(bodies.items()))

    def _refusals(self) -> set[HTTPStatus]:
        refusals = {*ALWAYS, *map(HTTPStatus, getattr(self.view, "refusals", ()))}
        if self.method in {"POST", "PUT", "PATCH"} and self.get_request_serializer() is not None:
            refusals.update(OF_A_BODY)
        parameters = {each["name"] for each in self._get_parameters()}
        if parameters:
            refusals.add(HTTPStatus.BAD_REQUEST)
        if "{" in self.path or "cursor" in parameters:
            refusals.add(HTTPStatus.NOT_FOUND)
        return refusals

    def _get_paginator(self) -> type[ListShape]:
        return ListShape


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "vox_…"}


class MemberSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.MemberSessionAuthentication"
    name = "ConsoleSession"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
