"""A team's keys through the API: made, capped, rerolled, revoked; shown once."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Tenant
from accounts.services import api_key_create
from tests.factories import make_tenant

MakeKey = Callable[..., dict[str, str]]
Ask = Callable[..., Any]


@pytest.fixture
def ask(key: MakeKey) -> Ask:
    """ask(method, path, body, status=200): the answer's JSON."""
    admin = key("admin")

    def ask(method: str, path: str = "", body: Any = None, *, status: int = 200) -> Any:
        answer = Client().generic(method, f"/v1/keys{path}", json.dumps(body or {}), "application/json", headers=admin)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    return ask


def opens(secret: str) -> int:
    """What a door answers to it."""
    return Client().get("/v1/audio/voices", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_a_key_from_its_making_to_its_end(ask: Ask) -> None:
    """Each text opens as long as it should; none is told a second time."""
    made = ask("POST", body={"name": "line", "scopes": ["speech"], "characters_per_period": 500}, status=201)
    path, first = f"/{made['id']}", made.pop("key")
    assert (made["object"], made["last4"], made["characters_per_period"], made["used"]) == (
        "api_key", first[-4:], 500, 0,
    )  # fmt: skip
    assert ask("GET", path)["id"] == made["id"]
    rerolled = ask("POST", f"{path}/reroll", {"grace_seconds": 60})
    assert rerolled["previous_last4"] == first[-4:]
    assert (opens(first), opens(rerolled["key"])) == (200, 200)
    ask("POST", f"{path}/reroll", {"grace_seconds": 0})
    assert (opens(first), opens(rerolled["key"])) == (401, 401)
    for _ in range(2):
        ask("DELETE", path, status=204)
    assert ask("POST", f"{path}/reroll", status=409)["code"] == "api_key_ended"
    listed = ask("GET")["data"]
    assert [each["id"] for each in listed if each["revoked_at"]] == [made["id"]]
    assert not any("key" in each for each in listed)


def test_caps_change_one_by_one(ask: Ask) -> None:
    """What is not given stays; null takes a cap away."""
    path = f"/{ask('POST', body={'requests_per_minute': 60}, status=201)['id']}"
    ask("PATCH", path, {"max_text_characters": 100})
    changed = ask("PATCH", path, {"requests_per_minute": None})
    assert (changed["requests_per_minute"], changed["max_text_characters"]) == (None, 100)


@pytest.mark.parametrize(
    ("method", "body", "param"),
    [
        ("POST", {"scopes": ["speech", "everything"]}, "scopes.1"),
        ("POST", {"scopes": []}, "scopes"),
        ("POST", {"name": ""}, "name"),
        ("POST", {"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ("POST", {"requests_per_minute": 0}, "requests_per_minute"),
        ("POST", {"colour": "red"}, "colour"),
    ],
)
def test_what_is_refused(ask: Ask, method: str, body: dict[str, Any], param: str) -> None:
    """The member at fault is named, and there is no key."""
    before = ApiKey.objects.count()
    assert ask(method, body=body, status=400)["param"] == param
    assert ApiKey.objects.count() == before


def test_another_teams_key_is_not_there(ask: Ask, transactional_db: None) -> None:
    """Whatever is asked of it."""
    theirs, _ = api_key_create(tenant=make_tenant())
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/reroll")):
        assert ask(method, f"/{theirs.id}{path}", status=404)["code"] == "api_key_not_found"
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_an_expiry_is_kept(ask: Ask, tenant: Tenant) -> None:
    """As it was asked for."""
    end = timezone.now() + timedelta(days=1)
    made = ask("POST", body={"expires_at": end.isoformat()}, status=201)
    assert ApiKey.objects.get(id=made["id"], tenant=tenant).expires_at == end
