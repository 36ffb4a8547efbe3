"""A team, jobs of it whose rows have been spoken, places to put them to, and time that passes when it is told to."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models import F

from accounts.models import Tenant
from tests.delivery import s3_server
from tests.factories import ORDER, make_tenant, speak_queued
from tests.webhooks.receiver import Receiver
from tests.webhooks.receiver import receiver as receiver
from tests.webhooks.receiver import this_machine_is_allowed as this_machine_is_allowed
from tts_engine.delivery import courier, services
from tts_engine.delivery.models import Destination, FileAttempt, FileDelivery
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import Job, JobKind
from tts_engine.jobs.services import job_start
from tts_engine.models import Synthesis
from tts_engine.services import Caller

Later = Callable[[timedelta], int]
MakeJob = Callable[..., Job]
MOMENT = timedelta(seconds=1)


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    """Committed, for senders give their connection back while they send."""
    return make_tenant()


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often a courier would have been woken; a test sends when it means to."""
    calls: list[str] = []
    monkeypatch.setattr(courier.courier(), "wake", lambda: calls.append("here"))
    monkeypatch.setattr(services, "wake_courier", lambda: calls.append("elsewhere"))
    monkeypatch.setattr("webhooks.services.wake_courier", lambda: None)
    return calls


@pytest.fixture(scope="session")
def bucket() -> Iterator[s3_server.Bucket]:
    with s3_server.running() as bucket:
        yield bucket


@pytest.fixture
def call_centre(tenant: Tenant, receiver: Receiver) -> Destination:
    """Takes PUT, and wants to be shown a password."""
    headers = {"Authorization": "Bearer centre"}
    return services.destination_create(
        tenant_id=tenant.id, kind="http", url=receiver.url, headers=headers, actor="operator"
    )


@pytest.fixture
def in_bucket(tenant: Tenant, bucket: s3_server.Bucket, this_machine_is_allowed: None) -> Destination:
    return services.destination_create(tenant_id=tenant.id, actor="operator", **bucket.members)


@pytest.fixture
def make_job(tenant: Tenant, no_wake_ups: None) -> MakeJob:
    """make_job(destination, file_names): a started job of which nothing is spoken yet."""

    def make_job(destination: Destination | None, *file_names: str) -> Job:
        rows = [Row("你好。", file_name=name) for name in file_names]
        caller = Caller(tenant_id=tenant.id)
        return job_start(
            job_create(caller=caller, name="", kind=JobKind.TABLE, order=ORDER, rows=rows, destination=destination)
        )

    return make_job


@pytest.fixture
def later() -> Later:
    """later(time): that much time goes by, and what is due then is put; how many attempts."""

    def later(time: timedelta) -> int:
        # What is stored moves back instead of the clock moving on: it is PostgreSQL's.
        FileDelivery.objects.update(next_at=F("next_at") - time, leased_until=F("leased_until") - time)
        Destination.objects.update(failing_since=F("failing_since") - time)
        return put_due()

    return later


def put_due() -> int:
    count = 0
    while courier.deliver_next():
        count += 1
    return count


def speak_all(job: Job) -> list[Synthesis]:
    return [speak_queued() for _ in job.items.all()]


def attempts() -> list[tuple[int, int | None]]:
    return list(FileAttempt.objects.order_by("delivery", "number").values_list("number", "status_code"))
