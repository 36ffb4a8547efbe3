"""Start-time fair queueing: whoever is served lowest tag first gets the shares that the weights say."""

from collections import Counter as Tally
from collections.abc import Callable

import pytest

from accounts.models import Tenant
from billing.services import SCALE, Reservation

pytestmark = pytest.mark.django_db

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]


def test_a_crowd_does_not_delay_another_tenant(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """With 100 requests of one tenant waiting, another's first is served next."""
    crowd, lone = (make_tenant(name, characters_per_period=None) for name in ("crowd", "lone"))
    waiting = [reserve(crowd, 20).start_tag for _ in range(100)]
    served = 3  # the worker has taken three and is at the third's tag
    tag = reserve(lone, 20, virtual_time=waiting[served - 1]).start_tag
    assert sum(other < tag for other in waiting[served:]) == 0


def test_tags_follow_each_other(tenant: Tenant, reserve: Reserve) -> None:
    """A tenant's next request begins in virtual time where its last one ends: characters over weight."""
    assert [reserve(tenant, size).start_tag for size in (10, 5, 1)] == [0, 10 * SCALE, 15 * SCALE]


def test_idleness_saves_up_nothing(tenant: Tenant, reserve: Reserve) -> None:
    """Who comes back after a pause begins at the present of the queue, not in its past."""
    reserve(tenant, 10)
    assert reserve(tenant, 10, virtual_time=99 * SCALE).start_tag == 99 * SCALE
    assert reserve(tenant, 10, virtual_time=100 * SCALE).start_tag == 109 * SCALE


@pytest.mark.parametrize(
    ("weights", "sizes"),
    [((1, 1), (20, 20)), ((1, 3), (20, 20)), ((2, 3), (7, 40)), ((1, 1000), (1, 1))],
)
def test_shares_follow_the_weights(
    make_tenant: MakeTenant, reserve: Reserve, weights: tuple[int, int], sizes: tuple[int, int]
) -> None:
    """While both wait, characters served stand in the ratio of the weights, whatever the sizes of requests."""
    tags = [
        (reserve(tenant, size).start_tag, n, size)
        for n, (weight, size) in enumerate(zip(weights, sizes, strict=True))
        for tenant in [make_tenant(f"weighs-{n}", weight=weight, characters_per_period=None)]
        for _ in range(50)
    ]
    served: Tally[int] = Tally()
    for _, n, size in sorted(tags):
        served[n] += size
        if served[n] == 50 * size:  # one has nothing waiting any more
            break
    # Goyal's bound: normalised service differs by at most one request of each.
    shares = [served[n] / weights[n] for n in (0, 1)]
    assert abs(shares[0] - shares[1]) <= sizes[0] / weights[0] + sizes[1] / weights[1]


def test_priority_comes_with_the_reservation(make_tenant: MakeTenant, reserve: Reserve) -> None:
    """The plan's priority is what the queue looks at before any tag."""
    assert reserve(make_tenant("vip", priority=-5), 1).priority == -5
