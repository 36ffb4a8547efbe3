"""`/v1/usage`: what this period was used, and the month's statement."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, caller_of
from api.downloads import attachment
from billing import selectors as billing
from billing.usage import selectors
from billing.usage.facts import UsageFacts
from billing.usage.selectors import Share, Statement
from tts_engine.manuscripts.formulas import protected

# What the doors tell of the facts; the rest is for price lists.
TOLD = ("requests", "cached", "failed", "billed_characters", "audio_ms")


def told(facts: UsageFacts) -> dict[str, int]:
    return {name: getattr(facts, name) for name in TOLD}


class UsageDoor(Door):
    scope = "usage"

    @extend_schema(operation_id="get_usage", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """This period: the quota, who used it with which voice, and the day on which it ends at this pace."""
        tenant_id = caller_of(request).tenant_id
        usage = billing.usage(tenant_id)
        days, today = selectors.period(tenant_id)
        keys = selectors.shares(tenant_id, days, "api_key_id", "api_key__name", "api_key__last4")
        voices = selectors.shares(tenant_id, days, "voice")
        members = selectors.shares(tenant_id, days, "member_id", "member__user__username")
        return Response(
            {
                "object": "usage",
                **asdict(usage),
                "period_start": days.start,
                "by_key": [_share(share, "api_key_id", "name", "last4") for share in _greatest_first(keys)],
                "by_voice": [_share(share, "voice") for share in _greatest_first(voices)],
                "by_member": [_share(share, "member_id", "name") for share in _greatest_first(members)],
                "forecast": asdict(selectors.forecast(tenant_id, usage, days, today)),
            }
        )


def _greatest_first(shares: list[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: -share.facts.billed_characters)


def _share(share: Share, *names: str) -> dict[str, Any]:
    return {**dict(zip(names, share.values, strict=True)), **told(share.facts)}


class StatementQuery(StrictSerializer):
    month = serializers.DateField(input_formats=["%Y-%m"], required=False, help_text="YYYY-MM; this month without")
    format = serializers.ChoiceField(choices=["json", "csv"], required=False)

    def validate_month(self, month: date) -> date:
        if not 2000 <= month.year < 3000:
            raise serializers.ValidationError("Must be a month such as 2026-11.", "invalid")
        return month


class StatementDoor(Door):
    scope = "usage"

    @extend_schema(
        operation_id="get_statement",
        parameters=[StatementQuery],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """A month by day, key and voice; its total is what the ledger billed of that month's requests."""
        query = StatementQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        tenant_id = caller_of(request).tenant_id
        month = query.validated_data.get("month") or selectors.this_month(tenant_id)
        accepted = "csv" if "text/csv" in request.headers.get("Accept", "") else "json"
        answer = FORMATS[query.validated_data.get("format", accepted)]
        return answer(selectors.statement(tenant_id, month))


COLUMNS = ("day", "api_key_id", "api_key", "voice", *TOLD)


def _as_json(statement: Statement) -> Response:
    return Response(
        {
            "object": "usage.statement",
            "month": f"{statement.month:%Y-%m}",
            "data": [
                {
                    "day": line.day,
                    "api_key_id": line.api_key_id,
                    "api_key": line.api_key,
                    "voice": line.voice,
                    **told(line.facts),
                }
                for line in statement.lines
            ],
            "total": told(statement.total),
        }
    )


def _as_csv(statement: Statement) -> HttpResponse:
    """The last line is the total."""
    lines = [
        [line.day, line.api_key_id or "", protected(line.api_key), line.voice, *told(line.facts).values()]
        for line in statement.lines
    ]
    total = ["total", "", "", "", *told(statement.total).values()]
    return table(f"voxhouse-{statement.month:%Y-%m}.csv", COLUMNS, [*lines, total])


def table(name: str, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> HttpResponse:
    """A file of RFC 4180, UTF-8 with the mark by which Excel knows it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(lines)
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=attachment(name)
    )


FORMATS: dict[str, Callable[[Statement], HttpResponseBase]] = {"json": _as_json, "csv": _as_csv}
