"""What a row of a job became is put to its destination: once, under one name, until it is accepted or given up."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.conf import settings as running
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from tests.delivery.conftest import MOMENT, Later, MakeJob, attempts, put_due, speak_all
from tests.delivery.s3_server import BUCKET, Bucket
from tests.factories import ORDER, speak_queued
from tests.threads import at_once
from tests.webhooks.receiver import Receiver
from tts_engine import queue, store
from tts_engine.delivery import courier, ending, services
from tts_engine.delivery.models import Destination, FileAttempt, FileDelivery
from tts_engine.errors import SynthesisFailed
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import JobKind
from tts_engine.jobs.services import job_cancel, job_delete
from tts_engine.models import Synthesis
from tts_engine.services import Caller
from webhooks.models import Message
from webhooks.queue import Outcome
from webhooks.services import endpoint_create

Told = Callable[[], list[str]]


@pytest.fixture
def told(tenant: Tenant, call_centre: Destination, receiver: Receiver) -> Told:
    """told(): what the team's own program has been told of, in order."""
    endpoint_create(tenant_id=tenant.id, url=receiver.url, actor="operator")
    return lambda: list(Message.objects.filter(tenant=tenant).order_by("created_at").values_list("type", flat=True))


def test_a_file_as_it_arrives(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """The audio to the byte under the name of its row, with its type, its digest and what it is of."""
    job = make_job(call_centre, "保单 7")
    (row,) = speak_all(job)
    audio = store.answer_file(row).read_bytes()
    assert put_due() == 1
    (request,) = receiver.received
    assert (request.method, request.body) == ("PUT", audio)
    assert request.path == f"/hook/{job.id}/%E4%BF%9D%E5%8D%95%207.wav"
    digest = base64.b64encode(hashlib.sha256(audio).digest()).decode()
    wanted = {
        "authorization": "Bearer centre",
        "content-type": "audio/wav",
        "content-length": str(len(audio)),
        "content-digest": f"sha-256=:{digest}:",
        "user-agent": "Voxhouse-Delivery/1",
        "x-voxhouse-synthesis": str(row.id),
        "x-voxhouse-job": str(job.id),
    }
    assert wanted.items() <= request.headers.items()
    assert "transfer-encoding" not in request.headers
    assert (FileDelivery.objects.get().status, attempts()) == ("delivered", [(1, 204)])
    assert put_due() == 0


def test_an_object_in_a_bucket(in_bucket: Destination, make_job: MakeJob, bucket: Bucket) -> None:
    """A server that checks signatures takes it; its name and what it is of are as they were sent."""
    job = make_job(in_bucket, "a+b~c 号")
    (row,) = speak_all(job)
    put_due()
    assert attempts() == [(1, 200)]
    found = bucket.client().get_object(Bucket=BUCKET, Key=f"保单/{job.id}/a+b~c 号.wav")
    assert found["Body"].read() == answer_of(row)
    assert found["ContentType"] == "audio/wav"
    assert found["Metadata"] == {"voxhouse-synthesis": str(row.id), "voxhouse-job": str(job.id)}


def test_a_wrong_key_is_told(tenant: Tenant, bucket: Bucket, make_job: MakeJob, this_machine_is_allowed: None) -> None:
    """The log holds what the server says; the next attempt may find the key put right."""
    wrong = replace(bucket, secret_access_key="wrong")
    destination = services.destination_create(tenant_id=tenant.id, actor="operator", **wrong.members)
    speak_all(make_job(destination, ""))
    put_due()
    attempt = FileAttempt.objects.get()
    assert attempt.status_code == 403
    assert "SignatureDoesNotMatch" in attempt.answer
    assert FileDelivery.objects.get().status == "pending"


def test_a_row_without_a_name_has_its_number(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """So that a listing is in the order of the rows."""
    job = make_job(call_centre, "", "")
    speak_all(job)
    put_due()
    assert [request.path for request in receiver.received] == [
        f"/hook/{job.id}/000001.wav",
        f"/hook/{job.id}/000002.wav",
    ]


def test_only_rows_of_jobs_that_have_a_destination(make_job: MakeJob, call_centre: Destination) -> None:
    """Nothing else leaves the house."""
    speak_all(make_job(None, "alone"))
    assert not FileDelivery.objects.exists()


def test_a_row_that_ends_twice_is_delivered_once(call_centre: Destination, make_job: MakeJob) -> None:
    """Whatever calls again, the row of the delivery is there once."""
    job = make_job(call_centre, "one")
    (row,) = speak_all(job)
    for _ in range(2):
        with transaction.atomic():
            assert not services.hand_over(row, size=1)
    assert FileDelivery.objects.count() == 1


def test_what_is_rolled_back_is_not_delivered(
    call_centre: Destination, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """End and delivery of a row are one transaction: a worker killed in between leaves neither."""
    make_job(call_centre, "one")

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as broken, pytest.raises(ConnectionError):
        broken.setattr(queue, "partial", fail)
        speak_queued()
    assert not FileDelivery.objects.exists()
    assert Synthesis.objects.get().status == "running"


def test_the_schedule_is_that_of_webhooks(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, later: Later
) -> None:
    """As many attempts at the same times, under one name; then it is given up."""
    for _ in running.WEBHOOK_SCHEDULE:
        receiver.will_answer(500)
    speak_all(make_job(call_centre, "one"))
    made = put_due()
    for wait in running.WEBHOOK_SCHEDULE[1:]:
        assert later(wait - MOMENT) == 0
        made += later(MOMENT)
    assert made == len(running.WEBHOOK_SCHEDULE)
    assert FileDelivery.objects.get().status == "failed"
    assert later(timedelta(days=1)) == 0
    assert len({request.path for request in receiver.received}) == 1


@pytest.mark.parametrize("status", [301, 307, 403, 404, 500, 503])
def test_not_accepted(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, later: Later, status: int
) -> None:
    """Anything but 2xx, a redirect too, which is not followed; it is put again."""
    receiver.will_answer(status, {"Location": receiver.url + "/elsewhere"})
    speak_all(make_job(call_centre, "one"))
    put_due()
    assert len(receiver.received) == 1
    assert later(timedelta(seconds=5)) == 1
    assert attempts() == [(1, status), (2, 204)]


def test_retry_after_is_honoured(call_centre: Destination, make_job: MakeJob, receiver: Receiver, later: Later) -> None:
    """429: no sooner than the receiver asks for."""
    receiver.will_answer(429, {"Retry-After": "60"})
    speak_all(make_job(call_centre, "one"))
    put_due()
    assert later(timedelta(seconds=59)) == 0
    assert later(MOMENT) == 1


def test_gone_disables(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """410: nothing more is put there, and what waits has failed, with a reason."""
    receiver.will_answer(410)
    speak_all(make_job(call_centre, "one", "two"))
    put_due()
    call_centre.refresh_from_db()
    assert (call_centre.enabled, call_centre.disabled_reason) == (False, "gone")
    assert len(receiver.received) == 1
    assert {delivery.status for delivery in FileDelivery.objects.all()} == {"failed"}
    assert "disabled" in FileAttempt.objects.get(status_code=None).error


def test_a_receiver_that_hangs_up(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, later: Later
) -> None:
    """In the middle of the file, without an answer: logged, and put again."""
    receiver.will_hang_up()
    speak_all(make_job(call_centre, "one"))
    put_due()
    attempt = FileAttempt.objects.get()
    assert attempt.status_code is None
    assert attempt.error
    assert later(timedelta(seconds=5)) == 1
    assert FileDelivery.objects.get().status == "delivered"


def test_a_receiver_that_keeps_silent(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, settings: Settings
) -> None:
    """The time for a file is bounded."""
    settings.DELIVERY_TIMEOUT = timedelta(seconds=0.2)
    receiver.holds.clear()
    speak_all(make_job(call_centre, "one"))
    put_due()
    assert "No answer within 0.2" in FileAttempt.objects.get().error


def test_an_address_that_is_no_longer_allowed(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, settings: Settings
) -> None:
    """The rule of now counts, and it is looked at on the address that is connected to."""
    settings.WEBHOOK_ALLOW_NETWORKS = [ip_network("10.0.0.0/8")]
    speak_all(make_job(call_centre, "one"))
    put_due()
    assert "not on the public network" in FileAttempt.objects.get().error
    assert receiver.received == []


def test_audio_that_was_deleted(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """Nothing is put, it is said why, and the receiver is not to blame."""
    (row,) = speak_all(make_job(call_centre, "one"))
    store.delete(row)
    put_due()
    assert receiver.received == []
    assert FileAttempt.objects.get().error == courier.NO_AUDIO
    assert FileDelivery.objects.get().status == "failed"
    call_centre.refresh_from_db()
    assert call_centre.failing_since is None


def test_a_job_that_was_deleted(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """Nothing of it leaves the house any more, though its files are still there."""
    job = make_job(call_centre, "one", "two")
    speak_queued()
    job_delete(job)
    put_due()
    assert receiver.received == []
    assert FileAttempt.objects.get().error == courier.NO_AUDIO


def test_a_sender_that_was_killed_is_made_up_for(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, later: Later
) -> None:
    """Its lease ends, and another puts the same file under the same name."""
    speak_all(make_job(call_centre, "one"))
    assert courier.files.claim() is not None
    assert later(running.WEBHOOK_LEASE - MOMENT) == 0
    assert later(MOMENT) == 1
    assert attempts() == [(2, 204)]


def test_a_large_file_has_more_time(call_centre: Destination, make_job: MakeJob, later: Later) -> None:
    """Its lease lasts as long as putting it may take, so nobody else begins meanwhile."""
    speak_all(make_job(call_centre, "one"))
    FileDelivery.objects.update(size=10 * running.DELIVERY_SLOWEST)
    delivery = courier.files.claim()
    assert delivery is not None
    time = running.DELIVERY_TIMEOUT + timedelta(seconds=10)
    courier.files.hold(delivery, time + running.WEBHOOK_LEASE)
    assert later(time + running.WEBHOOK_LEASE - MOMENT) == 0


def test_many_senders_put_each_file_once(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, settings: Settings
) -> None:
    """No row is claimed twice."""
    settings.DELIVERY_AT_ONCE = 100
    speak_all(make_job(call_centre, *[f"row-{number}" for number in range(20)]))
    assert sum(at_once(8, put_due)) == 20
    assert len({request.path for request in receiver.received}) == len(receiver.received) == 20


def test_a_replay_has_the_same_name(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """It replaces the object, and is logged as a delivery of its own."""
    speak_all(make_job(call_centre, "one"))
    put_due()
    again = services.delivery_replay(delivery=FileDelivery.objects.get())
    assert again.replay
    put_due()
    first, second = receiver.received
    assert (first.path, first.body) == (second.path, second.body)
    assert FileDelivery.objects.filter(delivered_at__isnull=False).count() == 2


def test_all_that_failed_is_replayed_at_once(call_centre: Destination, make_job: MakeJob, receiver: Receiver) -> None:
    """Each file once, and none that is there or on its way."""
    receiver.will_answer(410)
    speak_all(make_job(call_centre, "one", "two", "three"))
    put_due()
    call_centre = services.destination_change(destination=call_centre, enabled=True, actor="operator")
    assert services.failed_replay(destination=call_centre) == 3
    assert services.failed_replay(destination=call_centre) == 0
    assert put_due() == 3
    assert services.failed_replay(destination=call_centre) == 0
    assert len(receiver.received) == 4


def test_a_job_is_delivered_once(
    call_centre: Destination, make_job: MakeJob, receiver: Receiver, told: Told, later: Later
) -> None:
    """The team is told when the last row has ended and the last file is there or given up, and not before."""
    job = make_job(call_centre, "one", "two")
    speak_queued()
    put_due()
    assert told() == []
    receiver.will_answer(500)
    speak_queued()
    put_due()
    assert told() == ["job.completed"]
    assert not ending.look(job.id)
    later(timedelta(seconds=5))
    assert told() == ["job.completed", "job.delivered"]
    assert not ending.look(job.id)
    job.refresh_from_db()
    assert ending.told(job).items() >= {"job_id": job.id, "delivered": 2, "failed": 0}.items()


def test_a_job_that_ends_after_its_files(call_centre: Destination, make_job: MakeJob, told: Told) -> None:
    """Its last row fails: there is nothing more to put, and the end of the job is the end of its delivery."""
    make_job(call_centre, "one", "two")
    speak_queued()
    put_due()
    row = queue.claim()
    assert row is not None
    queue.fail(row, SynthesisFailed("Not to be spoken.", code="text_unspeakable"))
    assert told() == ["job.completed", "job.delivered"]


def test_a_look_that_was_lost_is_made_up_for(
    call_centre: Destination, make_job: MakeJob, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was killed between the last file and the message."""
    speak_all(make_job(call_centre, "one"))
    with monkeypatch.context() as killed:
        killed.setattr(ending, "look", lambda _: False)
        put_due()
    assert told() == ["job.completed"]
    assert ending.sweep() == 1
    assert told() == ["job.completed", "job.delivered"]


def test_a_draft_that_was_cancelled_is_never_delivered(call_centre: Destination, tenant: Tenant, told: Told) -> None:
    """It never began, so nobody is told of its end."""
    caller, rows = Caller(tenant_id=tenant.id), [Row("你好。")]
    job_cancel(job_create(caller=caller, name="", kind=JobKind.TABLE, order=ORDER, rows=rows, destination=call_centre))
    assert ending.sweep() == 0
    assert "job.delivered" not in told()


def test_deliveries_are_forgotten_when_they_are_old(call_centre: Destination, make_job: MakeJob) -> None:
    """Those that have ended."""
    speak_all(make_job(call_centre, "one", "two"))
    claimed = courier.files.claim()
    assert claimed is not None
    courier.files.finish(claimed, Outcome(timezone.now(), 1, error="", hopeless=True))
    FileDelivery.objects.update(created_at=timezone.now() - running.WEBHOOK_KEEP - MOMENT)
    assert services.forget_old_deliveries() == 1
    assert FileDelivery.objects.get().status == "pending"


def answer_of(row: Synthesis) -> bytes:
    return store.answer_file(row).read_bytes()
