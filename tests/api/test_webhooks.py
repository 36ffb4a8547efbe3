"""The doors to webhooks: everything a team does with one, and what another team sees of it."""

import json
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, Tenant
from accounts.services import api_key_create, member_add, user_create
from tests.factories import make_tenant
from tests.webhooks.conftest import send_due
from tests.webhooks.receiver import Receiver, listening
from webhooks import services, tasks
from webhooks.events import Event

MakeKey = Callable[..., dict[str, str]]
Ask = Callable[..., Any]
URL = "https://127.0.0.1/hook"


@pytest.fixture(autouse=True)
def this_machine_is_allowed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True
    monkeypatch.setattr(tasks.deliver, "delay", lambda: None)


@pytest.fixture
def ask(key: MakeKey) -> Ask:
    """ask(method, path, body=..., status=200): the answer's JSON, of this team's key."""
    headers = key("webhooks")

    def ask(method: str, path: str = "", body: Any = None, *, status: int = 200, by: dict[str, str] = headers) -> Any:
        answer = Client().generic(
            method,
            f"/v1/webhooks{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=by,
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    return ask


@pytest.fixture
def webhook(ask: Ask) -> dict[str, Any]:
    made: dict[str, Any] = ask("POST", body={"url": URL}, status=201)
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def test_a_webhook_s_life(ask: Ask, tenant: Tenant) -> None:
    """Made, listed, changed, switched off, deleted."""
    made = ask("POST", body={"url": "https://127.0.0.1/回调", "events": ["quota.alert"]}, status=201)
    assert made["secret"].startswith("whsec_")
    path = f"/{made['id']}"
    known = {name: value for name, value in made.items() if name != "secret"}
    assert known == {
        "object": "webhook",
        "id": made["id"],
        "url": "https://127.0.0.1/%E5%9B%9E%E8%B0%83",
        "events": ["quota.alert"],
        "enabled": True,
        "disabled_reason": "",
        "disabled_at": None,
        "failing_since": None,
        "previous_secret_until": None,
        "created_at": made["created_at"],
    }
    assert ask("GET") == {"object": "list", "data": [known]}
    assert ask("GET", path) == known
    changed = ask("PATCH", path, {"url": URL, "events": [], "enabled": False})
    assert (changed["url"], changed["events"], changed["enabled"]) == (URL, [], False)
    assert changed["disabled_reason"] == "asked"
    assert ask("PATCH", path, {"enabled": True})["disabled_reason"] == ""
    ask("DELETE", path, status=204)
    assert ask("GET", path, status=404)["code"] == "webhook_not_found"
    actors = AuditEvent.objects.filter(tenant=tenant, action__startswith="webhook.").values_list("actor", flat=True)
    assert {actor.partition(":")[0] for actor in actors} == {"key"}


def test_a_secret_is_told_twice(ask: Ask, webhook: dict[str, Any]) -> None:
    """When it is made, by either door, and never again."""
    path = f"/{webhook['id']}"
    rotated = ask("POST", f"{path}/rotate")
    assert rotated["secret"] not in (None, webhook["secret"])
    assert rotated["previous_secret_until"] is not None
    told = str([ask("GET"), ask("GET", path), ask("PATCH", path, {"events": []}), ask("GET", f"{path}/deliveries")])
    assert webhook["secret"] not in told
    assert rotated["secret"] not in told


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "url", "missing_required_parameter"),
        ({"url": 7}, "url", "invalid_type"),
        ({"url": ""}, "url", "empty_string"),
        ({"url": "https://e.com/" + "x" * 2048}, "url", "string_above_max_length"),
        ({"url": "example.com"}, "url", "address_unacceptable"),
        ({"url": "https://u:p@example.com/"}, "url", "address_unacceptable"),
        ({"url": "https://169.254.169.254/"}, "url", "address_refused"),
        ({"url": "https://[::1]/"}, "url", "address_refused"),
        ({"url": "https://no-such-host.invalid/"}, "url", "address_not_found"),
        ({"url": URL, "events": ["quota.alarm"]}, "events", "unknown_event"),
        ({"url": URL, "events": "quota.alert"}, "events", "invalid_type"),
        ({"url": URL, "events": [7]}, "events.0", "invalid_type"),
        ({"url": URL, "secret": "whsec_"}, "secret", "unknown_parameter"),
        ([], None, "invalid_type"),
    ],
)
def test_what_is_no_webhook(ask: Ask, body: Any, param: str | None, code: str) -> None:
    """Refused with the member at fault; nothing is made."""
    problem = ask("POST", body=body, status=400)
    assert (problem["param"], problem["code"]) == (param, code)
    assert ask("GET")["data"] == []


@pytest.mark.parametrize("body", [{}, {"enabled": "maybe"}, {"url": "ftp://x/"}, {"events": ["x"]}, {"id": "7"}])
def test_what_is_no_change(ask: Ask, webhook: dict[str, Any], body: dict[str, Any]) -> None:
    """Refused; nothing is changed."""
    ask("PATCH", f"/{webhook['id']}", body, status=400)
    assert ask("GET", f"/{webhook['id']}")["url"] == URL


def test_a_team_has_so_many(ask: Ask, webhook: dict[str, Any], settings: Settings) -> None:
    """409 beyond."""
    settings.WEBHOOK_ENDPOINTS = 1
    assert ask("POST", body={"url": URL}, status=409)["code"] == "webhook_limit_reached"


def test_another_team_sees_nothing(ask: Ask, webhook: dict[str, Any]) -> None:
    """Neither the webhook nor what was sent to it; as if it were not there."""
    delivery = ask("POST", f"/{webhook['id']}/test", status=202)
    _, secret = api_key_create(tenant=make_tenant(), scopes=["webhooks"])
    stranger = {"Authorization": f"Bearer {secret}"}
    assert ask("GET", by=stranger)["data"] == []
    path = f"/{webhook['id']}"
    for method, door, body in (
        ("GET", path, None),
        ("PATCH", path, {"enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/rotate", None),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{delivery['id']}/replay", None),
    ):
        assert ask(method, door, body, status=404, by=stranger)["code"] == "webhook_not_found"
    assert ask("GET", path)["enabled"]


def test_a_test_and_its_log(ask: Ask, receiver: Receiver) -> None:
    """Asked for, sent, logged with the beginning of the answer, replayed."""
    made = ask("POST", body={"url": receiver.url}, status=201)
    receiver.will_answer(500, body=b"out of order")
    asked = ask("POST", f"/{made['id']}/test", status=202)
    assert (asked["type"], asked["status"], asked["attempts"]) == ("webhook.test", "pending", [])
    send_due()
    (logged,) = ask("GET", f"/{made['id']}/deliveries")["data"]
    (attempt,) = logged["attempts"]
    assert (logged["status"], logged["message_id"]) == ("pending", asked["message_id"])
    assert (attempt["number"], attempt["status_code"], attempt["answer"]) == (1, 500, "out of order")
    again = ask("POST", f"/{made['id']}/deliveries/{asked['id']}/replay", status=202)
    send_due()
    newest, _ = ask("GET", f"/{made['id']}/deliveries")["data"]
    assert (newest["id"], newest["status"]) == (again["id"], "delivered")
    assert receiver.received[1].verified(made["secret"])["data"] == {"webhook_id": made["id"]}


@pytest.mark.parametrize("number", [1, 2**31, 2**63, 10**30])
def test_a_delivery_that_there_is_not(ask: Ask, webhook: dict[str, Any], number: int) -> None:
    """404, however large the number."""
    problem = ask("POST", f"/{webhook['id']}/deliveries/{number}/replay", status=404)
    assert problem["code"] == "delivery_not_found"


def test_a_disabled_webhook_is_not_tested(ask: Ask, webhook: dict[str, Any]) -> None:
    """409: enable it first."""
    ask("PATCH", f"/{webhook['id']}", {"enabled": False})
    assert ask("POST", f"/{webhook['id']}/test", status=409)["code"] == "webhook_disabled"


def test_the_log_by_the_page(ask: Ask, webhook: dict[str, Any], tenant: Tenant) -> None:
    """The newest first, each once."""
    for _ in range(5):
        with transaction.atomic():
            services.emit(tenant.id, Event.QUOTA_ALERT, {})
    path, seen = f"/{webhook['id']}/deliveries", []
    page = ask("GET", f"{path}?limit=2")
    while page["has_more"]:
        seen += [delivery["id"] for delivery in page["data"]]
        page = ask("GET", f"{path}?limit=2&cursor={page['next']}")
    seen += [delivery["id"] for delivery in page["data"]]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    assert ask("GET", f"{path}?limit=101", status=400)["param"] == "limit"
    assert ask("GET", f"{path}?cursor=nonsense", status=404)["code"] == "not_found"


def test_an_owner_at_the_console_may_too(tenant: Tenant) -> None:
    """With a session; the trail names the person."""
    user = user_create(username="otto", password="a long word to guess")
    member_add(tenant=tenant, user=user, role="owner")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/v1/webhooks", {"url": URL}, content_type="application/json").status_code == 201
    assert AuditEvent.objects.get(action="webhook.create").actor == "user:otto"
