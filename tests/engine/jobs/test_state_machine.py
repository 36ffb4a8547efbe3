"""Jobs as a state machine: whatever is done to them and to their workers in whatever order, the books agree."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from billing.reconciliation import reconcile
from billing.selectors import usage
from tests.factories import ORDER, make_plan, make_tenant
from tts_engine import queue
from tts_engine.errors import JobStateConflict, SynthesisFailed
from tts_engine.jobs import services
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import Job, JobKind, JobStatus
from tts_engine.models import OPEN, Status, Synthesis
from tts_engine.services import Caller
from tts_engine.store import Draft

pytestmark = pytest.mark.usefixtures("no_wake_ups")

OUTCOME = queue.Outcome(audio_ms=500, first_byte_ms=20, synthesis_ms=40)
SILENT = replace(ORDER, audio_format="pcm")  # a file of no bytes, which is whole
ACTS = {
    "start": services.job_start,
    "pause": services.job_pause,
    "resume": services.job_resume,
    "cancel": services.job_cancel,
    "retry": services.job_retry,
}


class Jobs(RuleBasedStateMachine):
    """One tenant, jobs of a few rows, and workers that speak, fail and die."""

    def __init__(self) -> None:
        """Each example begins with an empty queue: what is claimed must not depend on the one before."""
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @initialize()
    def open(self) -> None:
        self.tenant = make_tenant(plan=make_plan(characters=10_000))
        self.claimed: list[Synthesis] = []

    @rule(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4))
    def draft(self, sizes: list[int]) -> None:
        rows = [Row("好" * size) for size in sizes]
        caller = Caller(tenant_id=self.tenant.id)
        name = f"{len(self.jobs()):03}"  # their order; made in one transaction, they are all of one moment
        job_create(caller=caller, name=name, kind=JobKind.TABLE, order=SILENT, rows=rows)

    @precondition(lambda self: self.jobs())
    @rule(data=st.data(), act=st.sampled_from(sorted(ACTS)))
    def act(self, data: st.DataObject, act: str) -> None:
        """What the job's state does not allow changes nothing."""
        job = data.draw(st.sampled_from(self.jobs()))
        before = Counter(Synthesis.objects.values_list("status", flat=True))
        try:
            ACTS[act](job)
        except JobStateConflict:
            assert Job.objects.get(id=job.id).status == job.status
            assert Counter(Synthesis.objects.values_list("status", flat=True)) == before

    @rule()
    def claim(self) -> None:
        """Never a row of a job that is paused or cancelled, unless the sweeper has yet to come by."""
        if row := queue.claim():
            self.claimed.append(row)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), spoken=st.booleans())
    def end(self, data: st.DataObject, spoken: bool) -> None:
        """By the worker that claimed it, which may have lost it by now."""
        row = self.claimed.pop(data.draw(st.integers(0, len(self.claimed) - 1)))
        held = Synthesis.objects.filter(id=row.id, attempt=row.attempt, status=Status.RUNNING).exists()
        if spoken:
            with Draft(row, voice_rate=24000) as draft:
                assert queue.finish(row, OUTCOME, draft) == held
        else:
            assert queue.fail(row, SynthesisFailed("no sound", code="text_unspeakable")) == held

    @rule()
    def lose_the_workers(self) -> None:
        """All are killed, and their leases run out."""
        running = Synthesis.objects.filter(status=Status.RUNNING)
        running.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        queue.requeue_expired()

    @rule()
    def sweep(self) -> None:
        """After it every row's state is one that its job's allows, and who has nothing left to do has ended."""
        services.sweep()
        for job in self.jobs():
            waiting = set(Synthesis.objects.filter(job=job, status__in=OPEN).values_list("status", flat=True))
            allowed = {JobStatus.RUNNING: OPEN, JobStatus.PAUSED: (Status.HELD, Status.RUNNING)}
            assert waiting <= set(allowed.get(JobStatus(job.status), (Status.RUNNING,)))
            assert (job.finished_at is None) == (bool(waiting) or job.status == JobStatus.DRAFT)

    def jobs(self) -> list[Job]:
        return list(Job.objects.filter(tenant=self.tenant).order_by("name"))

    @invariant()
    def the_books_agree(self) -> None:
        assert reconcile() == []

    @invariant()
    def reserved_is_what_is_open_and_used_what_is_done(self) -> None:
        rows = Synthesis.objects.filter(tenant=self.tenant)
        reserved = rows.filter(status__in=OPEN).aggregate(all=Sum("characters"))["all"] or 0
        used = rows.filter(status=Status.DONE).aggregate(all=Sum("characters"))["all"] or 0
        assert (usage(self.tenant.id).reserved, usage(self.tenant.id).used) == (reserved, used)

    @invariant()
    def every_started_item_has_one_synthesis(self) -> None:
        for job in self.jobs():
            states = list(job.items.values_list("synthesis__status", flat=True))
            assert all(states) if job.started_at else not any(states)


@pytest.mark.django_db
def test_jobs_are_a_state_machine() -> None:
    """Hypothesis looks for an order of events that breaks an invariant."""
    slow_database = settings(
        max_examples=8, stateful_step_count=20, suppress_health_check=list(HealthCheck), database=None
    )
    run(Jobs, settings=slow_database)
