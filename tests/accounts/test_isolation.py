"""Alice owns, Charlie must see nothing; and the database refuses what the services would."""

import inspect
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts import errors, selectors, services
from accounts.models import ApiKey, AuditEvent, Member, Tenant, User

pytestmark = pytest.mark.django_db

UNSCOPED = {"tenants", "invitation_to", "api_key_of", "digests_that_open"}


def test_every_selector_is_scoped() -> None:
    """None reads without being given the tenant, the person or the name, but the operators' list and what leads to one.

    An address that is invited leads to the tenant that invited it, a key to its own.
    """
    for name, function in inspect.getmembers(selectors, inspect.isfunction):
        if function.__module__ == selectors.__name__ and name not in UNSCOPED:
            assert next(iter(inspect.signature(function).parameters)) in {"tenant", "tenant_id", "user", "name"}, name


def test_another_tenants_key_is_not_there(key: tuple[ApiKey, str], tenant: Tenant, other_tenant: Tenant) -> None:
    """A key is found through its own tenant and is unknown through any other."""
    assert selectors.api_key(tenant, key[0].id) == key[0]
    with pytest.raises(errors.UnknownApiKey):
        selectors.api_key(other_tenant, key[0].id)
    assert not selectors.api_keys(other_tenant).exists()
    with pytest.raises(errors.UnknownApiKey):
        services.api_key_revoke(key_id=uuid.uuid4())


def test_members_and_audit_are_each_tenants_own(tenant: Tenant, other_tenant: Tenant, alice: User) -> None:
    """What happened in one tenant is not seen in another."""
    services.member_add(tenant=tenant, user=alice, role="owner")
    assert [member.user for member in selectors.members(tenant)] == [alice]
    assert not selectors.members(other_tenant).exists()
    assert [event.action for event in selectors.audit_events(tenant)] == ["member.add", "tenant.create"]
    assert [event.action for event in selectors.audit_events(other_tenant)] == ["tenant.create"]


def a_key(tenant: Tenant, **values: Any) -> ApiKey:
    good = {"digest": uuid.uuid4().hex * 2, "last4": "abcd", "scopes": ["speech"]}
    return ApiKey.objects.create(tenant=tenant, **(good | values))


def two_alike(tenant: Tenant, user: User) -> None:
    a_key(tenant, digest="a" * 64)
    a_key(tenant, digest="a" * 64)


def member_twice(tenant: Tenant, user: User) -> None:
    Member.objects.create(tenant=tenant, user=user, role="owner")
    Member.objects.create(tenant=tenant, user=user, role="viewer")


BROKEN: list[Callable[[Tenant, User], Any]] = [
    lambda tenant, user: Tenant.objects.create(name="alice-team"),
    lambda tenant, user: Tenant.objects.create(name="Not A Slug"),
    lambda tenant, user: Tenant.objects.create(name="zone", time_zone="Mars/Olympus"),
    lambda tenant, user: Member.objects.create(tenant=tenant, user=user, role="root"),
    member_twice,
    two_alike,
    lambda tenant, user: a_key(tenant, digest="vox_" + "a" * 60),
    lambda tenant, user: a_key(tenant, last4="abc"),
    lambda tenant, user: a_key(tenant, scopes=[]),
    lambda tenant, user: a_key(tenant, scopes=["speech", "everything"]),
    lambda tenant, user: a_key(tenant, expires_at=timezone.now() - timedelta(days=1)),
]


@pytest.mark.parametrize("write", BROKEN)
def test_the_database_refuses(tenant: Tenant, alice: User, write: Callable[[Tenant, User], Any]) -> None:
    """Rows that no service would write are refused by PostgreSQL too."""
    with pytest.raises(DatabaseError), transaction.atomic():
        write(tenant, alice)


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditevent SET outcome = 'OK'", "DELETE FROM accounts_auditevent"]
)
def test_the_trail_only_grows(tenant: Tenant, statement: str) -> None:
    """PostgreSQL refuses to change or delete an audit entry, whoever asks."""
    before = list(AuditEvent.objects.values())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(AuditEvent.objects.values()) == before != []
