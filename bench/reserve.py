"""What does exact accounting cost: reserve-and-settle pairs a second, one hot tenant and 200 tenants?

Threads of one process on the embedded PostgreSQL, as it runs in production (fsync on). Each pair is
two transactions: one reserves as the door does, one settles as a worker does. Prints pairs a second
and the median and 99th percentile of a transaction's time; at the end the books must agree.

    python -m bench.reserve
"""

import statistics
import time
from uuid import UUID, uuid4

from bench.database import SECONDS, running, under_load

THREADS = 8
TENANTS = 200


def pair(tenant_id: UUID, key_id: UUID) -> tuple[float, float]:
    """Seconds of the reserving and of the settling transaction."""
    from django.db import transaction

    from billing import services

    synthesis_id = uuid4()
    began = time.perf_counter()
    with transaction.atomic():
        services.reserve(
            tenant_id=tenant_id, api_key_id=key_id, synthesis_id=synthesis_id, characters=20, virtual_time=0
        )
    reserved = time.perf_counter()
    with transaction.atomic():
        services.settle(synthesis_id=synthesis_id, characters=20)
    return reserved - began, time.perf_counter() - reserved


def load(accounts: list[tuple[UUID, UUID]], threads: int) -> None:
    """Pairs on these (tenant, key) in turn for SECONDS, and what they cost."""

    pairs = under_load(lambda turn: pair(*accounts[turn % len(accounts)]), threads)
    for_each = [
        f"{name} {statistics.median(times) * 1000:.2f} ms, p99 {statistics.quantiles(times, n=100)[98] * 1000:.2f} ms"
        for name, times in zip(("reserve", "settle"), zip(*pairs, strict=True), strict=True)
    ]
    tenants = "one tenant" if len(accounts) == 1 else f"{len(accounts)} tenants"
    print(f"{tenants}, {threads} at once: {len(pairs) / SECONDS:.0f} pairs/s; {'; '.join(for_each)}")


def measure() -> None:
    from django.core.management import call_command

    from accounts.services import api_key_create, tenant_create
    from billing.reconciliation import counters_follow_the_ledger
    from billing.services import account_open

    call_command("migrate", verbosity=0)
    accounts = []
    for number in range(TENANTS):
        tenant = tenant_create(name=f"bench-{number}")
        account_open(tenant=tenant, plan_name="unlimited")
        accounts.append((tenant.id, api_key_create(tenant=tenant)[0].id))
    for used, threads in ((accounts[:1], 1), (accounts[:1], THREADS), (accounts, THREADS)):
        load(used, threads)
    drifts = list(counters_follow_the_ledger())
    assert not drifts, drifts


def main() -> None:
    with running():
        measure()


if __name__ == "__main__":
    main()
