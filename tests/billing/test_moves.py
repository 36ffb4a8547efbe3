"""Reserve, then settle or release: what each does to the counter and leaves in the ledger."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Tenant
from billing import selectors, services
from billing.errors import OverSettled, QuotaExceeded, UnknownAccount, UnknownReservation
from billing.models import Counter, LedgerEntry, Plan
from billing.services import Reservation

pytestmark = pytest.mark.django_db

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]


def numbers(tenant: Tenant) -> tuple[int, int, int | None]:
    usage = selectors.usage(tenant.id)
    return usage.used, usage.reserved, usage.remaining


def ledger(tenant: Tenant) -> list[tuple[Any, ...]]:
    """kind, characters, used before and after, reserved before and after; oldest first."""
    fields = ("kind", "characters", "used_before", "used_after", "reserved_before", "reserved_after")
    return list(LedgerEntry.objects.filter(counter__tenant=tenant).order_by("id").values_list(*fields))


def test_a_life_in_the_ledger(tenant: Tenant, reserve: Reserve) -> None:
    """Each move says what was before and what after, and begins where the last one ended."""
    first, second, third = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    reserve(tenant, 40, synthesis_id=first)
    reserve(tenant, 30, synthesis_id=second)
    assert services.settle(synthesis_id=first, characters=40)
    assert services.release(synthesis_id=second)
    reserve(tenant, 60, synthesis_id=third)
    assert services.settle(synthesis_id=third, characters=25)
    assert ledger(tenant) == [
        ("reserve", 40, 0, 0, 0, 40),
        ("reserve", 30, 0, 0, 40, 70),
        ("settle", 40, 0, 40, 70, 30),
        ("release", 30, 40, 40, 30, 0),
        ("reserve", 60, 40, 40, 0, 60),
        ("settle", 25, 40, 65, 60, 0),
    ]
    assert numbers(tenant) == (65, 0, 35)


def test_the_last_character_may_be_had(tenant: Tenant, reserve: Reserve) -> None:
    """A quota of 100 gives 100, not 99 and not 101."""
    reserve(tenant, 99)
    with pytest.raises(QuotaExceeded):
        reserve(tenant, 2)
    reserve(tenant, 1)
    assert numbers(tenant) == (0, 100, 0)


def test_a_refusal_says_why_and_writes_nothing(tenant: Tenant, reserve: Reserve) -> None:
    """The error carries limit, used, reserved and when the quota is renewed."""
    done = uuid.uuid4()
    reserve(tenant, 30, synthesis_id=done)
    services.settle(synthesis_id=done, characters=30)
    reserve(tenant, 60)
    before = ledger(tenant), list(Counter.objects.values())
    with pytest.raises(QuotaExceeded) as raised:
        reserve(tenant, 11)
    refusal = raised.value
    assert (refusal.code, refusal.limit, refusal.used, refusal.reserved) == ("insufficient_quota", 100, 30, 60)
    assert refusal.resets_at == selectors.usage(tenant.id).resets_at
    assert (ledger(tenant), list(Counter.objects.values())) == before


def settle_five(synthesis_id: uuid.UUID) -> bool:
    return services.settle(synthesis_id=synthesis_id, characters=5)


@pytest.mark.parametrize("again", [services.release, settle_five])
@pytest.mark.parametrize("first", [services.release, settle_five])
def test_a_synthesis_ends_once(tenant: Tenant, reserve: Reserve, first: Any, again: Any) -> None:
    """Whichever way it ended, a second settlement or release is False and moves nothing."""
    synthesis = uuid.uuid4()
    reserve(tenant, 10, synthesis_id=synthesis)
    assert first(synthesis_id=synthesis) is True
    before = ledger(tenant), numbers(tenant)
    assert again(synthesis_id=synthesis) is False
    assert (ledger(tenant), numbers(tenant)) == before


def test_an_end_without_a_beginning(tenant: Tenant) -> None:
    """What was never reserved can neither be settled nor released."""
    with pytest.raises(UnknownReservation):
        services.settle(synthesis_id=uuid.uuid4(), characters=1)
    with pytest.raises(UnknownReservation):
        services.release(synthesis_id=uuid.uuid4())


@pytest.mark.parametrize("characters", [11, -1])
def test_a_settlement_stays_within_its_reservation(tenant: Tenant, reserve: Reserve, characters: int) -> None:
    """More than was reserved, or less than nothing, is refused, and the reservation stays open."""
    synthesis = uuid.uuid4()
    reserve(tenant, 10, synthesis_id=synthesis)
    with pytest.raises(OverSettled):
        services.settle(synthesis_id=synthesis, characters=characters)
    assert numbers(tenant) == (0, 10, 90)


def test_a_synthesis_reserves_once(tenant: Tenant, reserve: Reserve) -> None:
    """The database refuses a second reservation of the same synthesis, and the counter does not move."""
    synthesis = uuid.uuid4()
    reserve(tenant, 10, synthesis_id=synthesis)
    with pytest.raises(IntegrityError, match="ledger_one_reservation"):
        reserve(tenant, 10, synthesis_id=synthesis)
    assert numbers(tenant) == (0, 10, 90)


def test_nothing_remains_of_a_rolled_back_request(tenant: Tenant) -> None:
    """The reservation belongs to the transaction that writes the request."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.reserve(tenant_id=tenant.id, synthesis_id=uuid.uuid4(), characters=10, virtual_time=0)
        _ = 1 / 0
    assert numbers(tenant) == (0, 0, 100)
    assert ledger(tenant) == []


@pytest.mark.parametrize(("characters", "virtual_time"), [(-1, 0), (1, -1)])
def test_negative_numbers_are_a_mistake(tenant: Tenant, reserve: Reserve, characters: int, virtual_time: int) -> None:
    """A negative reservation would be a gift."""
    with pytest.raises(ValueError, match="negative"):
        reserve(tenant, characters, virtual_time=virtual_time)


def test_no_characters_cost_nothing(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """A request that bills nothing passes a quota that is full."""
    tenant = make_tenant("poor", characters_per_period=0)
    reserve(tenant, 0)
    with pytest.raises(QuotaExceeded):
        reserve(tenant, 1)


def test_a_tenant_without_account(reserve: Reserve) -> None:
    """It may reserve nothing, and has neither limits nor usage."""
    stranger = Tenant.objects.create(name="stranger")
    with pytest.raises(UnknownAccount):
        reserve(stranger, 1)
    with pytest.raises(UnknownAccount):
        selectors.usage(stranger.id)
    with pytest.raises(UnknownAccount):
        selectors.limits(stranger.id)


def test_a_plan_without_limit(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """None is no limit: usage counts, nothing remains to be known."""
    tenant = make_tenant("free", characters_per_period=None, max_text_characters=10**9)
    reserve(tenant, 10**9)
    usage = selectors.usage(tenant.id)
    assert (usage.limit, usage.used, usage.reserved, usage.remaining) == (None, 0, 10**9, None)


def test_a_plan_change_holds_at_once(tenant: Tenant, make_tenant: MakeTenant, reserve: Reserve) -> None:
    """The next reservation obeys the new plan, up and down; a lower one takes back nothing promised."""
    make_tenant("bigger", characters_per_period=150)
    make_tenant("smaller", characters_per_period=50)
    reserve(tenant, 100)
    services.plan_set(tenant=tenant, plan_name="bigger")
    reserve(tenant, 50)
    services.plan_set(tenant=tenant, plan_name="smaller")
    assert selectors.limits(tenant.id).plan == "smaller"
    assert numbers(tenant) == (0, 150, 0)
    with pytest.raises(QuotaExceeded):
        reserve(tenant, 1)


def test_a_changed_plan_holds_at_once(tenant: Tenant, reserve: Reserve) -> None:
    """The limits of a plan are read with each reservation."""
    reserve(tenant, 100)
    Plan.objects.filter(name=tenant.name).update(characters_per_period=101)
    reserve(tenant, 1)


def test_one_statement_reserves(tenant: Tenant) -> None:
    """In the middle of a month a reservation is one statement, a settlement two."""
    for synthesis in (uuid.uuid4(), uuid.uuid4()):
        with CaptureQueriesContext(connection) as reserving:
            services.reserve(tenant_id=tenant.id, synthesis_id=synthesis, characters=1, virtual_time=0)
        with CaptureQueriesContext(connection) as settling:
            services.settle(synthesis_id=synthesis, characters=1)
    assert (len(reserving), len(settling)) == (1, 2)
