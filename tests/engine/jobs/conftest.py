"""Jobs on the real queue and ledger; the voice's part is played by `speak_queued`."""

from collections.abc import Callable

import pytest

from accounts.models import Tenant
from tests.factories import ORDER, make_tenant
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import Job, JobKind
from tts_engine.jobs.services import job_start
from tts_engine.models import Status, Synthesis
from tts_engine.services import Caller

MakeJob = Callable[..., Job]


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def draft(tenant: Tenant) -> MakeJob:
    """draft(text, ..., of=tenant): a table of these texts, not started."""

    def draft(*texts: str, of: Tenant = tenant) -> Job:
        rows = [Row(text) for text in texts]
        return job_create(caller=Caller(tenant_id=of.id), name="", kind=JobKind.TABLE, order=ORDER, rows=rows)

    return draft


@pytest.fixture
def started(draft: MakeJob) -> MakeJob:
    """started(text, ..., of=tenant): the same, started."""
    return lambda *texts, **more: job_start(draft(*texts, **more))


def statuses(job: Job) -> list[str]:
    """Of its items' Syntheses, in order."""
    return [str(status) for status in job.items.order_by("number").values_list("synthesis__status", flat=True)]


def rows_of(job: Job, status: Status) -> list[Synthesis]:
    return list(Synthesis.objects.filter(job=job, status=status).order_by("start_tag"))
