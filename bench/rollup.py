"""What do the sums of usage cost: requests a second with and without them, one hot tenant and 200 tenants?

Each request is two transactions, as in the platform: one reserves, one settles and adds to day and hour.
Threads of one process on the embedded PostgreSQL as it runs in production (fsync on), all on one key
and one voice, so that a hot tenant's requests meet in one row of each.

    python -m bench.rollup
"""

import statistics
import time
from uuid import UUID, uuid4

from bench.database import SECONDS, running, under_load

THREADS = 8
TENANTS = 200


def one_request(tenant_id: UUID, *, with_sums: bool) -> float:
    """Seconds of the transaction that settles."""
    from django.db import transaction
    from django.utils import timezone

    from billing import services
    from billing.usage.facts import UsageFacts
    from billing.usage.services import usage_add, usage_values

    synthesis_id, at = uuid4(), timezone.now()
    with transaction.atomic():
        services.reserve(tenant_id=tenant_id, synthesis_id=synthesis_id, characters=20, virtual_time=0, at=at)
    began = time.perf_counter()
    with transaction.atomic():
        services.settle(synthesis_id=synthesis_id, characters=20)
        if with_sums:
            facts = UsageFacts(requests=1, billed_characters=20, hanzi=20, gbk_blocks_120=1, calls_300=1)
            values = usage_values(
                tenant_id=tenant_id,
                api_key_id=None,
                member_id=None,
                voice="xiaoxiao",
                model="tts-1",
                at=at,
                facts=facts,
            )
            usage_add(values)
    return time.perf_counter() - began


def load(tenants: list[UUID], *, with_sums: bool) -> None:
    """Requests of these tenants in turn for SECONDS, and what they cost."""

    times = under_load(lambda turn: one_request(tenants[turn % len(tenants)], with_sums=with_sums), THREADS)
    who = "one tenant" if len(tenants) == 1 else f"{len(tenants)} tenants"
    median, p99 = statistics.median(times) * 1000, statistics.quantiles(times, n=100)[98] * 1000
    print(
        f"{who}, {THREADS} at once, {'with' if with_sums else 'without'} sums: "
        f"{len(times) / SECONDS:.0f} requests/s, settling takes {median:.2f} ms, p99 {p99:.2f} ms"
    )


def measure() -> None:
    from django.core.management import call_command

    from accounts.services import tenant_create
    from billing.services import account_open

    call_command("migrate", verbosity=0)
    tenants = []
    for number in range(TENANTS):
        tenant = tenant_create(name=f"bench-{number}")
        account_open(tenant=tenant, plan_name="unlimited")
        tenants.append(tenant.id)
    for some in (tenants[:1], tenants):
        for with_sums in (False, True, False, True):
            load(some, with_sums=with_sums)


def main() -> None:
    with running():
        measure()


if __name__ == "__main__":
    main()
