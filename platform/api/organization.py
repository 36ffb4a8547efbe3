"""`GET /v1/organization/usage/audio_speeches`: OpenAI's usage contract, told from our ledger's characters.

A tenant is one organization with one project. Buckets are counted from `start_time` on: days from
midnight to midnight wherever the caller's midnight is.
https://platform.openai.com/docs/api-reference/usage/audio_speeches
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, caller_of
from tts_engine.buckets import KEY, MEMBER, MODEL, Cut, Group, Span, usage_buckets

LATEST = 253402300799  # seconds: the last of the year 9999


@dataclass(frozen=True, slots=True)
class Width:
    seconds: int
    usual: int  # buckets a page
    most: int


WIDTHS = {"1m": Width(60, 60, 1440), "1h": Width(3600, 24, 168), "1d": Width(86400, 7, 31)}

# OpenAI's names of what to group by, and our columns. The project is the tenant itself.
PROJECT = "project_id"
COLUMNS = {"user_id": MEMBER, "api_key_id": KEY, "model": MODEL}


class UsageQuery(StrictSerializer):
    """`group_by` and the lists may also be written `group_by[]`, as OpenAI's packages do."""

    start_time = serializers.IntegerField(min_value=0, max_value=LATEST, help_text="Unix seconds, inclusive")
    end_time = serializers.IntegerField(
        min_value=0, max_value=LATEST, required=False, help_text="Unix seconds, exclusive; now without"
    )
    bucket_width = serializers.ChoiceField(choices=list(WIDTHS), default="1d")
    group_by = serializers.ListField(
        child=serializers.ChoiceField(choices=[PROJECT, *COLUMNS]), default=list, help_text="any of them together"
    )
    project_ids = serializers.ListField(child=serializers.UUIDField(), required=False)
    user_ids = serializers.ListField(child=serializers.IntegerField(), required=False)
    api_key_ids = serializers.ListField(child=serializers.UUIDField(), required=False)
    models = serializers.ListField(child=serializers.CharField(max_length=100), required=False)
    limit = serializers.IntegerField(min_value=1, required=False, help_text="buckets a page")
    page = serializers.IntegerField(min_value=0, default=0, help_text="`next_page` of the page before")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        width = WIDTHS[attrs["bucket_width"]]
        attrs.setdefault("limit", width.usual)
        if attrs["limit"] > width.most:
            message = f"A page has at most {width.most} buckets of {attrs['bucket_width']}."
            raise ValidationError({"limit": ErrorDetail(message, "max_value")})
        attrs.setdefault("end_time", max(int(datetime.now(UTC).timestamp()) + 1, attrs["start_time"] + 1))
        if attrs["end_time"] <= attrs["start_time"]:
            raise ValidationError({"end_time": ErrorDetail("Must be later than start_time.", "invalid_value")})
        return attrs

    def cut(self) -> Cut:
        asked = self.validated_data
        only = {"user_ids": MEMBER, "api_key_ids": KEY, "models": MODEL}
        return Cut(
            by=[COLUMNS[name] for name in self.grouping() if name in COLUMNS],
            only={column: asked[name] for name, column in only.items() if name in asked},
        )

    def grouping(self) -> list[str]:
        """Each once, in the order of the first mention."""
        return list(dict.fromkeys(self.validated_data["group_by"]))


class SpeechUsageDoor(Door):
    scope = "usage"
    speaks_openai = True

    @extend_schema(operation_id="usage_audio_speeches", parameters=[UsageQuery], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Characters billed and requests answered, by buckets of time."""
        query = UsageQuery(data=_members(request.query_params))
        query.is_valid(raise_exception=True)
        tenant_id = caller_of(request).tenant_id
        page = Page.of(query.validated_data)
        projects = query.validated_data.get("project_ids", [tenant_id])
        found = usage_buckets(tenant_id, page.span, query.cut()) if tenant_id in projects else {}
        result = _result(tenant_id, query.grouping())
        return Response(
            {
                "object": "page",
                "data": [
                    {
                        "object": "bucket",
                        "start_time": start,
                        "end_time": start + page.width,
                        "results": [result(group) for group in found.get(number, [])],
                    }
                    for number, start in enumerate(page.starts)
                ],
                "has_more": page.following is not None,
                "next_page": page.following,
            }
        )


def _members(query: QueryDict) -> dict[str, Any]:
    """A link's values: lists for the members that are lists, by either name, and else the last of each."""
    lists = {name for name, member in UsageQuery().fields.items() if isinstance(member, serializers.ListField)}
    named: dict[str, Any] = {}
    for key, values in query.lists():
        name = key.removesuffix("[]")
        if name in lists:
            named.setdefault(name, []).extend(values)
        else:
            named[key] = values[-1]
    return named


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the buckets between `start_time` and `end_time`."""

    starts: range  # of each bucket, in Unix seconds
    end_time: int
    width: int
    following: str | None  # where the next page begins

    @classmethod
    def of(cls, asked: dict[str, Any]) -> "Page":
        """Page 0 is the first; a page is named by the number of its first bucket."""
        width = WIDTHS[asked["bucket_width"]].seconds
        every = range(asked["start_time"], asked["end_time"], width)
        beyond = asked["page"] + asked["limit"]
        following = str(beyond) if beyond < len(every) else None
        return cls(every[asked["page"] : beyond], asked["end_time"], width, following)

    @property
    def span(self) -> Span:
        start = self.starts.start
        end = max(min(self.starts.stop, self.end_time), start)
        return Span(_moment(start), _moment(end), timedelta(seconds=self.width))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _result(tenant_id: UUID, grouping: list[str]) -> Callable[[Group], dict[str, Any]]:
    """How one group is told: by OpenAI's names, null for what was not asked for."""

    def tell(group: Group) -> dict[str, Any]:
        names = [name for name in grouping if name in COLUMNS]
        values = {name: None if value is None else str(value) for name, value in zip(names, group.values, strict=True)}
        return {
            "object": "organization.usage.audio_speeches.result",
            "characters": group.characters,
            "num_model_requests": group.requests,
            PROJECT: str(tenant_id) if PROJECT in grouping else None,
            **dict.fromkeys(COLUMNS),
            **values,
        }

    return tell
