"""Every administrative act leaves a line in the trail: at each door of the API, and from each service."""

import ast
import importlib
import inspect
import json
from types import ModuleType

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests.api.test_permissions import DOORS
from tests.console.addresses import addresses
from tests.console.teams import Team, filled, make_team

URL = "http://127.0.0.1:9/hook"

# What is sent to each door that changes something of a team's, and the line that it leaves.
ACTS = {
    ("DELETE", "/v1/cache"): ({}, "cache.purge"),
    ("PUT", "/v1/dictionary/entries/{word}"): ({"replacement": "别的"}, "dictionary.put"),
    ("DELETE", "/v1/dictionary/entries/{word}"): ({}, "dictionary.delete"),
    ("POST", "/v1/dictionary/import"): ("word,replacement\n新,旧\n", "dictionary.import"),
    ("POST", "/v1/dictionary/versions/{number}/restore"): ({}, "dictionary.restore"),
    ("POST", "/v1/webhooks"): ({"url": URL, "events": ["job.completed"]}, "webhook.create"),
    ("PATCH", "/v1/webhooks/{webhook_id}"): ({"enabled": False}, "webhook.change"),
    ("POST", "/v1/webhooks/{webhook_id}/rotate"): ({}, "webhook.rotate"),
    ("DELETE", "/v1/webhooks/{webhook_id}"): ({}, "webhook.delete"),
    ("POST", "/v1/destinations"): ({"type": "http", "url": URL}, "destination.create"),
    ("PATCH", "/v1/destinations/{destination_id}"): ({"enabled": False}, "destination.change"),
    ("DELETE", "/v1/destinations/{destination_id}"): ({}, "destination.delete"),
    ("POST", "/v1/keys"): ({"name": "new", "scopes": ["speech"]}, "api_key.create"),
    ("PATCH", "/v1/keys/{key_id}"): ({"requests_per_minute": 7}, "api_key.limit"),
    ("POST", "/v1/keys/{key_id}/reroll"): ({}, "api_key.reroll"),
    ("DELETE", "/v1/keys/{key_id}"): ({}, "api_key.revoke"),
}
# They try or send something again, and change nothing.
NO_ACTS = {
    ("POST", "/v1/dictionary/test"),
    ("POST", "/v1/webhooks/{webhook_id}/test"),
    ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"),
    ("POST", "/v1/destinations/{destination_id}/test"),
    ("POST", "/v1/destinations/{destination_id}/deliveries/replay"),
    ("POST", "/v1/destinations/{destination_id}/deliveries/{delivery_id}/replay"),
}
# Modules of services whose functions are told who asks.
SERVICES = (
    *("accounts.services", "accounts.members", "accounts.invitations", "accounts.single_sign_on"),
    *("billing.services", "billing.limits.services", "billing.alerts.services", "billing.price_book.services"),
    *("billing.savings.services", "webhooks.services", "tts_engine.cache", "tts_engine.delivery.services"),
    *("tts_engine.dictionary.services", "tts_engine.labels", "tts_engine.retention.services"),
)


@pytest.fixture
def team(transactional_db: None, quiet: None) -> Team:
    made = make_team()
    made.fill(1)
    return made


def test_every_administrative_door_leaves_a_line(team: Team) -> None:
    """Of who did what, in the trail of the team."""
    client: Client = team.member()
    forms = {str(address): address for address in addresses()}
    told = {}
    for (method, form), (body, action) in ACTS.items():
        sent = (body, "text/csv") if isinstance(body, str) else (json.dumps(body), "application/json")
        path = filled(forms[form], team)
        if action == "dictionary.restore":
            path = forms[form].filled(number=1)  # the latest version is there already, and leaves no line
        answer = client.generic(method, path, *sent)
        last = AuditEvent.objects.filter(tenant=team.tenant).latest("id")
        told[method, form] = (answer.status_code < 300, last.actor, last.action)
    actor = f"user:{team.owner.user.username}"
    assert told == {act: (True, actor, action) for act, (_, action) in ACTS.items()}


def test_no_door_is_forgotten() -> None:
    """Whoever adds one with which a team's things are managed says here what it writes down."""
    managing = {door for door in DOORS if door.scope in {"admin", "webhooks"} and door.method != "GET"}
    named = {f"/{form}".replace("//", "/") for _, form in ACTS.keys() | NO_ACTS}
    forms = {str(address) for address in addresses()}
    assert named <= forms
    assert len(managing) == len(ACTS.keys() | NO_ACTS)


@pytest.mark.parametrize("name", SERVICES)
def test_whoever_is_told_who_asks_writes_it_down(name: str) -> None:
    """A service's function that takes an actor records it, or hands it to one that does."""
    module: ModuleType = importlib.import_module(name)
    for function in ast.parse(inspect.getsource(module)).body:
        if isinstance(function, ast.FunctionDef) and "actor" in {each.arg for each in function.args.kwonlyargs}:
            calls = [call for call in ast.walk(function) if isinstance(call, ast.Call)]
            handed = {
                value.id
                for call in calls
                for value in [*call.args, *(keyword.value for keyword in call.keywords)]
                if isinstance(value, ast.Name)
            }
            assert "actor" in handed, f"{name}.{function.name} is told who asks, and writes it nowhere"
