"""Who may give and take which role; and a team always has an owner."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts import errors, members, selectors, services
from accounts.models import Member, Role, Tenant, User
from tests.threads import at_once

pytestmark = pytest.mark.django_db

Join = Callable[..., Member]


@pytest.fixture
def join(tenant: Tenant) -> Join:
    """join(name, role): a member of the tenant."""

    def make(name: str, role: str, of: Tenant | None = None) -> Member:
        user = services.user_create(username=name, password="long enough, and odd")
        return services.member_add(tenant=of or tenant, user=user, role=role)

    return make


def roles(tenant: Tenant) -> dict[str, str]:
    return {member.user.username: member.role for member in selectors.members(tenant)}


@pytest.mark.parametrize(
    ("by", "held", "given", "allowed"),
    [
        ("owner", "member", "owner", True),
        ("owner", "owner", "viewer", True),
        ("admin", "viewer", "admin", True),
        ("admin", "admin", "member", True),
        ("admin", "member", "owner", False),
        ("admin", "owner", "member", False),
        ("member", "viewer", "member", False),
        ("viewer", "viewer", "admin", False),
    ],
)
def test_who_gives_which_role(join: Join, tenant: Tenant, by: str, held: str, given: str, allowed: bool) -> None:
    """Owners and admins do; what an owner is, owners alone decide. What is refused changes nothing."""
    join("olga", "owner")
    by_member, member = join("by", by), join("held", held)
    if allowed:
        members.role_set(member=member, role=given, by=by_member)
    else:
        with pytest.raises(errors.RoleNotAllowed):
            members.role_set(member=member, role=given, by=by_member)
    assert roles(tenant)["held"] == (given if allowed else held)
    assert selectors.audit_events(tenant).filter(action="member.role_set").count() == allowed


def test_the_trail_tells_what_was_before(join: Join, tenant: Tenant) -> None:
    """Who changed whom, from what to what; the same role again is no change."""
    olga, mei = join("olga", "owner"), join("mei", "viewer")
    for _ in range(2):
        members.role_set(member=mei, role="member", by=olga)
    entry = selectors.audit_events(tenant).get(action="member.role_set")
    assert (entry.actor, entry.details) == ("user:olga", {"username": "mei", "role": "member", "before": "viewer"})


def test_the_last_owner_stays(join: Join, tenant: Tenant) -> None:
    """Neither demoted nor removed, not even by themselves; with a second owner both can be."""
    olga = join("olga", "owner")
    for change in (
        lambda: members.role_set(member=olga, role="admin", by=olga),
        lambda: members.remove(member=olga, by=olga),
    ):
        with pytest.raises(errors.LastOwner):
            change()
    members.role_set(member=join("otto", "admin"), role="owner", by=olga)
    members.remove(member=olga, by=olga)
    assert roles(tenant) == {"otto": "owner"}


def test_anybody_may_leave(join: Join, tenant: Tenant) -> None:
    """A viewer removes nobody but themselves."""
    join("olga", "owner")
    vera, mei = join("vera", "viewer"), join("mei", "viewer")
    with pytest.raises(errors.RoleNotAllowed):
        members.remove(member=mei, by=vera)
    members.remove(member=vera, by=vera)
    assert set(roles(tenant)) == {"olga", "mei"}
    assert User.objects.filter(username="vera").exists()


def test_another_tenants_member_is_not_there(join: Join, tenant: Tenant, other_tenant: Tenant) -> None:
    """Whatever number is asked for."""
    olga, charlie = join("olga", "owner"), join("charlie", "owner", other_tenant)
    with pytest.raises(errors.UnknownMember):
        selectors.member(tenant, charlie.id)
    for change in (
        lambda: members.role_set(member=charlie, role="viewer", by=olga),
        lambda: members.remove(member=charlie, by=olga),
    ):
        with pytest.raises(errors.UnknownMember):
            change()
    assert roles(other_tenant) == {"charlie": "owner"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_two_demote_each_other_at_once(join: Join, tenant: Tenant, role: str) -> None:
    """One of them comes second and finds that they are what they were made: there is still one who can do it."""
    if role == Role.ADMIN:
        join("olga", "owner")
    ann, ben = join("ann", role), join("ben", role)
    pairs = iter([(ann, ben), (ben, ann)])

    def demote() -> Any:
        by, member = next(pairs)
        try:
            return members.role_set(member=member, role="viewer", by=by)
        except errors.RoleNotAllowed as refused:
            return refused

    answers = at_once(2, demote)
    assert sorted(type(answer).__name__ for answer in answers) == ["Member", "RoleNotAllowed"]
    assert sorted((roles(tenant)["ann"], roles(tenant)["ben"])) == sorted([role, "viewer"])


@pytest.mark.django_db(transaction=True)
def test_two_owners_leave_at_once(join: Join, tenant: Tenant) -> None:
    """One of them has to stay."""
    leaving = iter([join("ann", "owner"), join("ben", "owner")])

    def leave() -> str:
        member = next(leaving)
        try:
            members.remove(member=member, by=member)
        except errors.LastOwner:
            return "stays"
        return "left"

    assert sorted(at_once(2, leave)) == ["left", "stays"]
    assert list(roles(tenant).values()) == ["owner"]


def test_of_several_teams_one_is_chosen(join: Join, tenant: Tenant, other_tenant: Tenant) -> None:
    """The console shows that one; without a choice, or once they have left it, the first by name."""
    olga = join("olga", "owner")
    services.member_add(tenant=other_tenant, user=olga.user, role="viewer")

    def shown() -> str:
        found = selectors.membership_of(User.objects.get(id=olga.user_id))
        assert found is not None
        return found.tenant.name

    assert shown() == "alice-team"
    members.team_choose(user=olga.user, tenant=other_tenant)
    assert shown() == "charlie-team"
    Member.objects.filter(tenant=other_tenant).delete()
    assert shown() == "alice-team"
    with pytest.raises(errors.UnknownMember):
        members.team_choose(user=olga.user, tenant=other_tenant)
