"""How a worker process takes rows: no more than it can begin, but always the one whose turn it is."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction

from accounts.models import Tenant
from tests.factories import make_queued, make_tenant
from tests.system.instance import until
from tts_engine import queue, relay
from tts_engine.fair import Rank
from tts_engine.models import Status, Synthesis
from tts_engine.taking import Taker

pytestmark = pytest.mark.django_db(transaction=True)


class Process:
    """A worker process whose rows are spoken when the test says so; each has one sentence that waits."""

    def __init__(self) -> None:
        self.spoken: list[Synthesis] = []
        self.waiting: list[Rank] = []
        self.may_end = threading.Event()
        self.taker = Taker(self.speak, lambda: list(self.waiting))

    def speak(self, synthesis: Synthesis) -> None:
        self.waiting.append((synthesis.priority, synthesis.start_tag or 0))
        self.taker.read(synthesis)
        self.spoken.append(synthesis)
        self.may_end.wait()

    def begin_next(self) -> None:
        """The voice takes the lowest that waits."""
        self.waiting.sort()
        self.taker.begun(self.waiting.pop(0))

    def await_rows(self, number: int) -> None:
        until(lambda: len(self.spoken) == number)

    def settled(self) -> list[Synthesis]:
        """What it has taken, once it takes no more."""
        threading.Event().wait(0.6)
        return self.spoken


@pytest.fixture
def clock() -> Iterator[None]:
    """The queue's, as in a new installation."""
    relay.writer().delete(*queue.REQUESTS)
    yield
    relay.writer().delete(*queue.REQUESTS)


@pytest.fixture
def start(clock: None) -> Iterator[Callable[[], Process]]:
    """start(): a process that begins to take rows; it is stopped at the end."""
    processes: list[Process] = []

    def start() -> Process:
        process = Process()
        process.taker.start(f"test-{len(processes)}")
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.taker.stop()
        process.may_end.set()
        process.taker._threads.shutdown()


@pytest.fixture
def crowd() -> Tenant:
    """A tenant with a hundred requests in the queue."""
    tenant = make_tenant()
    for _ in range(100):
        make_queued(tenant)
    return tenant


def test_a_process_takes_one_row_ahead(crowd: Tenant, start: Callable[[], Process]) -> None:
    """It leaves the rest to processes with more room; as a sentence begins it takes the next."""
    process = start()
    until(lambda: len(process.spoken) == 1)
    for taken in range(2, 5):
        process.begin_next()
        process.await_rows(taken)
    assert len(process.settled()) == 4
    assert Synthesis.objects.filter(status=Status.QUEUED).count() == 96


def test_a_lone_request_is_taken_at_once_and_goes_first(crowd: Tenant, start: Callable[[], Process]) -> None:
    """The process has its hands full of one tenant's rows; another's is claimed all the same, before them all."""
    process = start()
    for taken in range(1, 4):
        process.await_rows(taken)
        process.begin_next()
    until(lambda: len(process.spoken) == 4)
    lone = make_queued(make_tenant())
    process.taker.look()
    until(lambda: process.spoken[-1].id == lone.id)
    assert min(process.waiting) == (0, process.spoken[-1].start_tag)
    assert len(process.settled()) == 5


@transaction.atomic
def make_suspect() -> Synthesis:
    """A row that goes first, and whose workers have died but for the last attempt."""
    row = make_queued(make_tenant(), priority=-1)
    Synthesis.objects.filter(id=row.id).update(attempt=settings.MAX_ATTEMPTS - 1)
    return row


def test_a_suspect_waits_until_nothing_else_is_in_hand(crowd: Tenant, start: Callable[[], Process]) -> None:
    """A process that has it before itself takes nothing more, and then the suspect first: who dies, dies of it."""
    process = start()
    process.await_rows(1)
    suspect = make_suspect()
    process.begin_next()  # there is room for more
    assert len(process.settled()) == 1
    process.may_end.set()
    until(lambda: len(process.spoken) > 1)
    assert process.spoken[1].id == suspect.id


def test_nothing_is_taken_beside_a_suspect(crowd: Tenant, start: Callable[[], Process]) -> None:
    """However much room there is: what dies with it would be as suspect."""
    suspect = make_suspect()
    process = start()
    process.await_rows(1)
    process.begin_next()
    assert [taken.id for taken in process.settled()] == [suspect.id]


def test_a_row_is_found_without_a_wake_up(start: Callable[[], Process]) -> None:
    """The message was lost, or another process took it: each looks at the queue by itself."""
    process = start()
    process.settled()
    row = make_queued(make_tenant())
    until(lambda: [taken.id for taken in process.spoken] == [row.id], seconds=2)


def test_a_row_that_cannot_be_ended_does_not_end_the_process(
    start: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease runs out; the thread is free for the next."""
    process = start()
    taken: list[object] = []

    def fail(synthesis: Synthesis) -> None:
        taken.append(synthesis.id)
        raise RuntimeError("the database is away")

    monkeypatch.setattr(process.taker, "_speak", fail)
    rows = [make_queued(make_tenant()).id for _ in range(3)]
    until(lambda: set(taken) == set(rows))


def test_the_clock_is_the_sentence_that_is_spoken(crowd: Tenant, start: Callable[[], Process]) -> None:
    """Not the row claimed last: whoever comes now goes before all that only waits, however much of it is claimed."""
    process = start()
    until(lambda: len(process.spoken) == 1)
    process.begin_next()
    served = process.spoken[0].start_tag or 0
    until(lambda: len(process.spoken) == 2)
    until(lambda: queue.virtual_time() == served and relay.writer().exists(queue.REQUESTS.latest))
    process.begin_next()
    until(lambda: queue.virtual_time() > served)
    until(lambda: process.waiting)
    assert queue.virtual_time() < min(process.waiting)[1]


def test_the_clock_is_the_lowest_that_busy_workers_serve(clock: None) -> None:
    """Who rests or died holds nobody up; with nobody busy it is the latest tag that was served."""
    queue.tell_clock("one", (0, 5))
    queue.tell_clock("two", (0, 9))
    assert queue.virtual_time() == 5
    queue.tell_clock("one", (0, 7))
    assert queue.virtual_time() == 7
    queue.rest("one")
    assert queue.virtual_time() == 9
    queue.tell_clock("one", (0, 8))
    relay.writer().set("worker:two", 1)
    queue.forget_dead()
    relay.writer().delete("worker:two")
    assert queue.virtual_time() == 9
    queue.forget_dead()
    assert queue.virtual_time() == 9
    queue.tell_clock("three", (0, 6))
    assert queue.virtual_time() == 6


def test_who_stops_takes_no_more(crowd: Tenant, start: Callable[[], Process]) -> None:
    """A worker that is asked to end leaves the queue to the others."""
    process = start()
    until(lambda: len(process.spoken) == 1)
    process.taker.stop()
    process.begin_next()
    assert len(process.settled()) == 1


def test_who_leaves_waits_for_the_rows_in_hand_but_not_for_ever(crowd: Tenant, start: Callable[[], Process]) -> None:
    """False while one is still spoken when the time is over, True once all have ended."""
    process = start()
    until(lambda: len(process.spoken) == 1)
    process.taker.stop()
    assert not process.taker.finish(within=timedelta(seconds=0.3))
    process.may_end.set()
    assert process.taker.finish(within=timedelta(seconds=10))
