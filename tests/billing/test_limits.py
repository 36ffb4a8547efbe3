"""Every limit of a plan and of a key: what it allows to the last unit, and what refuses beyond it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.errors import UnknownApiKey
from accounts.models import ApiKey, Tenant
from accounts.services import api_key_create, api_key_revoke
from billing import errors, selectors, services
from billing.limits.services import account_resume, account_suspend, key_limit_set, plan_change, quota_raise
from billing.models import Counter
from billing.reconciliation import reconcile
from billing.services import Reservation

pytestmark = pytest.mark.django_db

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]

NOON = datetime(2026, 11, 15, 4, tzinfo=UTC)  # in Shanghai
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def key(tenant: Tenant) -> ApiKey:
    return api_key_create(tenant=tenant)[0]


def test_a_text_may_be_as_long_as_the_plan_says(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """One character more is refused, with its member's name."""
    tenant = make_tenant("brief", max_text_characters=5)
    reserve(tenant, 5)
    with pytest.raises(errors.TextTooLong, match="6 characters; 5 are allowed") as refused:
        reserve(tenant, 6)
    assert (refused.value.code, refused.value.param) == ("string_above_max_length", "input")


def test_a_place_is_free_again_when_a_request_ends(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Settled and released ones make room; what does not wait needs none."""
    tenant = make_tenant("two-places", concurrent_requests=2)
    first, second = uuid.uuid4(), uuid.uuid4()
    reserve(tenant, 1, synthesis_id=first)
    reserve(tenant, 1, synthesis_id=second)
    with pytest.raises(errors.ConcurrencyExceeded) as refused:
        reserve(tenant, 1)
    assert refused.value.retry_after == 1
    reserve(tenant, 1, waits=False, synthesis_id=(at_once := uuid.uuid4()))
    services.settle(synthesis_id=at_once, characters=1)
    services.settle(synthesis_id=first, characters=1)
    reserve(tenant, 1)
    services.release(synthesis_id=second)
    reserve(tenant, 1)


def test_places_are_counted_across_the_months(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """What still waits from last month holds its place in this one."""
    tenant = make_tenant("night-shift", concurrent_requests=1)
    reserve(tenant, 1, at=datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))
    with pytest.raises(errors.ConcurrencyExceeded):
        reserve(tenant, 1, at=datetime(2026, 11, 30, 16, tzinfo=UTC))


def test_a_minute_s_characters_come_back_evenly(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """60 a minute: 60 at once, then one a second; the refusal says how long to wait, and no longer."""
    tenant = make_tenant("hasty", characters_per_minute=60, max_text_characters=60)
    reserve(tenant, 60, at=NOON)
    with pytest.raises(errors.RateExceeded) as refused:
        reserve(tenant, 10, at=NOON)
    assert (refused.value.code, refused.value.retry_after) == ("rate_limit_exceeded", 10)
    with pytest.raises(errors.RateExceeded):
        reserve(tenant, 10, at=NOON + 9 * SECOND)
    reserve(tenant, 10, at=NOON + 10 * SECOND)


def test_a_clock_set_back_stops_nobody(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """The moment that was written lies hours ahead of the new clock and is not believed; from then on it counts."""
    tenant = make_tenant("clock", characters_per_period=None, characters_per_minute=60, max_text_characters=60)
    reserve(tenant, 60, at=NOON)
    back = NOON - timedelta(hours=5)
    reserve(tenant, 60, at=back)
    with pytest.raises(errors.RateExceeded):
        reserve(tenant, 60, at=back + 59 * SECOND)
    reserve(tenant, 60, at=back + 60 * SECOND)


def test_a_clock_set_back_over_midnight_bills_the_month_it_shows(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Nothing is lost or doubled: each month has what was reserved while the clock showed it."""
    tenant, turn = make_tenant("clock"), datetime(2026, 11, 30, 16, tzinfo=UTC)
    synthesis = uuid.uuid4()
    reserve(tenant, 30, at=turn, synthesis_id=synthesis)
    reserve(tenant, 20, at=turn - SECOND)
    services.settle(synthesis_id=synthesis, characters=30, at=turn - SECOND)
    assert selectors.usage(tenant.id, at=turn).used == 30
    assert selectors.usage(tenant.id, at=turn - SECOND).reserved == 20
    assert reconcile() == []


def test_overage_bills_on(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Where the plan allows it nothing is refused, and what is used says by how much it was passed."""
    tenant, synthesis = make_tenant("overage", overage=True), uuid.uuid4()
    reserve(tenant, 150, synthesis_id=synthesis)
    services.settle(synthesis_id=synthesis, characters=150)
    usage = selectors.usage(tenant.id)
    assert (usage.limit, usage.used, usage.remaining) == (100, 150, 0)


def test_days_roll(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Seven days up to today: what was used on the eighth day back is free again at midnight, the rest is not."""
    tenant = make_tenant("rolling", rolling_days=7)
    reserve(tenant, 60, at=NOON)
    reserve(tenant, 40, at=NOON + 3 * DAY)
    with pytest.raises(errors.QuotaExceeded) as refused:
        reserve(tenant, 1, at=NOON + 6 * DAY)
    assert (refused.value.reserved, refused.value.resets_at) == (100, datetime(2026, 11, 21, 16, tzinfo=UTC))
    at = NOON + 7 * DAY
    assert selectors.usage(tenant.id, at=at).remaining == 60
    reserve(tenant, 60, at=at)
    with pytest.raises(errors.QuotaExceeded):
        reserve(tenant, 1, at=at)
    assert Counter.objects.count() == 3
    assert reconcile() == []


def test_days_roll_into_a_month(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """A tenant that goes from rolling days to the month takes along the days of this month."""
    tenant = make_tenant("changing", rolling_days=30)
    reserve(tenant, 50, at=NOON - 20 * DAY)  # October
    reserve(tenant, 30, at=NOON)
    plan_change(name=tenant.name, limits={"rolling_days": None})
    assert selectors.usage(tenant.id, at=NOON).remaining == 70
    with pytest.raises(errors.QuotaExceeded):
        reserve(tenant, 71, at=NOON)
    reserve(tenant, 70, at=NOON)


def test_a_raise_ends(tenant: Tenant, reserve: Reserve) -> None:
    """It adds to the plan until its date, several add up, and what was taken meanwhile stays taken."""
    now = timezone.now()
    quota_raise(tenant=tenant, characters=30, until=now + timedelta(hours=1))
    quota_raise(tenant=tenant, characters=20, until=now + timedelta(hours=2))
    assert selectors.usage(tenant.id).limit == 150
    reserve(tenant, 150)
    after = now + timedelta(hours=3)
    if selectors.usage(tenant.id, at=after).reserved:  # unless the month turns in these hours
        assert selectors.usage(tenant.id, at=after).remaining == 0
        with pytest.raises(errors.QuotaExceeded) as refused:
            reserve(tenant, 1, at=after)
        assert (refused.value.limit, refused.value.reserved) == (100, 150)


@pytest.mark.parametrize(
    ("cap", "error"),
    [
        ({"characters_per_period": 9}, errors.KeyQuotaExceeded),
        ({"characters_per_minute": 9}, errors.RateExceeded),
        ({"concurrent_requests": 1}, errors.ConcurrencyExceeded),
        ({"max_text_characters": 4}, errors.TextTooLong),
    ],
)
def test_a_key_has_caps_of_its_own(
    tenant: Tenant, key: ApiKey, reserve: Reserve, cap: dict[str, int], error: type[Exception]
) -> None:
    """A key at its cap is refused; the tenant's other key and its members are not."""
    other = api_key_create(tenant=tenant)[0]
    key_limit_set(key_id=key.id, limits=cap)
    if error is not errors.TextTooLong:
        reserve(tenant, 5, api_key_id=key.id)
    with pytest.raises(error):
        reserve(tenant, 5, api_key_id=key.id)
    reserve(tenant, 5, api_key_id=other.id)
    reserve(tenant, 5)
    key_limit_set(key_id=key.id, limits=dict.fromkeys(cap))
    reserve(tenant, 5, api_key_id=key.id)


def test_a_cap_counts_what_the_key_used_before_it_was_set(tenant: Tenant, key: ApiKey, reserve: Reserve) -> None:
    """A key's characters are counted from its first request, capped or not."""
    synthesis = uuid.uuid4()
    reserve(tenant, 8, api_key_id=key.id, synthesis_id=synthesis)
    services.settle(synthesis_id=synthesis, characters=8)
    key_limit_set(key_id=key.id, limits={"characters_per_period": 10})
    with pytest.raises(errors.KeyQuotaExceeded) as refused:
        reserve(tenant, 3, api_key_id=key.id)
    assert (refused.value.limit, refused.value.used) == (10, 8)
    assert "this key's 10" in str(refused.value)
    assert reconcile() == []


def test_a_key_s_days_roll_too(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """The key's cap has the tenant's period."""
    tenant = make_tenant("rolling", rolling_days=2)
    key = api_key_create(tenant=tenant)[0]
    key_limit_set(key_id=key.id, limits={"characters_per_period": 10})
    reserve(tenant, 10, api_key_id=key.id, at=NOON)
    with pytest.raises(errors.KeyQuotaExceeded):
        reserve(tenant, 1, api_key_id=key.id, at=NOON + DAY)
    reserve(tenant, 10, api_key_id=key.id, at=NOON + 2 * DAY)


def test_a_key_of_another_tenant_is_no_key(tenant: Tenant, make_tenant: MakeTenant, reserve: Reserve) -> None:
    """It can neither be charged nor capped through this tenant."""
    foreign = api_key_create(tenant=make_tenant("bob-team"))[0]
    with pytest.raises(UnknownApiKey, match="has no key"):
        reserve(tenant, 1, api_key_id=foreign.id)


def test_a_suspended_tenant_ends_what_it_began(tenant: Tenant, reserve: Reserve) -> None:
    """Nothing new is taken; what was accepted is settled; afterwards all is as before."""
    synthesis = uuid.uuid4()
    reserve(tenant, 10, synthesis_id=synthesis)
    account_suspend(tenant=tenant)
    with pytest.raises(errors.TenantSuspended):
        reserve(tenant, 1)
    assert services.settle(synthesis_id=synthesis, characters=10)
    account_resume(tenant=tenant)
    reserve(tenant, 1)
    assert selectors.usage(tenant.id).used == 10


def test_a_tenant_with_bills_cannot_be_deleted(tenant: Tenant, reserve: Reserve) -> None:
    """Not while it speaks and not afterwards: its books stay. The operator suspends it instead."""
    reserve(tenant, 10)
    with pytest.raises(ProtectedError):
        tenant.delete()


def test_a_revoked_key_ends_what_it_began(tenant: Tenant, key: ApiKey, reserve: Reserve) -> None:
    """The door refuses it from now on; what it began is billed to it."""
    synthesis = uuid.uuid4()
    reserve(tenant, 10, api_key_id=key.id, synthesis_id=synthesis)
    api_key_revoke(key_id=key.id)
    assert services.settle(synthesis_id=synthesis, characters=10)
    assert selectors.usage(tenant.id).used == 10
    assert reconcile() == []


def test_a_refusal_names_the_lasting_reason_first(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Where the quota is full and so is the house, waiting does not help: the quota is what is told."""
    tenant = make_tenant("both", concurrent_requests=1)
    reserve(tenant, 100)
    with pytest.raises(errors.QuotaExceeded):
        reserve(tenant, 1)


def test_a_change_of_the_key_s_caps_holds_at_once(tenant: Tenant, key: ApiKey, reserve: Reserve) -> None:
    """The next request obeys it, up and down."""
    caps: list[dict[str, Any]] = [{"max_text_characters": 3}, {"max_text_characters": 9}]
    key_limit_set(key_id=key.id, limits=caps[0])
    with pytest.raises(errors.TextTooLong):
        reserve(tenant, 5, api_key_id=key.id)
    key_limit_set(key_id=key.id, limits=caps[1])
    reserve(tenant, 5, api_key_id=key.id)
