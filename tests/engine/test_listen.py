"""What a caller hears while a worker speaks, and what becomes of the row when one side goes away."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, cast

import numpy as np
import pytest
from asgiref.sync import ThreadSensitiveContext
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from billing.selectors import usage
from tests.engine.conftest import Run
from tests.factories import make_done, make_queued, make_tenant, make_timeline
from tests.kept import answer_of
from tts_engine import listen, queue, relay
from tts_engine.errors import DeadlinePassed, SpeechTimeout, SynthesisCancelled, SynthesisFailed, TimesNotKept
from tts_engine.models import Status, Synthesis
from tts_engine.speech.timeline import Timeline

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = np.zeros(2400, np.float32)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the row after a twentieth of a second of silence instead of four."""
    monkeypatch.setattr(relay, "BLOCK_MS", 50)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


async def heard(synthesis: Synthesis) -> bytes:
    return b"".join([piece async for piece in listen.answer(synthesis)])


def status_of(synthesis: Synthesis) -> str:
    return Synthesis.objects.get(id=synthesis.id).status


def test_a_finished_one_is_read_from_the_store(run: Run[Any], tenant: Tenant) -> None:
    """The cache's answer needs no relay."""
    done = make_done(tenant, SILENCE)
    assert run(heard(done)) == answer_of(done).read_bytes()


def test_a_finished_one_tells_its_sentences_first(run: Run[Any], tenant: Tenant) -> None:
    """They are all known; one that was spoken before times were kept is refused."""
    timeline = make_timeline("好。走！")
    done = make_done(tenant, SILENCE, timeline=timeline)

    async def all_of(synthesis: Synthesis) -> list[bytes | Timeline]:
        return [each async for each in listen.timed_answer(synthesis)]

    assert run(all_of(done)) == [timeline, answer_of(done).read_bytes()]
    with pytest.raises(TimesNotKept):
        run(all_of(make_done(tenant, SILENCE)))


def test_what_the_relay_lost_comes_from_the_store(run: Run[Any], tenant: Tenant) -> None:
    """Valkey forgot the stream in the middle: the caller gets the rest, each byte once."""
    done = make_done(tenant, SILENCE)
    relay.writer().delete(f"speech:{done.id}")
    whole = answer_of(done).read_bytes()
    relay.send(done.id, whole[:100], attempt=1, offset=0)
    relay.send(done.id, whole[300:], attempt=1, offset=300)
    done.status = Status.RUNNING  # as the caller's side knew it when it began to listen
    assert run(heard(done)) == whole


def test_a_silent_relay_is_made_up_for_by_the_row(run: Run[Any], tenant: Tenant) -> None:
    """The end of the stream never came, but the row is done; one that failed or was cancelled says so."""
    done = make_done(tenant, SILENCE)
    relay.writer().delete(f"speech:{done.id}")
    done.status = Status.RUNNING
    assert run(heard(done)) == answer_of(done).read_bytes()
    make_queued(tenant)
    failed = queue.claim()
    assert failed is not None
    queue.fail(failed, SynthesisFailed("why", code="synthesis_failed"))
    cancelled = make_queued(tenant)
    queue.cancel(cancelled)
    for row, error in ((failed, SynthesisFailed), (cancelled, SynthesisCancelled)):
        relay.writer().delete(f"speech:{row.id}")
        with pytest.raises(error):
            run(heard(row))


def test_a_turn_that_does_not_come_in_time_is_cancelled(
    run: Run[Any], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its deadline the caller is told, long before a silent reader would look; nothing is billed."""
    monkeypatch.setattr(relay, "BLOCK_MS", 4_000)
    row = make_queued(tenant)
    row.deadline = timezone.now() + timedelta(milliseconds=300)
    row.save(update_fields=["deadline"])
    with pytest.raises(DeadlinePassed):
        run(heard(row))
    assert timezone.now() - row.deadline < timedelta(seconds=2)
    row.refresh_from_db()
    assert (row.status, row.error_code, row.billed_characters) == (Status.CANCELLED, "deadline_exceeded", 0)
    assert usage(tenant.id).reserved == 0


def test_a_deadline_is_for_the_start(run: Run[Any], tenant: Tenant) -> None:
    """What is being spoken when it passes is spoken to its end."""
    row = make_queued(tenant)
    row.deadline = timezone.now() + timedelta(milliseconds=100)
    row.save(update_fields=["deadline"])
    claimed = queue.claim()
    assert claimed is not None

    async def both() -> bytes:
        listening = asyncio.create_task(heard(row))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(relay.send, row.id, b"abc", attempt=1, offset=0)
        await asyncio.to_thread(relay.end, row.id, attempt=1, size=3)
        return await listening

    assert run(both()) == b"abc"


def test_without_the_relay_the_store_answers(run: Run[Any], tenant: Tenant, settings: Settings) -> None:
    """Valkey cannot be reached while a caller waits: the caller waits for the stored audio instead."""
    done = make_done(tenant, SILENCE)
    done.status = Status.RUNNING
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    assert run(heard(done)) == answer_of(done).read_bytes()


async def hang_up(synthesis: Synthesis) -> None:
    waiting = asyncio.create_task(heard(synthesis))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_who_hangs_up_in_the_queue_is_cancelled(run: Run[Any], tenant: Tenant) -> None:
    row = make_queued(tenant)
    run(hang_up(row))
    assert status_of(row) == Status.CANCELLED


def test_who_hangs_up_while_it_is_spoken_is_not(run: Run[Any], tenant: Tenant) -> None:
    """What has begun is finished and kept for the history, but the worker is told that nobody listens."""
    make_queued(tenant)
    row = queue.claim()
    assert row is not None
    assert not relay.has_hung_up(row.id)
    run(hang_up(row))
    assert status_of(row) == Status.RUNNING
    assert relay.has_hung_up(row.id)


def test_whenever_one_hangs_up_it_is_heard(run: Run[Any], tenant: Tenant, settings: Settings) -> None:
    """After any number of turns of the event loop, be it just as something was sent to Valkey."""
    settings.SPEECH_WAIT = timedelta(seconds=1)  # after which who was not heard is told so
    make_queued(tenant)
    row = queue.claim()
    assert row is not None

    async def hang_up_after(turns: int) -> None:
        waiting = asyncio.create_task(heard(row))
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def hang_up_at_all_times() -> None:
        for turns in range(100):
            await hang_up_after(turns)

    run(hang_up_at_all_times())


def test_who_stops_reading_in_the_middle_ends_nothing(run: Run[Any], tenant: Tenant) -> None:
    """Closing the answer after its first piece, as a server does with a stream, leaves a running row alone."""
    make_queued(tenant)
    row = queue.claim()
    assert row is not None
    relay.send(row.id, b"first", attempt=1, offset=0)

    async def one() -> bytes:
        pieces = cast(AsyncGenerator[bytes], listen.answer(row))
        first = await anext(pieces)
        await pieces.aclose()
        return first

    assert run(one()) == b"first"
    assert status_of(row) == Status.RUNNING


def test_patience_ends(run: Run[Any], tenant: Tenant, settings: Settings) -> None:
    """No audio in time: the caller is told to try later, and the row will not be spoken for nobody."""
    settings.SPEECH_WAIT = timedelta(0)
    row = make_queued(tenant)
    with pytest.raises(SpeechTimeout):
        run(heard(row))
    assert status_of(row) == Status.CANCELLED


def test_forty_who_wait_hold_no_connection(run: Run[Any], tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in a thread of its own, as in a web process: between two looks at their rows the pool has all it gave."""
    monkeypatch.setattr(relay, "BLOCK_MS", 500)
    rows = [make_queued(tenant) for _ in range(40)]
    pool = connection.pool  # type: ignore[attr-defined]
    connection.close()  # this thread's own goes back too

    async def wait(row: Synthesis) -> None:
        async with ThreadSensitiveContext():
            await heard(row)

    async def watch() -> list[int]:
        waiting = [asyncio.create_task(wait(row)) for row in rows]
        taken = []
        for _ in range(200):
            await asyncio.sleep(0.01)
            stats = pool.get_stats()
            taken.append(stats["pool_size"] - stats["pool_available"])
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return taken

    looks = pool.get_stats()["requests_num"]
    taken = run(watch())
    assert pool.get_stats()["requests_num"] - looks >= 80  # at least one look and one cancellation each
    assert sorted(taken)[len(taken) // 2] == 0, taken
