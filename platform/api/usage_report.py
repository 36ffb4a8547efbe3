"""`/v1/usage/report`: days or hours by key, voice or member, as the console's usage page shows them."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, StrictSerializer, caller_of
from api.usage import TOLD, table, told
from billing.usage import selectors
from billing.usage.facts import UsageFacts
from billing.usage.latency import Latency
from billing.usage.selectors import Days
from tts_engine.manuscripts.formulas import protected
from tts_engine.report import MOST_DAYS, By, Measures, Part, Report, days_between, report


class ReportQuery(StrictSerializer):
    """Both days included; by default this month until today."""

    group_by = serializers.ChoiceField(choices=list(By), default=By.KEY)
    format = serializers.ChoiceField(choices=["json", "csv"], required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python's own, so it cannot be an attribute.
        days = {name: serializers.DateField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **days}

    def days(self, today: date) -> Days:
        last: date = self.validated_data.get("to") or today
        first: date = self.validated_data.get("from") or last.replace(day=1)
        days = days_between(first, last)
        if days is None:
            problem = f"Must be from 0 to {MOST_DAYS - 1} days after 'from'."
            raise ValidationError({"to": ErrorDetail(problem, "invalid_value")})
        return days


class ReportDoor(Door):
    scope = "usage"

    @extend_schema(
        operation_id="get_usage_report",
        parameters=[ReportQuery],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What was used over time and by whom, how fast it was answered, and how many requests were open at once."""
        query = ReportQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        tenant_id = caller_of(request).tenant_id
        days = query.days(selectors.today(tenant_id))
        accepted = "csv" if "text/csv" in request.headers.get("Accept", "") else "json"
        answer = FORMATS[query.validated_data.get("format", accepted)]
        return answer(report(tenant_id, days, query.validated_data["group_by"]))


def _as_json(found: Report) -> Response:
    names = {part.value: part.name for part in found.parts}
    return Response(
        {
            "object": "usage.report",
            "from": found.days.start,
            "to": found.days.end - timedelta(days=1),
            "bucket_width": "1h" if found.by_hour else "1d",
            "group_by": found.by,
            "data": [
                {
                    "start": moment.begin,
                    **_measures(moment.all),
                    "groups": [_group(value, names[value], facts) for value, facts in moment.parts.items()],
                }
                for moment in found.moments
            ],
            "groups": [{**_named(part), **_measures(part.measures)} for part in found.parts],
            "total": _measures(found.total),
            "previous": {
                "from": found.compared.start,
                "to": found.compared.end - timedelta(days=1),
                **_measures(found.before),
            },
        }
    )


def _named(part: Part) -> dict[str, Any]:
    return {"id": part.value, "name": part.name}


def _group(value: Any, name: str | None, facts: UsageFacts) -> dict[str, Any]:
    return {"id": value, "name": name, **told(facts)}


def _measures(measures: Measures) -> dict[str, Any]:
    """Without `concurrent_requests` where it is not known: of a part of the team's usage."""
    at_once = {} if measures.at_once is None else {"concurrent_requests": measures.at_once}
    speed = measures.speed
    return {
        **told(measures.facts),
        **at_once,
        "wait_ms": _quantiles(speed.waits),
        "first_audio_ms": _quantiles(speed.first_audio),
    }


def _quantiles(latency: Latency) -> dict[str, int | None]:
    return {"p50": latency.median, "p95": latency.most}


def _as_csv(found: Report) -> HttpResponse:
    """A line for each group of each day or hour; the last is the total."""
    names = {part.value: part.name for part in found.parts}

    def lines() -> Iterator[list[object]]:
        for moment in found.moments:
            for value, facts in moment.parts.items():
                yield [_begin(moment.begin), value or "", protected(names[value] or ""), *told(facts).values()]
        yield ["total", "", "", *told(found.total.facts).values()]

    columns = ("hour" if found.by_hour else "day", f"{found.by}_id", found.by, *TOLD)
    last = found.days.end - timedelta(days=1)
    return table(f"voxhouse-usage-{found.days.start}-{last}-{found.by}.csv", columns, lines())


def _begin(begin: date | datetime) -> str:
    """A day, or the first minute of an hour with its distance from UTC."""
    return begin.isoformat("T", "minutes") if isinstance(begin, datetime) else begin.isoformat()


FORMATS: dict[str, Callable[[Report], HttpResponseBase]] = {"json": _as_json, "csv": _as_csv}
