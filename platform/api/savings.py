"""`/v1/savings`: what a tenant's requests would have cost elsewhere, less what they cost here."""

from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Door, caller_of
from billing.price_book.days import today
from billing.savings.compare import Comparison, Savings
from billing.savings.selectors import own_cost, savings_between

MOST_DAYS = 3 * 366


class SavingsQuery(serializers.Serializer[Any]):
    """Both days included; by default this month until today."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python's own, so it cannot be an attribute.
        days = {name: serializers.DateField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **days}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        last: date = attrs.get("to") or today()
        first: date = attrs.get("from") or last.replace(day=1)
        if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
            problem = f"must be from 0 to {MOST_DAYS - 1} days after 'from'."
            raise serializers.ValidationError({"to": problem}, code="invalid_value")
        return {"first": first, "last": last}


class ComparisonShape(serializers.Serializer[Comparison]):
    """Amounts are millionths of a yuan."""

    offer = serializers.CharField(source="offer.id")
    vendor = serializers.CharField(source="offer.price.vendor")
    product = serializers.CharField(source="offer.price.product")
    voice_tier = serializers.CharField(source="offer.price.voice_tier")
    unit = serializers.CharField(source="offer.price.unit")
    units = serializers.DecimalField(max_digits=None, decimal_places=3)
    cost = serializers.IntegerField()
    cost_a_call = serializers.IntegerField(allow_null=True)
    saving = serializers.IntegerField(allow_null=True, help_text="null while the own cost is not set")
    payback_months = serializers.DecimalField(
        max_digits=None, decimal_places=1, allow_null=True, help_text="null where it never pays back"
    )
    reachable = serializers.BooleanField(help_text="false for a pack that these requests would not use up in time")
    verified = serializers.BooleanField(source="offer.price.verified")
    lower_bound = serializers.SerializerMethodField(help_text="the vendor bills more than we count: see note")
    source_url = serializers.CharField(source="offer.price.source_url")
    retrieved_at = serializers.DateField(source="offer.price.retrieved_at")
    note = serializers.CharField(source="offer.price.note")

    def get_lower_bound(self, comparison: Comparison) -> bool:
        return comparison.offer.price.is_lower_bound


class SavingsShape(serializers.Serializer[Savings]):
    """Amounts are millionths of a yuan; `default`, `cheapest` and `dearest` are each one of `offers`."""

    object = serializers.CharField(default="savings")
    currency = serializers.CharField(default="CNY")
    first_day = serializers.DateField(source="first")
    last_day = serializers.DateField(source="last")
    requests = serializers.IntegerField(source="facts.requests")
    own_cost = serializers.IntegerField(allow_null=True)
    own_cost_a_call = serializers.IntegerField(allow_null=True)
    default = ComparisonShape()
    cheapest = ComparisonShape()
    dearest = ComparisonShape()
    offers = ComparisonShape(many=True, source="comparisons")


class SavingsDoor(Door):
    scope = "usage"

    @extend_schema(operation_id="get_savings", parameters=[SavingsQuery], responses=SavingsShape)
    def get(self, request: Request) -> Response:
        """What the requests of these days would have cost at each vendor, by its own counting rule."""
        query = SavingsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        tenant_id = caller_of(request).tenant_id
        found = savings_between(tenant_id, **query.validated_data, own=own_cost(tenant_id))
        return Response(SavingsShape(found).data)
