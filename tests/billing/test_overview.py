"""Every team at a glance: one statement, the right figures, the wanted order."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Tenant
from billing import overview
from billing.limits.services import account_suspend
from billing.models import Counter, DailyUsage
from billing.selectors import usage
from billing.usage.selectors import period
from tests.factories import make_plan, make_queued, make_tenant

pytestmark = pytest.mark.django_db


def spoke(tenant: Tenant, *, characters: int, failed: int = 0) -> None:
    _days, today = period(tenant.id)
    facts: dict[str, Any] = {"requests": 4, "cached": 1, "failed": failed, "billed_characters": characters}
    DailyUsage.objects.create(tenant=tenant, day=today, voice="v", model="m", **facts)


def test_a_team_at_a_glance(no_wake_ups: None) -> None:
    """What it has of its quota is what billing says of it; the rest are the sums of its days."""
    tenant = make_tenant(plan=make_plan(characters=1000))
    make_queued(tenant, text="好" * 100)
    Counter.objects.filter(tenant=tenant).update(used=650)
    spoke(tenant, characters=650, failed=1)
    line = overview.team(tenant.id)
    told = usage(tenant.id)
    assert (line.limit, line.used, line.reserved, line.remaining) == (told.limit, told.used, told.reserved, 250)
    assert line.used_percent == 75
    assert line.facts.billed_characters == 650
    assert (line.facts.cached_percent, line.facts.failed_percent) == (25, 20)


def test_orders(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """By what was spent, by failures or by name; in one statement however many there are."""
    teams = [make_tenant() for _ in range(3)]
    for number, tenant in enumerate(teams):
        spoke(tenant, characters=10 * number, failed=3 - number)
    for order, first in (("spent", teams[2]), ("failed", teams[0]), ("name", min(teams, key=lambda team: team.name))):
        with django_assert_num_queries(1):
            assert overview.teams(order=order, most=10)[0].tenant_id == first.id


def test_a_part_of_the_name() -> None:
    """Finds those whose name holds it; no sign in it means anything else than itself."""
    team = make_tenant()
    make_tenant()
    assert [line.name for line in overview.teams(part=team.name[2:], most=10)] == [team.name]
    assert overview.teams(part="%", most=10) == []


def test_a_suspension_is_told() -> None:
    """And a team without a limit has no rest of it."""
    tenant = make_tenant()
    account_suspend(tenant=tenant)
    line = overview.team(tenant.id)
    assert line.suspended_at is not None
    assert (line.remaining, line.used_percent) == (None, None)
