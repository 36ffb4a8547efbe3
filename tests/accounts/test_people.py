"""Tenants, people and keys come into being whole, or not at all with an error that names the field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.test import RequestFactory
from django.utils import timezone

from accounts import errors, selectors, services
from accounts.models import ApiKey, AuditEvent, Member, Role, Tenant, User

pytestmark = pytest.mark.django_db

REFUSED: list[tuple[dict[str, Any], type[errors.AccountsError]]] = [
    ({"name": "alice-team"}, errors.TenantExists),
    ({"name": ""}, errors.UnacceptableName),
    ({"name": "Alice"}, errors.UnacceptableName),
    ({"name": "-alice"}, errors.UnacceptableName),
    ({"name": "alice-"}, errors.UnacceptableName),
    ({"name": "a" * 65}, errors.UnacceptableName),
    ({"name": "团队"}, errors.UnacceptableName),
    ({"name": "alice\n"}, errors.UnacceptableName),
    ({"name": "x", "time_zone": "Asia/Pekin"}, errors.UnknownTimeZone),
    ({"name": "x", "time_zone": "../etc/passwd"}, errors.UnknownTimeZone),
]


@pytest.mark.parametrize(("values", "error"), REFUSED)
def test_a_tenant_is_refused(tenant: Tenant, values: dict[str, Any], error: type[errors.AccountsError]) -> None:
    """A taken or unusable name and an unknown time zone are refused, and no row is left."""
    with pytest.raises(error):
        services.tenant_create(**values)
    assert Tenant.objects.count() == 1


@pytest.mark.parametrize("name", ["a", "0", "a" * 64, "team-42"])
def test_a_tenant_is_made_and_audited(name: str) -> None:
    """A tenant has an id of its own and the time zone of Shanghai unless told; the trail says who made it."""
    tenant = services.tenant_create(name=name, actor="user:alice")
    assert tenant.time_zone == "Asia/Shanghai"
    assert selectors.tenant_by_name(name) == tenant
    entry = selectors.audit_events(tenant).get()
    assert (entry.actor, entry.action, entry.outcome) == ("user:alice", "tenant.create", "OK")


def test_no_such_tenant() -> None:
    """A name that nobody has is an error of its own."""
    with pytest.raises(errors.UnknownTenant):
        selectors.tenant_by_name("nobody")


@pytest.mark.parametrize("role", Role.values)
def test_a_member_has_one_role(tenant: Tenant, alice: User, role: str) -> None:
    """A person is added once to a tenant, with a role that exists."""
    services.member_add(tenant=tenant, user=alice, role=role)
    assert selectors.memberships(alice).get().role == role
    with pytest.raises(errors.MemberExists):
        services.member_add(tenant=tenant, user=alice, role=role)


def test_an_unknown_role(tenant: Tenant, alice: User) -> None:
    """There are four roles and no other."""
    with pytest.raises(errors.UnknownRole):
        services.member_add(tenant=tenant, user=alice, role="root")
    assert not Member.objects.exists()


def test_a_person_signs_in_with_their_password(alice: User) -> None:
    """The password is kept as a hash that only it opens; nobody becomes staff by being added."""
    assert alice.check_password("long enough, and odd")
    assert "long enough" not in alice.password
    assert not alice.is_staff
    assert not alice.is_superuser


@pytest.mark.parametrize(
    ("username", "password", "error"),
    [
        ("alice", "long enough, and odd", errors.UserExists),
        ("bob", "short", errors.UnacceptablePassword),
        ("bob", "password123", errors.UnacceptablePassword),
        ("bob-the-builder", "bob-the-builder", errors.UnacceptablePassword),
        ("", "long enough, and odd", errors.UnacceptableUser),
        ("bob builder", "long enough, and odd", errors.UnacceptableUser),
        ("b" * 151, "long enough, and odd", errors.UnacceptableUser),
    ],
)
def test_a_person_is_refused(alice: User, username: str, password: str, error: type[errors.AccountsError]) -> None:
    """A taken or unusable user name and a weak password are refused, and no row is left."""
    with pytest.raises(error):
        services.user_create(username=username, password=password)
    assert User.objects.count() == 1


def test_an_email_is_one() -> None:
    """The error names the field that is wrong."""
    with pytest.raises(errors.UnacceptableUser) as raised:
        services.user_create(username="bob", password="long enough, and odd", email="not an address")
    assert raised.value.param == "email"


def test_nobody_signs_up() -> None:
    """django-allauth's own sign-up is closed: an admin adds people."""
    assert get_adapter().is_open_for_signup(RequestFactory().get("/")) is False


def test_a_key_is_made(tenant: Tenant) -> None:
    """By default a key may speak, read history and usage, never administrate; it has no end."""
    key, secret = services.api_key_create(tenant=tenant, name=" phone line ")
    assert (key.name, key.scopes, key.expires_at) == ("phone line", ["history", "speech", "usage"], None)
    assert secret.endswith(key.last4)


def test_an_expiry_is_kept(tenant: Tenant) -> None:
    """A key may be given an end, in any time zone."""
    end = timezone.now() + timedelta(days=1)
    key, _ = services.api_key_create(tenant=tenant, expires_at=end)
    assert ApiKey.objects.get(id=key.id).expires_at == end


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"scopes": []}, errors.UnknownScope),
        ({"scopes": ["speech", "everything"]}, errors.UnknownScope),
        ({"scopes": "speech"}, errors.UnknownScope),
        ({"name": "  "}, errors.UnacceptableName),
        ({"name": "n" * 101}, errors.UnacceptableName),
        ({"expires_at": NOW}, errors.UnacceptableExpiry),
        ({"expires_at": (NOW + timedelta(days=1)).replace(tzinfo=None)}, errors.UnacceptableExpiry),
    ],
)
def test_a_key_is_refused(tenant: Tenant, values: dict[str, Any], error: type[errors.AccountsError]) -> None:
    """No scope or an unknown one, no name, an end that is past or without time zone: no key."""
    with pytest.raises(error):
        services.api_key_create(tenant=tenant, **values)
    assert not ApiKey.objects.exists()


def test_every_change_is_audited(tenant: Tenant, alice: User) -> None:
    """Whatever changes who may use the platform leaves one entry with who did it."""
    services.member_add(tenant=tenant, user=alice, role="owner")
    key, _ = services.api_key_create(tenant=tenant)
    services.api_key_revoke(key_id=key.id)
    actions = AuditEvent.objects.order_by("id").values_list("action", flat=True)
    assert sorted(actions) == ["api_key.create", "api_key.revoke", "member.add", "tenant.create", "user.create"]
