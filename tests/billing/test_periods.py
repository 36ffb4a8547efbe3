"""The period is the calendar month of the tenant's own time zone."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Tenant
from billing import selectors, services
from billing.errors import QuotaExceeded
from billing.models import Counter
from billing.services import Reservation

pytestmark = pytest.mark.django_db

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]

MIDNIGHT = datetime(2026, 11, 30, 16, tzinfo=UTC)  # 1 December, 0:00 in Shanghai
SECOND = timedelta(seconds=1)


def test_the_month_turns_in_shanghai(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """A full month refuses until its last second there, and the next second has a quota of its own."""
    tenant = make_tenant("shanghai")
    reserve(tenant, 100, at=MIDNIGHT - timedelta(days=20))
    with pytest.raises(QuotaExceeded) as raised:
        reserve(tenant, 1, at=MIDNIGHT - SECOND)
    assert raised.value.resets_at == MIDNIGHT
    reserve(tenant, 100, at=MIDNIGHT)
    assert selectors.usage(tenant.id, at=MIDNIGHT - SECOND).reserved == 100
    assert selectors.usage(tenant.id, at=MIDNIGHT).resets_at == datetime(2026, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "starts", "ends"),
    [
        ("UTC", "2026-11-30T23:59:59", "2026-11-01T00:00:00", "2026-12-01T00:00:00"),
        ("Asia/Shanghai", "2026-12-31T15:59:59", "2026-11-30T16:00:00", "2026-12-31T16:00:00"),
        ("America/New_York", "2026-03-10T12:00:00", "2026-03-01T05:00:00", "2026-04-01T04:00:00"),  # clocks go forward
        ("Asia/Kathmandu", "2026-02-28T18:15:00", "2026-02-28T18:15:00", "2026-03-31T18:15:00"),  # +5:45
        ("Pacific/Kiritimati", "2024-02-29T09:59:59", "2024-01-31T10:00:00", "2024-02-29T10:00:00"),  # +14, leap year
    ],
)
def test_months_of_the_world(
    make_tenant: MakeTenant, reserve: Reserve, zone: str, at: str, starts: str, ends: str
) -> None:
    """Offsets, summer time and leap years come from the time zone database."""
    tenant = make_tenant("somewhere", time_zone=zone)
    moment, start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, starts, ends))
    reserve(tenant, 1, at=moment)
    counter = Counter.objects.get()
    assert (counter.period_start, counter.period_end) == (start, end)
    assert selectors.usage(tenant.id, at=moment).resets_at == end


def test_what_began_last_month_is_billed_last_month(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """A request that ends after the turn is settled in the period that promised it."""
    tenant, synthesis = make_tenant("night-shift"), uuid.uuid4()
    reserve(tenant, 70, synthesis_id=synthesis, at=MIDNIGHT - SECOND)
    reserve(tenant, 20, at=MIDNIGHT)
    services.settle(synthesis_id=synthesis, characters=70, at=MIDNIGHT + SECOND)
    assert selectors.usage(tenant.id, at=MIDNIGHT - SECOND).used == 70
    assert selectors.usage(tenant.id, at=MIDNIGHT).used == 0


def test_a_month_without_requests_is_empty(make_tenant: MakeTenant) -> None:
    """Usage needs no row to be there."""
    usage = selectors.usage(make_tenant("quiet").id, at=MIDNIGHT)
    assert (usage.limit, usage.used, usage.reserved, usage.remaining) == (100, 0, 0, 100)
    assert not Counter.objects.exists()


def test_the_queue_knows_no_months(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """Work that waits from last month keeps its place before this month's of the same tenant."""
    tenant = make_tenant("backlog")
    last = [reserve(tenant, 50, at=MIDNIGHT - SECOND).start_tag for _ in range(2)]
    assert reserve(tenant, 50, at=MIDNIGHT).start_tag > max(last)
