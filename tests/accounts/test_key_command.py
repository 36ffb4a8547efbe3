"""`manage.py key create`, `key revoke`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import keys, services
from accounts.errors import ApiKeyRevoked
from accounts.models import ApiKey, Tenant

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command("key", *words, stdout=out)
    return out.getvalue()


def run_json(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*words, "--json"))
    return answer


def test_a_key_is_shown_once(tenant: Tenant, ip: str) -> None:
    """The key that is printed opens, and the database could not print it again."""
    made = run_json("create", "alice-team", "--name", "电话", "--scope", "speech", "--scope", "usage")
    assert services.api_key_authenticate(secret=made["key"], ip=ip).id == ApiKey.objects.get().id
    assert {name: made[name] for name in ("tenant", "name", "scopes", "expires_at")} == {
        "tenant": "alice-team",
        "name": "电话",
        "scopes": ["speech", "usage"],
        "expires_at": None,
    }
    assert made["key"] not in str(list(ApiKey.objects.values()))


def test_without_json_the_key_has_a_line_of_its_own(tenant: Tenant) -> None:
    """A person or a shell takes the first line."""
    assert keys.is_well_formed(run("create", "alice-team").splitlines()[0])


@pytest.mark.parametrize(
    ("given", "kept"),
    [("2999-01-02", "2999-01-02T00:00:00+00:00"), ("2999-01-02T08:00:00+08:00", "2999-01-02T08:00:00+08:00")],
)
def test_an_expiry_without_offset_is_utc(tenant: Tenant, given: str, kept: str) -> None:
    """The end of a key is ISO 8601."""
    assert run_json("create", "alice-team", "--expires", given)["expires_at"] == kept


def test_revoke(key: tuple[ApiKey, str], ip: str) -> None:
    """A revoked key is refused from the next request on, and no longer shown."""
    answer = run_json("revoke", str(key[0].id))
    assert answer["revoked_at"] is not None
    assert "key" not in answer
    with pytest.raises(ApiKeyRevoked):
        services.api_key_authenticate(secret=key[1], ip=ip)


@pytest.mark.parametrize(
    "words",
    [
        ("create", "nobody"),
        ("create", "alice-team", "--scope", "everything"),
        ("create", "alice-team", "--expires", "soon"),
        ("create", "alice-team", "--expires", "2001-01-01"),
        ("create", "alice-team", "--name", " "),
        ("revoke", "not-an-id"),
        ("revoke", "00000000-0000-0000-0000-000000000000"),
        (),
    ],
)
def test_a_mistake_is_one_clear_error(tenant: Tenant, words: tuple[str, ...]) -> None:
    """Whatever is wrong with the words ends the command and makes no key."""
    with pytest.raises(CommandError):
        run(*words)
    assert not ApiKey.objects.exists()
