"""An invitation is used once, by whoever has its link, while it lasts."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import errors, invitations, selectors, services
from accounts.models import Invitation, Member, Tenant, User
from tests.threads import at_once

pytestmark = pytest.mark.django_db

PASSWORD = "long enough, and odd"


@pytest.fixture
def olga(tenant: Tenant) -> Member:
    """An owner of the tenant."""
    user = services.user_create(username="olga", password=PASSWORD)
    return services.member_add(tenant=tenant, user=user, role="owner")


def actions(tenant: Tenant) -> list[str]:
    return list(
        selectors.audit_events(tenant).filter(action__startswith="invitation.").values_list("action", flat=True)
    )


def test_only_a_digest_is_kept(olga: Member) -> None:
    """The token is in no column and in no audit entry."""
    invitation, token = invitations.invite(by=olga, role="member", email="mei@example.com", days=7)
    stored = [
        *Invitation.objects.values_list()[0],
        *selectors.audit_events(olga.tenant).values_list("details", flat=True),
    ]
    assert token not in repr(stored)
    assert invitations.find(token) == invitation


def test_a_new_person_signs_up(olga: Member) -> None:
    """They get an account with the invitation's address, and the role in its team; the trail tells both ends."""
    _, token = invitations.invite(by=olga, role="viewer", email="mei@example.com", days=7)
    member = invitations.sign_up(invitation=invitations.find(token), username="mei", password=PASSWORD)
    assert (member.tenant, member.role, member.user.email) == (olga.tenant, "viewer", "mei@example.com")
    assert member.user.check_password(PASSWORD)
    assert actions(olga.tenant) == ["invitation.accept", "invitation.create"]


def test_one_with_an_account_accepts(olga: Member, other_tenant: Tenant, alice: User) -> None:
    """Who works for another team already works for this one from then on."""
    services.member_add(tenant=other_tenant, user=alice, role="owner")
    invitation, _ = invitations.invite(by=olga, role="admin", days=1)
    invitations.accept(invitation=invitation, user=alice)
    shown = selectors.membership_of(User.objects.get(id=alice.id))
    assert shown is not None
    assert (shown.tenant, shown.role) == (olga.tenant, "admin")


def test_it_is_used_once(olga: Member, alice: User) -> None:
    """Whoever comes second is told so, and becomes nothing."""
    invitation, token = invitations.invite(by=olga, role="member", days=7)
    invitations.accept(invitation=invitation, user=alice)
    with pytest.raises(errors.InvitationOver, match="used already"):
        invitations.find(token)
    with pytest.raises(errors.InvitationOver, match="used already"):
        invitations.sign_up(invitation=invitation, username="eve", password=PASSWORD)
    assert set(selectors.members(olga.tenant).values_list("user__username", flat=True)) == {"olga", "alice"}
    assert not User.objects.filter(username="eve").exists()


@pytest.mark.django_db(transaction=True)
def test_used_twice_at_once(olga: Member) -> None:
    """One of them is a member; of the other there is not even an account."""
    invitation, _ = invitations.invite(by=olga, role="member", days=7)
    names = iter(["ann", "ben"])

    def sign_up() -> str:
        try:
            invitations.sign_up(invitation=invitation, username=next(names), password=PASSWORD)
        except errors.InvitationOver:
            return "refused"
        return "joined"

    assert sorted(at_once(2, sign_up)) == ["joined", "refused"]
    assert User.objects.count() == selectors.members(olga.tenant).count() == 2


@pytest.mark.parametrize("over", ["expired", "revoked"])
def test_its_time_is_over(olga: Member, alice: User, over: str) -> None:
    """Expired or taken back, it opens nothing."""
    invitation, token = invitations.invite(by=olga, role="member", days=7)
    if over == "revoked":
        for _ in range(2):
            invitations.revoke(invitation=invitation, by=olga)
    else:
        Invitation.objects.update(created_at=timezone.now() - timedelta(days=8), expires_at=timezone.now())
    with pytest.raises(errors.InvitationOver):
        invitations.find(token)
    with pytest.raises(errors.InvitationOver):
        invitations.accept(invitation=invitation, user=alice)
    assert not selectors.memberships(alice).exists()
    assert not selectors.open_invitations(olga.tenant).exists()
    assert actions(olga.tenant).count("invitation.revoke") == (over == "revoked")


def test_for_another_tenant(olga: Member, other_tenant: Tenant, alice: User) -> None:
    """It leads into its own team alone, and the other team does not see it, nor take it back."""
    charlie = services.member_add(tenant=other_tenant, user=alice, role="owner")
    invitation, _ = invitations.invite(by=olga, role="member", days=7)
    with pytest.raises(errors.UnknownInvitation):
        selectors.invitation(charlie.tenant, invitation.id)
    mei = services.user_create(username="mei", password=PASSWORD)
    assert invitations.accept(invitation=invitation, user=mei).tenant == olga.tenant
    assert selectors.members(other_tenant).get() == charlie


def test_a_members_own_invitation_is_not_used_up(olga: Member) -> None:
    """Who opens the link by mistake leaves it to the one it is for."""
    invitation, token = invitations.invite(by=olga, role="viewer", days=7)
    with pytest.raises(errors.MemberExists):
        invitations.accept(invitation=invitation, user=olga.user)
    assert invitations.find(token) == invitation


@pytest.mark.parametrize("token", ["", "x", "声坊", "\x00", "a" * 10_000])
def test_a_token_that_is_none(db: None, token: str) -> None:
    """It is found by nothing."""
    with pytest.raises(errors.UnknownInvitation):
        invitations.find(token)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"role": "root"}, errors.UnknownRole),
        ({"email": "not an address"}, errors.UnacceptableUser),
        ({"days": 0}, errors.UnacceptableExpiry),
        ({"days": 365}, errors.UnacceptableExpiry),
    ],
)
def test_what_is_refused(olga: Member, asked: dict[str, object], refusal: type[errors.AccountsError]) -> None:
    """Nothing is left of it."""
    with pytest.raises(refusal):
        invitations.invite(**({"by": olga, "role": "member", "days": 7} | asked))  # type: ignore[arg-type]
    assert not Invitation.objects.exists()
    assert actions(olga.tenant) == []


@pytest.mark.parametrize(
    ("by", "role", "allowed"),
    [("admin", "admin", True), ("admin", "owner", False), ("member", "viewer", False), ("viewer", "viewer", False)],
)
def test_who_invites_whom(tenant: Tenant, alice: User, by: str, role: str, allowed: bool) -> None:
    """As with roles: an owner is invited by an owner alone."""
    inviter = services.member_add(tenant=tenant, user=alice, role=by)
    if not allowed:
        with pytest.raises(errors.RoleNotAllowed):
            invitations.invite(by=inviter, role=role, days=7)
    else:
        invitations.invite(by=inviter, role=role, days=7)
    assert Invitation.objects.count() == allowed


def test_a_team_has_so_many_open(olga: Member, settings: Settings) -> None:
    """One that is taken back makes room."""
    settings.INVITATIONS = 1
    first, _ = invitations.invite(by=olga, role="member", days=7)
    with pytest.raises(errors.TooManyInvitations):
        invitations.invite(by=olga, role="member", days=7)
    invitations.revoke(invitation=first, by=olga)
    invitations.invite(by=olga, role="member", days=7)


def test_the_mail(olga: Member, settings: Settings) -> None:
    """It says which team, how long, and has the link; a team's name is no HTML."""
    settings.LANGUAGE_CODE = "en"
    invitation, _ = invitations.invite(by=olga, role="member", email="mei@example.com", days=7)
    invitations.mail(invitation, link="https://voice.example/invitation?token=abc&x")
    (sent,) = mail.outbox
    assert sent.to == ["mei@example.com"]
    assert sent.subject == "You are invited to the team alice-team of Voxhouse"
    assert "https://voice.example/invitation?token=abc&x" in sent.body
    assert f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC" in sent.body
