"""A job's life: what its rows do, what is reserved, released and billed, and when it ends."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Tenant
from billing import services as billing
from billing.errors import QuotaExceeded, TextTooLong
from billing.models import Account, Counter, LedgerEntry, Plan
from billing.reconciliation import reconcile
from billing.selectors import usage
from tests.engine.jobs.conftest import MakeJob, rows_of, statuses
from tests.factories import ORDER, ask, make_plan, make_tenant, speak_queued
from tests.kept import answer_of
from tts_engine import queue
from tts_engine.dictionary.services import entry_make, entry_put
from tts_engine.errors import JobNotFound, JobStateConflict, SynthesisFailed
from tts_engine.jobs import selectors, services
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import Job, JobItem, JobKind, JobStatus
from tts_engine.models import Status, Synthesis
from tts_engine.services import Caller, read_late, synthesis_delete
from tts_engine.speech.text.dictionary import Kind

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]


def reloaded(job: Job) -> Job:
    return Job.objects.get(id=job.id)


def fail_next() -> Synthesis:
    """The next row is claimed, and its voice has no sound for it."""
    row = queue.claim()
    assert row is not None
    assert queue.fail(row, SynthesisFailed("no sound", code="text_unspeakable", refused=True))
    return row


def lose_worker(row: Synthesis) -> None:
    """The worker that holds the row is killed, and its lease runs out."""
    Synthesis.objects.filter(id=row.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    queue.requeue_expired()


def claimed() -> Synthesis:
    row = queue.claim()
    assert row is not None
    return row


def test_a_draft_reserves_nothing(tenant: Tenant, draft: MakeJob) -> None:
    """Its sums are there, but no Synthesis, no ledger entry and nothing to claim."""
    job = draft("你好。", "  再见！ ")
    assert (job.status, job.rows, job.characters, job.facts["hanzi"]) == (JobStatus.DRAFT, 2, 6, 4)
    assert queue.claim() is None
    assert not LedgerEntry.objects.exists()


def test_the_start_reserves_the_whole(tenant: Tenant, started: MakeJob) -> None:
    """One reservation a row, rows in their order, of what the draft said."""
    job = started("你好。", "  再见！ ", "早。")
    assert usage(tenant.id).reserved == job.characters == 8
    assert [row.text for row in rows_of(job, Status.QUEUED)] == ["你好。", "再见！", "早。"]
    assert LedgerEntry.objects.filter(job_id=job.id, kind="reserve").count() == 3
    assert reconcile() == []


def test_over_quota_nothing_starts(draft: MakeJob) -> None:
    """The whole is refused, the draft stays as it was, and not a row is queued."""
    tenant = make_tenant(plan=make_plan(characters=5))
    job = draft("你好。", "再见！", of=tenant)
    with pytest.raises(QuotaExceeded) as refused:
        services.job_start(job)
    assert (refused.value.asked, refused.value.limit) == (6, 5)
    assert reloaded(job).status == JobStatus.DRAFT
    assert not Synthesis.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_row_that_is_too_long_for_the_plan_refuses_all(tenant: Tenant, draft: MakeJob) -> None:
    """As a request of that length would be."""
    Plan.objects.filter(accounts__tenant=tenant).update(max_text_characters=3)
    with pytest.raises(TextTooLong):
        services.job_start(draft("你好。", "再见了！"))
    assert usage(tenant.id).reserved == 0


def test_what_bounds_requests_a_minute_does_not_bound_jobs(tenant: Tenant, draft: MakeJob) -> None:
    """Neither places of concurrent requests nor characters a minute: its rows wait anyway, and put off no request."""
    Plan.objects.filter(accounts__tenant=tenant).update(
        concurrent_requests=1, characters_per_minute=4, max_text_characters=4
    )
    services.job_start(draft("你好。", "再见！", "早上好。"))
    account = Account.objects.get(tenant=tenant)
    assert (account.open_requests, account.open_job_rows) == (0, 3)
    assert ask(tenant).status == Status.QUEUED
    assert reconcile() == []


def test_spoken_to_its_end(tenant: Tenant, started: MakeJob) -> None:
    """With its last row the job is done, and has billed what its draft said."""
    job = started("你好。", "再见！")
    speak_queued()
    assert reloaded(job).status == JobStatus.RUNNING
    speak_queued()
    ended = reloaded(job)
    assert (ended.status, ended.finished_at is not None) == (JobStatus.DONE, True)
    assert (usage(tenant.id).used, usage(tenant.id).reserved) == (job.characters, 0)
    assert reconcile() == []


def test_a_request_goes_before_all_of_a_job(started: MakeJob) -> None:
    """Of its own team as of any other, although the job came first."""
    job = started("你好。", "再见！", of=(own := make_tenant()))
    first, second = ask(own), ask(make_tenant())
    assert {claimed().id for _ in range(2)} == {first.id, second.id}
    assert claimed().job_id == job.id


def test_a_long_job_does_not_put_its_team_behind(tenant: Tenant, started: MakeJob) -> None:
    """The team's requests have a clock of their own: they take turns with another team's as without the job."""
    started(*["一二三四五六七八九十"] * 50)
    other = make_tenant()
    mine, theirs = [ask(tenant, use_cache=False) for _ in range(2)], [ask(other, use_cache=False) for _ in range(2)]
    assert {row.start_tag for row in mine} == {row.start_tag for row in theirs}


def test_jobs_take_turns(started: MakeJob) -> None:
    """A short job that comes after a long one is not behind all of it."""
    long, short = started(*["一二三。"] * 20), started(*["四五六。"] * 3, of=make_tenant())
    served = [claimed().job_id for _ in range(8)]
    assert served.count(short.id) == 3
    assert served.count(long.id) == 5


def test_of_two_jobs_started_at_once_one_follows_the_other(
    tenant: Tenant, draft: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has its place from the ledger, whatever it expected when it began."""
    first, second = draft("一。", "二。"), draft("三。")
    reserve_job = billing.reserve_job

    def overtaken(**asked: Any) -> billing.Reservation:
        expected = reserve_job(**asked)
        if asked.get("trial") and asked["job_id"] == second.id:
            services.job_start(first)
        return expected

    monkeypatch.setattr(billing, "reserve_job", overtaken)
    services.job_start(second)
    (row,) = rows_of(second, Status.QUEUED)
    assert row.start_tag == rows_of(first, Status.QUEUED)[-1].finish_tag
    assert row.finish_tag == Counter.objects.get(tenant=tenant).job_virtual_finish
    assert reconcile() == []


def test_a_paused_job_waits(started: MakeJob) -> None:
    """What waits is held, what is being spoken is spoken to its end; then it goes on where it stopped."""
    job = started("一。", "二。", "三。")
    running = claimed()
    services.job_pause(job)
    assert statuses(job) == ["running", "held", "held"]
    assert queue.claim() is None
    lose_worker(running)
    services.sweep()
    assert statuses(job) == ["held"] * 3
    services.job_resume(job)
    assert [speak_queued().text for _ in range(3)] == ["一。", "二。", "三。"]
    assert reloaded(job).status == JobStatus.DONE
    assert reconcile() == []


def test_cancelled_it_gives_back_what_has_not_begun(tenant: Tenant, started: MakeJob) -> None:
    """What is being spoken is spoken to its end, and billed; with it the job has ended."""
    job = started("一。", "二二。", "三三三。")
    running = claimed()
    services.job_pause(job)
    assert services.job_cancel(job).finished_at is None
    assert (usage(tenant.id).reserved, reconcile()) == (2, [])
    lose_worker(running)
    services.sweep()
    ended = reloaded(job)
    assert (ended.status, ended.finished_at is not None) == (JobStatus.CANCELLED, True)
    assert statuses(job) == ["cancelled"] * 3
    assert (usage(tenant.id).used, usage(tenant.id).reserved, reconcile()) == (0, 0, [])


def test_failed_rows_are_tried_anew(tenant: Tenant, started: MakeJob) -> None:
    """Each reserves again under an id of its own; what failed stays in the history, and the bill is one a row."""
    job = started("一。", "二二。")
    failed = fail_next()
    speak_queued()
    assert (reloaded(job).status, statuses(job)) == (JobStatus.DONE, ["failed", "done"])
    assert [item.number for item in selectors.items(job, status="failed")] == [1]
    services.job_retry(job)
    assert (statuses(job), usage(tenant.id).reserved) == (["queued", "done"], 2)
    again = speak_queued()
    assert (again.text, again.id != failed.id) == ("一。", True)
    assert (reloaded(job).status, usage(tenant.id).used) == (JobStatus.DONE, job.characters)
    assert Synthesis.objects.filter(job=job, status=Status.FAILED).count() == 1
    assert reconcile() == []
    with pytest.raises(JobStateConflict):
        services.job_retry(job)


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (services.job_start, {"draft"}),
        (services.job_pause, {"running"}),
        (services.job_resume, {"paused"}),
        (services.job_cancel, {"draft", "running", "paused"}),
        (services.job_retry, set()),  # nothing has failed
    ],
)
def test_what_may_be_done_when(draft: MakeJob, act: Callable[[Job], Job], allowed: set[str]) -> None:
    """Anything else is refused and changes nothing."""
    for status, acts in {
        "draft": (),
        "running": (services.job_start,),
        "paused": (services.job_start, services.job_pause),
        "cancelled": (services.job_cancel,),
    }.items():
        job = draft("一。")
        for before in acts:
            job = before(job)
        if status in allowed:
            act(job)
            continue
        with pytest.raises(JobStateConflict):
            act(job)
        assert reloaded(job).status == status


def test_a_single_row_can_be_deleted_from_a_paused_job(tenant: Tenant, started: MakeJob) -> None:
    """It is cancelled as a queued one is, its text is gone from the job as well, and the job ends without it."""
    job = started("一。")
    services.job_pause(job)
    synthesis_delete(rows_of(job, Status.HELD)[0])
    assert (reloaded(job).status, usage(tenant.id).reserved, reconcile()) == (JobStatus.DONE, 0, [])
    assert job.items.get().text == ""


def test_a_deleted_job_begins_nothing(tenant: Tenant, draft: MakeJob, started: MakeJob) -> None:
    """Also for one who has just seen it: nothing of it is spoken and billed that nobody can find."""
    done = started("一。")
    fail_next()
    for job, act in ((draft("二。"), services.job_start), (done, services.job_retry)):
        services.job_delete(job)
        with pytest.raises(JobNotFound):
            act(job)
    assert (queue.claim(), usage(tenant.id).reserved) == (None, 0)


def test_a_failed_row_that_was_deleted_is_not_tried_anew(started: MakeJob) -> None:
    """Its text is gone; the others are."""
    job = started("一。", "二。")
    synthesis_delete(fail_next())
    fail_next()
    services.job_retry(job)
    assert statuses(job) == ["failed", "queued"]


def test_a_deleted_job_leaves_no_text_and_no_audio(tenant: Tenant, started: MakeJob) -> None:
    """Nobody finds it at once, not the row that had failed before a retry either; what was billed stays."""
    entry_put(tenant_id=tenant.id, entry=entry_make("二", Kind.PINYIN, "er4"), actor="user:ann")
    job = started("二。", "二。")
    fail_next()
    spoken = speak_queued()
    read_late(spoken)
    assert Synthesis.objects.get(id=spoken.id).dictionary
    services.job_retry(job)
    services.job_delete(job)
    with pytest.raises(JobNotFound):
        selectors.job_get(tenant_id=tenant.id, job_id=job.id)
    assert services.forget_deleted() == 2
    assert not answer_of(spoken).parent.exists()
    kept = Synthesis.objects.filter(job=job).values_list("status", "text", "dictionary")
    assert sorted(kept) == [("cancelled", "", None), ("done", "", None), ("failed", "", None)]
    assert not JobItem.objects.filter(job=job).exists()
    assert (usage(tenant.id).used, usage(tenant.id).reserved, reconcile()) == (2, 0, [])


def test_progress_tells_when_it_will_be_done(started: MakeJob) -> None:
    """At the pace of its last minute; nobody can tell while it is paused."""
    job = started("一一一。", "二二。", "三。")
    speak_queued()
    found = selectors.progress(job)
    assert (found.rows["done"], found.rows["queued"]) == (1, 2)
    assert (found.spoken_characters, found.billed_characters, found.left_characters) == (4, 4, 5)
    since = (timezone.now() - (reloaded(job).started_at or timezone.now())).total_seconds()
    assert found.seconds_left is not None
    assert 0 < found.seconds_left <= math.ceil(since) * 5 / 4
    assert selectors.progress(services.job_pause(job)).seconds_left is None


def test_many_rows_are_one_statement_of_the_ledger(tenant: Tenant, draft: MakeJob) -> None:
    """The counter moves once, its chain of entries is unbroken, and all of it is given back as one."""
    services.job_cancel(services.job_start(draft(*["一二。"] * 1500)))
    assert LedgerEntry.objects.filter(counter__tenant=tenant).count() == 2 * 1500
    assert Counter.objects.get(tenant=tenant).reserved == 0
    assert reconcile() == []


def test_an_item_s_own_voice_and_emotion(tenant: Tenant) -> None:
    """Go before the job's."""
    order = replace(ORDER, speed=1.5)
    rows = [Row("一。"), Row("二。", voice="yunxi", emotion="neutral")]
    job = job_create(caller=Caller(tenant_id=tenant.id), name="", kind=JobKind.TABLE, order=order, rows=rows)
    services.job_start(job)
    assert [(row.voice, row.speed) for row in rows_of(job, Status.QUEUED)] == [("xiaoxiao", 1.5), ("yunxi", 1.5)]
