"""Many at once, in real threads on real connections: the quota is never passed and nothing ends twice."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from accounts.models import Tenant
from accounts.services import api_key_create, tenant_create
from billing import reconciliation, selectors, services
from billing.errors import ConcurrencyExceeded, KeyQuotaExceeded, QuotaExceeded
from billing.limits.models import KeyCounter
from billing.limits.services import key_limit_set
from billing.models import Account, Counter, LedgerEntry, Plan
from billing.services import Reservation
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]


def succeeds(reserve: Reserve, tenant: Tenant, **values: Any) -> bool:
    try:
        reserve(tenant, 1, **values)
    except QuotaExceeded:
        return False
    return True


def spoken(reserve: Reserve, tenant: Tenant) -> bool:
    """Reserved and settled, as a request that runs to its end."""
    synthesis = uuid.uuid4()
    try:
        reserve(tenant, 1, synthesis_id=synthesis)
    except QuotaExceeded:
        return False
    with transaction.atomic():
        return services.settle(synthesis_id=synthesis, characters=1)


def test_a_move_belongs_into_a_transaction(tenant: Tenant, reserve: Reserve) -> None:
    """On its own it would be there without the request it is for: refused."""
    synthesis = uuid.uuid4()
    with pytest.raises(transaction.TransactionManagementError):
        services.reserve(tenant_id=tenant.id, synthesis_id=synthesis, characters=1, virtual_time=0)
    reserve(tenant, 1, synthesis_id=synthesis)
    with pytest.raises(transaction.TransactionManagementError):
        services.settle(synthesis_id=synthesis, characters=1)
    with pytest.raises(transaction.TransactionManagementError):
        services.release(synthesis_id=synthesis)


def test_the_race_is_real(tenant: Tenant, reserve: Reserve) -> None:
    """Asked first and moved afterwards, a counter passes its limit: so the tests below mean something."""
    reserve(tenant, 96)
    asked = threading.Barrier(8)

    def ask_then_move() -> bool:
        room = selectors.usage(tenant.id).remaining
        connection.close()
        asked.wait(timeout=10)
        if not room:
            return False
        Counter.objects.filter(tenant=tenant).update(reserved=F("reserved") + 1)
        return True

    assert sum(at_once(8, ask_then_move)) == 8
    assert selectors.usage(tenant.id).reserved == 104 > 100


@pytest.mark.parametrize("repeat", range(3))
def test_exactly_what_is_left_is_given(tenant: Tenant, reserve: Reserve, repeat: int) -> None:
    """Of 50 at once that want one of the last 20 characters exactly 20 get it."""
    reserve(tenant, 80)
    assert sum(at_once(50, lambda: succeeds(reserve, tenant))) == 20
    usage = selectors.usage(tenant.id)
    assert (usage.used, usage.reserved, usage.remaining) == (0, 100, 0)
    assert reconciliation.reconcile() == []


@pytest.mark.parametrize(("clients", "times"), [(64, 20), (256, 5)])
def test_ten_of_a_crowd_get_in(make_tenant: MakeTenant, reserve: Reserve, clients: int, times: int) -> None:
    """With room for ten, exactly ten of 64 or 256 at once succeed, and no settlement passes it, again and again."""
    plan = Plan.objects.get(name=make_tenant("crowd", characters_per_period=10).name)
    for repeat in range(times):
        tenant = tenant_create(name=f"crowd-{repeat}")
        services.account_open(tenant=tenant, plan_name=plan.name)
        speakers = at_once(clients, partial(spoken, reserve, tenant))
        assert sum(speakers) == 10, repeat
        counter = Counter.objects.get(tenant=tenant)
        assert (counter.used, counter.reserved) == (10, 0)
    assert reconciliation.reconcile() == []


@pytest.mark.parametrize("of_the_key", [False, True])
def test_no_more_are_spoken_at_once_than_the_plan_allows(
    make_tenant: MakeTenant, reserve: Reserve, of_the_key: bool
) -> None:
    """Of 40 at once exactly five get a place, whether the plan or the key's own cap has five."""
    tenant = make_tenant("places", concurrent_requests=40 if of_the_key else 5)
    key, _ = api_key_create(tenant=tenant)
    key_limit_set(key_id=key.id, limits={"concurrent_requests": 5 if of_the_key else None})
    open_ones = [uuid.uuid4() for _ in range(40)]
    turns = iter(open_ones)

    def take() -> bool:
        try:
            reserve(tenant, 1, api_key_id=key.id, synthesis_id=next(turns))
        except ConcurrencyExceeded:
            return False
        return True

    assert sum(at_once(40, take)) == 5
    assert Account.objects.get(tenant=tenant).open_requests == 5
    for entry in LedgerEntry.objects.all():
        assert entry.synthesis_id is not None
        with transaction.atomic():
            services.settle(synthesis_id=entry.synthesis_id, characters=1)
    turns = iter([uuid.uuid4()])
    assert take()


def test_a_key_s_cap_is_never_passed(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Two keys of one tenant at once: each gets what its own cap has, the tenant the sum."""
    tenant = make_tenant("capped", characters_per_period=100)
    keys = [api_key_create(tenant=tenant)[0].id for _ in range(2)]
    for key, cap in zip(keys, (7, 9), strict=True):
        key_limit_set(key_id=key, limits={"characters_per_period": cap})
    turns = iter(keys * 20)

    def take() -> bool:
        try:
            reserve(tenant, 1, api_key_id=next(turns))
        except KeyQuotaExceeded:
            return False
        return True

    assert sum(at_once(40, take)) == 16
    assert sorted(KeyCounter.objects.values_list("reserved", flat=True)) == [7, 9]
    assert selectors.usage(tenant.id).reserved == 16
    assert reconciliation.reconcile() == []


def test_two_clocks_at_midnight(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """On rolling days machines on either side of midnight share one quota."""
    tenant = make_tenant("midnight", rolling_days=7, characters_per_period=30)
    midnight = datetime(2026, 11, 15, 16, tzinfo=UTC)
    moments = [midnight - timedelta(seconds=1), midnight]
    for at in moments:
        reserve(tenant, 1, at=at)
    turns = iter(moments * 30)
    assert sum(at_once(60, lambda: succeeds(reserve, tenant, at=next(turns)))) == 28
    assert sum(Counter.objects.values_list("reserved", flat=True)) == 30


def test_a_month_begins_once(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """The month's first 30 requests, all at once, find one counter and get what it has."""
    tenant = make_tenant("new-month", characters_per_period=20)
    assert sum(at_once(30, lambda: succeeds(reserve, tenant))) == 20
    assert Counter.objects.get(tenant=tenant).reserved == 20


def test_tags_are_given_once(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Requests of one tenant at once stand one behind the other in the queue."""
    tenant = make_tenant("busy")
    tags = at_once(20, lambda: reserve(tenant, 2).start_tag)
    assert sorted(tags) == [2 * n * services.SCALE for n in range(20)]


@pytest.mark.parametrize("ends", [("settle",), ("release",), ("settle", "release")])
def test_a_synthesis_ends_once(tenant: Tenant, reserve: Reserve, ends: tuple[str, ...]) -> None:
    """Of many settlements and releases of one synthesis at once a single one counts."""
    synthesis = uuid.uuid4()
    reserve(tenant, 10, synthesis_id=synthesis)
    turns = iter(ends * 12)

    def end() -> bool:
        with transaction.atomic():
            if next(turns) == "settle":
                return services.settle(synthesis_id=synthesis, characters=10)
            return services.release(synthesis_id=synthesis)

    assert sum(at_once(12, end)) == 1
    assert LedgerEntry.objects.exclude(kind="reserve").count() == 1
    assert selectors.usage(tenant.id).reserved == 0
    assert reconciliation.reconcile() == []


def test_everything_at_once_adds_up(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Reserving, settling and releasing of two tenants mixed: the chain holds and no character is lost."""
    tenants = [make_tenant(name, characters_per_period=60) for name in ("first", "second")]
    turn = threading.Lock()
    turns = iter(range(48))

    def live() -> int:
        with turn:
            number = next(turns)
        synthesis = uuid.uuid4()
        try:
            reserve(tenants[number % 2], 4, synthesis_id=synthesis)
        except QuotaExceeded:
            return 0
        with transaction.atomic():
            if number % 3 == 0:
                services.release(synthesis_id=synthesis)
                return 0
            services.settle(synthesis_id=synthesis, characters=3)
        return 3

    billed = sum(at_once(48, live))
    usages = [selectors.usage(tenant.id) for tenant in tenants]
    assert sum(usage.used for usage in usages) == billed > 0
    assert [usage.reserved for usage in usages] == [0, 0]
    assert reconciliation.reconcile() == []
