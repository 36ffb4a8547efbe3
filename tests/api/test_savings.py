"""`/v1/savings`: a tenant's own requests at every vendor's rule, and nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Tenant
from billing.price_book.days import today
from billing.price_book.facts import DailyFacts, facts_of_request, total
from billing.price_book.services import SHIPPED, price_book_load
from billing.savings.cost import MonthlyCost
from billing.savings.services import own_cost_set
from tests.factories import make_queued, make_tenant
from tts_engine.models import Status, Synthesis
from tts_engine.selectors import daily_facts

MakeKey = Callable[..., dict[str, str]]


def answered(tenant: Tenant, *, at: datetime | None = None, **facts: Any) -> Synthesis:
    """A row as an answered request leaves it."""
    row = make_queued(tenant)
    row.status, row.finished_at, row.billed_characters = Status.DONE, at or datetime.now(UTC), 0
    for name, value in ({"audio_ms": 900, "synthesis_ms": 100} | facts).items():
        setattr(row, name, value)
    row.save()
    return row


def ask(headers: dict[str, str], **query: str) -> tuple[int, dict[str, Any]]:
    answer = Client().get("/v1/savings", query, headers=headers)
    return answer.status_code, answer.json()


def test_sql_counts_as_facts_of_request_does(tenant: Tenant) -> None:
    """The sums of the rows are the sum of each row's facts, rounded ones and normalised ones too."""
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    texts: list[dict[str, Any]] = [
        {"hanzi": 60, "other_characters": 1, "gbk_bytes": 121, "utf8_bytes": 181, "normalised_characters": 61},
        {"hanzi": 300, "other_characters": 0, "gbk_bytes": 600, "utf8_bytes": 900, "normalised_characters": 300},
        {"hanzi": 1, "other_characters": 300, "gbk_bytes": 302, "utf8_bytes": 303, "normalised_characters": 500},
        {"hanzi": 5, "other_characters": 9, "gbk_bytes": 30, "utf8_bytes": 50, "normalised_characters": 4},
    ]
    spoken: list[dict[str, Any]] = [{"audio_ms": 1, "synthesis_ms": 7}, {"audio_ms": 2, "synthesis_ms": None}] * 2
    for text, times in zip(texts, spoken, strict=True):
        answered(tenant, at=at, **text, **times)
    expected = total(facts_of_request(**text, **times) for text, times in zip(texts, spoken, strict=True))
    found = daily_facts(tenant_id=tenant.id, time_zone="Asia/Shanghai", first=at.date(), last=at.date())
    assert [day.day for day in found] == [at.date()]
    assert total(found) == expected


def test_a_day_is_the_zones(tenant: Tenant) -> None:
    """17:00 UTC is the next day in Shanghai; other tenants' requests and unanswered ones are not there."""
    answered(tenant, at=datetime(2026, 11, 20, 17, tzinfo=UTC))
    answered(make_tenant(), at=datetime(2026, 11, 20, 17, tzinfo=UTC))
    make_queued(tenant)
    day = datetime(2026, 11, 21, tzinfo=UTC).date()

    def found(time_zone: str) -> list[DailyFacts]:
        return daily_facts(tenant_id=tenant.id, time_zone=time_zone, first=day, last=day)

    assert [(facts.day, facts.requests) for facts in found("Asia/Shanghai")] == [(day, 1)]
    assert found("UTC") == []


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
