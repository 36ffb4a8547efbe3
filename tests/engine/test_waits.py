"""What a request has before it, how long that takes, and when it is refused at the door."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from billing.models import Counter, LedgerEntry
from billing.selectors import usage
from tests.factories import make_plan, make_queued, make_tenant
from tts_engine import presence, queue, relay
from tts_engine.errors import Overloaded
from tts_engine.models import Status, Synthesis
from tts_engine.services import Caller, Order, synthesis_request
from tts_engine.waits import Wait, wait_of_row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

TEN = "一二三四五六七八九十"
SetPace = Callable[..., None]


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetPace]:
    """pace(a, b, ...): workers that tell so many characters a second; the queue's clock starts anew."""
    monkeypatch.setattr(presence, "PACE_KEPT_SECONDS", 0)
    monkeypatch.setattr(presence._known, "until", 0.0)  # what the test before this one was told
    relay.writer().delete(*queue.REQUESTS)

    def pace(*rates: float) -> None:
        for number, rate in enumerate(rates):
            relay.writer().set(f"worker:test-{number}", rate)

    yield pace
    relay.writer().delete(*queue.REQUESTS, *(f"worker:test-{number}" for number in range(9)))


def ask(tenant: Tenant, text: str = TEN, patience: timedelta | None = None) -> Synthesis:
    order = Order(text=text, voice="xiaoxiao", model="tts-1", audio_format="wav", patience=patience)
    return synthesis_request(caller=Caller(tenant_id=tenant.id), order=order)


def wait(synthesis: Synthesis) -> Wait:
    found = wait_of_row(synthesis)
    assert found is not None
    return found


def test_what_is_ahead_is_what_goes_first(pace: SetPace) -> None:
    """Rows of a lower tag or a higher class; not those that came before it and yet go after it."""
    pace(2)
    crowd, lone = make_tenant(), make_tenant()
    rows = [ask(crowd) for _ in range(5)]
    assert [(wait(row).position, wait(row).characters, wait(row).seconds) for row in rows[:2]] == [
        (0, 0, 0),
        (1, 10, 5),
    ]
    own = ask(lone, "二字")
    assert (wait(own).position, wait(own).seconds) == (0, 0)
    make_queued(make_tenant(), priority=-1, text="三个字")
    assert wait(own).position == 1
    assert wait(rows[4]).position == 6


def test_a_long_text_counts_as_far_as_it_goes_first(pace: SetPace) -> None:
    """Its later sentences have later tags: they are not waited for."""
    pace(1)
    long, other = make_tenant(), make_tenant()
    ask(long, TEN * 10)
    assert [round(wait(ask(other)).characters) for _ in range(3)] == [0, 10 + 10, 20 + 20]


def test_what_was_spoken_of_a_running_text_is_not_waited_for(pace: SetPace) -> None:
    """The queue's clock says how far it has come."""
    pace(2)
    tenant = make_tenant()
    first, second = ask(tenant, TEN * 10), ask(tenant)
    assert queue.claim() is not None
    assert wait(second).characters == 100
    assert (first.start_tag, first.finish_tag) == (0, second.start_tag)
    queue.tell_clock("test-0", (0, (second.start_tag or 0) * 3 // 4))
    assert wait(second).characters == 25


def test_pace_is_that_of_all_live_workers(pace: SetPace) -> None:
    """One that has not spoken yet counts as the mean of the others; without any nobody knows."""
    assert presence.pace() == 0
    pace(0)
    assert presence.pace() == 0
    pace(10, 30, 0)
    assert presence.pace() == 60


def test_too_long_a_wait_is_refused_and_nothing_is_written(pace: SetPace, settings: Settings) -> None:
    """The door knows what this very request would wait; the error says when it would fit."""
    settings.QUEUE_LONGEST = timedelta(seconds=6)
    pace(2)
    tenant = make_tenant()
    ask(tenant)
    ask(tenant)  # waits five seconds
    before = (list(LedgerEntry.objects.values()), list(Counter.objects.values()))
    with pytest.raises(Overloaded) as refused:
        ask(tenant)  # would wait ten
    assert refused.value.retry_after == 4
    assert (list(LedgerEntry.objects.values()), list(Counter.objects.values())) == before
    assert (Synthesis.objects.count(), usage(tenant.id).reserved) == (2, 20)


def test_a_flood_is_refused_and_a_lone_request_is_let_in(pace: SetPace, settings: Settings) -> None:
    """Each is measured by what goes before it, and a lone request has nothing of the crowd before it."""
    settings.QUEUE_LONGEST = timedelta(seconds=60)
    pace(2)
    crowd, lone = make_tenant(), make_tenant()
    let_in = 0
    with pytest.raises(Overloaded):
        for let_in in range(100):  # noqa: B007
            ask(crowd)
    assert let_in == 13
    assert ask(lone).status == Status.QUEUED


def test_work_of_a_lower_class_may_wait(pace: SetPace, settings: Settings) -> None:
    """Jobs are there to fill the night: they are not refused, and nothing of higher class waits for them."""
    settings.QUEUE_LONGEST = timedelta(seconds=6)
    pace(1)
    plan = make_plan()
    plan.priority = 5
    plan.save()
    tenant = make_tenant(plan=plan)
    for _ in range(5):
        ask(tenant)
    assert ask(make_tenant()).status == Status.QUEUED


def test_a_caller_who_waits_less_is_refused_sooner(pace: SetPace, settings: Settings) -> None:
    """Its own deadline is the bound where it comes before the platform's, also for a job."""
    settings.QUEUE_LONGEST = timedelta(seconds=60)
    pace(2)
    tenant = make_tenant()
    ask(tenant)
    with pytest.raises(Overloaded):
        ask(tenant, patience=timedelta(seconds=4))
    assert ask(tenant, patience=timedelta(seconds=8)).status == Status.QUEUED


def test_with_no_pace_told_everything_is_let_in(pace: SetPace, settings: Settings) -> None:
    """A platform that has just started knows nothing of itself, and refuses nobody for it."""
    settings.QUEUE_LONGEST = timedelta(seconds=1)
    tenant = make_tenant()
    rows = [ask(tenant) for _ in range(3)]
    assert wait(rows[2]).seconds is None
    assert wait(rows[2]).start is None


def test_a_row_whose_deadline_passed_is_not_spoken_and_not_billed(pace: SetPace) -> None:
    """No worker claims it; the sweeper cancels it, says why, and gives its characters back."""
    tenant = make_tenant()
    row = ask(tenant, patience=timedelta(milliseconds=1))
    kept = ask(tenant, patience=timedelta(hours=1))
    claimed = queue.claim()
    assert claimed is not None
    assert claimed.id == kept.id
    assert queue.expire() == 1
    row.refresh_from_db()
    assert (row.status, row.error_code, row.billed_characters) == (Status.CANCELLED, "deadline_exceeded", 0)
    assert usage(tenant.id).reserved == kept.characters
    assert wait_of_row(row) is None
