"""`/v1/savings`: a tenant's own requests at every vendor's rule, and nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Tenant
from billing.price_book.days import today
from billing.price_book.services import SHIPPED, price_book_load
from billing.savings.cost import BusyCost, MonthlyCost
from billing.savings.estimate import cost_of_a_million
from billing.savings.services import own_cost_set
from tests.factories import make_queued, make_tenant
from tts_engine.models import Status, Synthesis
from tts_engine.usage import add_spoken

MakeKey = Callable[..., dict[str, str]]


def answered(tenant: Tenant, *, at: datetime | None = None, **facts: Any) -> Synthesis:
    """A row as an answered request leaves it."""
    row = make_queued(tenant)
    row.status, row.finished_at, row.billed_characters = Status.DONE, at or datetime.now(UTC), 0
    for name, value in ({"audio_ms": 900, "synthesis_ms": 100} | facts).items():
        setattr(row, name, value)
    row.save()
    with transaction.atomic():
        add_spoken(row, audio_ms=row.audio_ms or 0, synthesis_ms=100, waited_ms=0, first_byte_ms=50)
    return row


def ask(headers: dict[str, str], **query: str) -> tuple[int, dict[str, Any]]:
    answer = Client().get("/v1/savings", query, headers=headers)
    return answer.status_code, answer.json()


def test_this_month(tenant: Tenant, key: MakeKey) -> None:
    """Sambert by default, the cheapest and the dearest beside it, each with its source and its marks."""
    price_book_load(SHIPPED)
    own_cost_set(tenant=tenant, cost=MonthlyCost(server=Decimal(3000)))
    answered(tenant, hanzi=10_000, other_characters=0)
    answered(make_tenant(), hanzi=99, other_characters=0)
    status, body = ask(key("usage"))
    assert (status, body["object"], body["currency"], body["requests"]) == (200, "savings", "CNY", 1)
    assert (body["first_day"], body["last_day"]) == (str(today().replace(day=1)), str(today()))
    assert (body["default"]["offer"], body["default"]["units"]) == ("aliyun-sambert", "10000.000")
    assert body["default"]["cost"] == 0  # within the free quota
    assert body["default"]["saving"] == -body["own_cost"]
    offers = {offer["offer"]: offer for offer in body["offers"]}
    assert offers["aliyun-cosyvoice-plus"]["cost"] == 4_000_000
    assert (offers["azure-neural"]["verified"], offers["azure-neural"]["lower_bound"]) == (False, True)
    assert body["cheapest"]["cost"] <= body["default"]["cost"] <= body["dearest"]["cost"]
    assert offers["aliyun-nls-packs-30000"]["reachable"] is False


def test_without_own_cost_there_is_no_saving(tenant: Tenant, key: MakeKey) -> None:
    """Bills are shown; a saving against an unknown cost is null, not a guess."""
    price_book_load(SHIPPED)
    answered(tenant)
    _, body = ask(key("usage"))
    assert (body["own_cost"], body["default"]["saving"], body["default"]["payback_months"]) == (None, None, None)


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({"from": "2026-11-20", "to": "2026-11-19"}, "to", "invalid_value"),
        ({"from": "1900-01-01"}, "to", "invalid_value"),
        ({"from": "soon"}, "from", "invalid_type"),
        ({"from": "2026-01-01"}, "from", "no_price_book"),
    ],
)
def test_wrong_days_are_refused(tenant: Tenant, key: MakeKey, query: dict[str, str], param: str, code: str) -> None:
    """Turned round, endless, no day, or before the first price book: the member is named."""
    price_book_load(SHIPPED)
    status, body = ask(key("usage"), **query)
    assert (status, body["param"], body["code"]) == (400, param, code)


def test_what_a_million_characters_cost(tenant: Tenant) -> None:
    """By this month's requests; not known without an own cost, and not before anything was spoken."""
    assert cost_of_a_million(tenant.id) is None
    own_cost_set(tenant=tenant, cost=BusyCost(Decimal(36)))
    assert cost_of_a_million(tenant.id) is None
    answered(tenant, hanzi=40, other_characters=10, synthesis_ms=100)
    assert cost_of_a_million(tenant.id) == 20_000_000
