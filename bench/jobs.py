"""What does a job cost, and whom does it keep waiting: 10,000 and 100,000 rows of some thirty characters?

On the embedded PostgreSQL, as it runs in production (fsync on). Prints seconds for each thing that is
done to a job as a whole, the longest that a request of the same team had to wait for its reservation
meanwhile, what the expected wait and a claim cost with all those rows in the queue, and the memory
that this process came to need.

    python -m bench.jobs
"""

import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from bench.database import running

ROWS = (10_000, 100_000)
REPEATS = 200
EVERY = 0.05  # seconds between two requests of the team


@contextmanager
def asking(tenant_id: UUID) -> Iterator[list[float]]:
    """The team goes on with its requests: seconds that each reservation took."""
    from django.db import connection, transaction

    from billing import services

    times: list[float] = []
    stopped = threading.Event()

    def ask() -> None:
        while not stopped.wait(EVERY):
            synthesis_id = uuid4()
            began = time.perf_counter()
            with transaction.atomic():
                services.reserve(tenant_id=tenant_id, synthesis_id=synthesis_id, characters=20, virtual_time=0)
            times.append(time.perf_counter() - began)
            with transaction.atomic():
                services.release(synthesis_id=synthesis_id)
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    yield times
    stopped.set()
    thread.join()


def timed(what: str, act: Callable[[], object], tenant_id: UUID) -> None:
    with asking(tenant_id) as times:
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
    print(f"  {what:<9} {seconds:6.2f} s; a request of the team waited {max(times):.2f} s at most")


def median_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def measure_job(tenant_id: UUID, rows: int) -> None:
    from billing.reconciliation import reconcile
    from tts_engine import queue
    from tts_engine.jobs import selectors, services
    from tts_engine.jobs.drafts import Row, job_create
    from tts_engine.jobs.models import JobKind
    from tts_engine.services import Caller, Order
    from tts_engine.waits import wait_of

    order = Order(text="", voice="xiaoxiao", model="kokoro", audio_format="mp3")
    texts = (Row(f"尊敬的王{n}先生，您的保单{n * 37}将于2026年12月{n % 28 + 1}日到期。") for n in range(rows))
    caller = Caller(tenant_id=tenant_id)
    began = time.perf_counter()
    job = job_create(caller=caller, name="", kind=JobKind.TABLE, order=order, rows=texts)
    print(f"{rows} rows, {job.characters} characters\n  draft     {time.perf_counter() - began:6.2f} s")
    timed("start", lambda: services.job_start(job), tenant_id)
    timed("pause", lambda: services.job_pause(job), tenant_id)
    timed("resume", lambda: services.job_resume(job), tenant_id)
    print(f"  progress  {median_ms(lambda: selectors.progress(job)):6.1f} ms")
    print(f"  the expected wait of a request {median_ms(lambda: wait_of((0, 2**62), clock=0)):.2f} ms")
    print(f"  a claim of a row {median_ms(queue.claim):.2f} ms")
    timed("cancel", lambda: services.job_cancel(job), tenant_id)
    assert not (drifts := reconcile()), drifts


def measure() -> None:
    from django.core.management import call_command

    from accounts.services import tenant_create
    from billing.services import account_open

    call_command("migrate", verbosity=0)
    for rows in ROWS:
        tenant = tenant_create(name=f"bench-{rows}")
        account_open(tenant=tenant, plan_name="unlimited")
        measure_job(tenant.id, rows)
        print(f"  memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")


def main() -> None:
    with running():
        measure()


if __name__ == "__main__":
    main()
