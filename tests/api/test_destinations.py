"""The doors to destinations: everything a team does with one, and what another team sees of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Tenant
from accounts.services import api_key_create
from tests.delivery.conftest import MakeJob, put_due, speak_all
from tests.delivery.conftest import make_job as make_job
from tests.delivery.conftest import receiver as receiver
from tests.delivery.conftest import woken as woken
from tests.factories import make_tenant
from tests.webhooks.receiver import Receiver
from tests.webhooks.receiver import this_machine_is_allowed as this_machine_is_allowed
from tts_engine.delivery.models import Destination, FileDelivery
from tts_engine.jobs.models import Job

MakeKey = Callable[..., dict[str, str]]
Ask = Callable[..., Any]
HTTP = {"type": "http", "url": "https://127.0.0.1/audio", "headers": {"Authorization": "Bearer secret-of-theirs"}}
S3 = {
    "type": "s3",
    "url": "https://127.0.0.1:9000",
    "bucket": "calls",
    "access_key_id": "AKID",
    "secret_access_key": "secret-of-theirs",
}


@pytest.fixture
def ask(key: MakeKey, this_machine_is_allowed: None) -> Ask:
    """ask(method, path, body=..., status=200): the answer's JSON, of this team's key."""
    headers = key("webhooks")

    def ask(method: str, path: str = "", body: Any = None, *, status: int = 200, by: dict[str, str] = headers) -> Any:
        content = "" if body is None else json.dumps(body)
        answer = Client().generic(
            method, f"/v1/destinations{path}", content, content_type="application/json", headers=by
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    return ask


def test_a_destination_s_life(ask: Ask, tenant: Tenant) -> None:
    """Made, listed, changed, switched off, deleted; the trail says who."""
    made = ask("POST", body={**S3, "prefix": "保单/"}, status=201)
    assert made == {
        "object": "destination",
        "id": made["id"],
        "type": "s3",
        "url": "https://127.0.0.1:9000",
        "default": False,
        "header_names": [],
        "bucket": "calls",
        "region": "us-east-1",
        "prefix": "保单/",
        "access_key_id": "AKID",
        "virtual_host": False,
        "enabled": True,
        "disabled_reason": "",
        "disabled_at": None,
        "failing_since": None,
        "created_at": made["created_at"],
    }
    path = f"/{made['id']}"
    assert ask("GET") == {"object": "list", "data": [made]}
    assert ask("GET", path) == made
    changed = ask("PATCH", path, {"region": "cn-east-1", "virtual_host": True, "enabled": False})
    assert (changed["region"], changed["virtual_host"], changed["enabled"]) == ("cn-east-1", True, False)
    assert changed["disabled_reason"] == "asked"
    assert ask("PATCH", path, {"enabled": True})["disabled_reason"] == ""
    ask("DELETE", path, status=204)
    assert ask("GET", path, status=404)["code"] == "destination_not_found"
    events = AuditEvent.objects.filter(tenant=tenant, action__startswith="destination.")
    assert {event.actor.partition(":")[0] for event in events} == {"key"}
    assert "secret-of-theirs" not in str([event.details for event in events])


@pytest.mark.parametrize("body", [HTTP, S3], ids=["http", "s3"])
def test_no_answer_tells_a_secret(ask: Ask, body: dict[str, Any]) -> None:
    """Neither a key nor what a header holds; its name is told."""
    made = ask("POST", body=body, status=201)
    path = f"/{made['id']}"
    told = [made, ask("GET"), ask("GET", path), ask("PATCH", path, {"default": True}), ask("GET", f"{path}/deliveries")]
    assert "secret-of-theirs" not in str(told)
    assert made["header_names"] == (["Authorization"] if body is HTTP else [])


def test_one_is_the_default(ask: Ask) -> None:
    """The latest that was made so; nobody's, if it is deleted."""
    first = ask("POST", body={**S3, "default": True}, status=201)
    second = ask("POST", body={**HTTP, "default": True}, status=201)
    assert [each["default"] for each in ask("GET")["data"]] == [False, True]
    ask("PATCH", f"/{first['id']}", {"default": True})
    assert [each["default"] for each in ask("GET")["data"]] == [True, False]
    ask("DELETE", f"/{first['id']}", status=204)
    assert not ask("GET", f"/{second['id']}")["default"]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "url", "missing_required_parameter"),
        ({**HTTP, "type": "ftp"}, "type", "invalid_value"),
        ({**HTTP, "url": "https://10.0.0.1/"}, "url", "address_refused"),
        ({**HTTP, "url": "https://169.254.169.254/"}, "url", "address_refused"),
        ({**HTTP, "url": "https://no-such-host.invalid/"}, "url", "address_not_found"),
        ({**HTTP, "url": "https://user:word@example.com/"}, "url", "address_unacceptable"),
        ({**HTTP, "bucket": "calls"}, "bucket", "destination_invalid"),
        ({**HTTP, "headers": {"Host": "elsewhere"}}, "headers", "destination_invalid"),
        ({**HTTP, "headers": {"content-length": "0"}}, "headers", "destination_invalid"),
        ({**HTTP, "headers": {"X-A": "a\r\nX-B: b"}}, "headers", "destination_invalid"),
        ({**HTTP, "headers": {"X A": "a"}}, "headers", "destination_invalid"),
        ({**HTTP, "headers": {f"X-{n}": "a" for n in range(21)}}, "headers", "destination_invalid"),
        ({**HTTP, "headers": {"X-A": 7}}, "headers.X-A", "invalid_type"),
        ({**S3, "headers": {"X-A": "a"}}, "headers", "destination_invalid"),
        ({**S3, "bucket": "Calls/.."}, "bucket", "destination_invalid"),
        ({**S3, "prefix": "/calls"}, "prefix", "destination_invalid"),
        ({**S3, "prefix": "a/../b/"}, "prefix", "destination_invalid"),
        ({**S3, "url": "https://127.0.0.1/?a=b"}, "url", "destination_invalid"),
        ({**S3, "virtual_host": True, "url": "https://localhost"}, "url", "address_not_found"),
        ({"type": "s3", "url": "https://127.0.0.1", "bucket": "calls"}, "access_key_id", "destination_invalid"),
        ({**S3, "secret": "x"}, "secret", "unknown_parameter"),
    ],
)
def test_what_is_no_destination(ask: Ask, body: Any, param: str, code: str) -> None:
    """Refused with the member at fault; nothing is made."""
    problem = ask("POST", body=body, status=400)
    assert (problem["param"], problem["code"]) == (param, code)
    assert ask("GET")["data"] == []


def test_secrets_do_not_follow_to_another_address(ask: Ask) -> None:
    """Who may change the address need not know the password; it is not sent elsewhere."""
    path = f"/{ask('POST', body=HTTP, status=201)['id']}"
    other = {"url": "https://127.0.0.2/audio"}
    assert ask("PATCH", path, other, status=400)["param"] == "headers"
    assert ask("GET", path)["url"] == HTTP["url"]
    assert ask("PATCH", path, {**other, "headers": {}})["header_names"] == []


def test_a_team_has_so_many(ask: Ask, settings: Any) -> None:
    """409 beyond."""
    settings.DELIVERY_DESTINATIONS = 1
    ask("POST", body=HTTP, status=201)
    assert ask("POST", body=HTTP, status=409)["code"] == "destination_limit_reached"


def test_a_test_tells_at_once(ask: Ask, receiver: Receiver) -> None:
    """A small file is put there, and the door answers with what came of it."""
    made = ask("POST", body={**HTTP, "url": receiver.url}, status=201)
    assert ask("POST", f"/{made['id']}/test")["delivered"]
    (request,) = receiver.received
    assert (request.method, request.path) == ("PUT", "/hook/voxhouse-test.txt")
    assert request.headers["authorization"] == "Bearer secret-of-theirs"
    receiver.will_answer(403, body=b"who are you")
    outcome = ask("POST", f"/{made['id']}/test")
    assert (outcome["delivered"], outcome["status_code"], outcome["answer"]) == (False, 403, "who are you")
    ask("PATCH", f"/{made['id']}", {"url": "http://127.0.0.1:1/", "headers": {}})
    outcome = ask("POST", f"/{made['id']}/test")
    assert (outcome["delivered"], outcome["status_code"]) == (False, None)
    assert "refused" in outcome["error"]


def test_the_log_and_replays(ask: Ask, receiver: Receiver, make_job: MakeJob, tenant: Tenant) -> None:
    """What was put there, narrowed by status and job; one file again, or all that failed."""
    made = ask("POST", body={**HTTP, "url": receiver.url}, status=201)
    job = make_job(Destination.objects.get(), "one", "two")
    receiver.will_answer(410)
    speak_all(job)
    put_due()
    path = f"/{made['id']}/deliveries"
    newest, oldest = ask("GET", path)["data"]
    assert (newest["name"], newest["status"]) == (f"{job.id}/two.wav", "failed")
    assert (oldest["attempts"][0]["status_code"], oldest["job_id"]) == (410, str(job.id))
    assert ask("GET", f"{path}?status=delivered")["data"] == []
    assert len(ask("GET", f"{path}?status=failed&job={job.id}")["data"]) == 2
    assert ask("GET", f"{path}?job={made['id']}")["data"] == []
    assert ask("GET", f"{path}?status=lost", status=400)["param"] == "status"
    replay = f"{path}/{oldest['id']}/replay"
    assert ask("POST", replay, status=409)["code"] == "destination_disabled"
    ask("PATCH", f"/{made['id']}", {"enabled": True})
    assert ask("POST", replay, status=202)["replay"]
    assert ask("POST", f"{path}/replay", status=202) == {"object": "destination.replay", "replayed": 1}
    put_due()
    assert len(ask("GET", f"{path}?status=delivered")["data"]) == 2
    assert ask("POST", f"{path}/{10**30}/replay", status=404)["code"] == "file_delivery_not_found"


def test_one_that_a_job_needs_is_not_deleted(ask: Ask, make_job: MakeJob, receiver: Receiver) -> None:
    """409 until the job has ended; then it goes with its log."""
    made = ask("POST", body={**HTTP, "url": receiver.url}, status=201)
    job = make_job(Destination.objects.get(), "one")
    assert ask("DELETE", f"/{made['id']}", status=409)["code"] == "destination_in_use"
    speak_all(job)
    put_due()
    ask("DELETE", f"/{made['id']}", status=204)
    assert not FileDelivery.objects.exists()
    assert Job.objects.get().destination is None


def test_another_team_sees_nothing(ask: Ask) -> None:
    """As if it were not there."""
    path = f"/{ask('POST', body=HTTP, status=201)['id']}"
    _, secret = api_key_create(tenant=make_tenant(), scopes=["webhooks"])
    stranger = {"Authorization": f"Bearer {secret}"}
    assert ask("GET", by=stranger)["data"] == []
    for method, door, body in (
        ("GET", path, None),
        ("PATCH", path, {"enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/replay", None),
        ("POST", f"{path}/deliveries/1/replay", None),
    ):
        assert ask(method, door, body, status=404, by=stranger)["code"] == "destination_not_found"
    assert ask("GET", path)["enabled"]
