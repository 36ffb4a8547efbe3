"""Who comes in through the company's identity provider, over its true protocol, and who does not."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import errors, invitations, services
from accounts.models import AuditEvent, Member, Tenant, User
from config import single_sign_on
from tests.system.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/oidc/sso/login/"
Arrive = Callable[..., Any]


@pytest.fixture
def company(identity_provider: IdentityProvider, settings: Settings, tenant: Tenant) -> IdentityProvider:
    """The provider is set up, and people of example.org join Alice's team."""
    settings.OIDC_ISSUER = identity_provider.url
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OIDC_JOIN = single_sign_on.joining([f"example.org={tenant.name}:member"])
    identity_provider.people.clear()
    return identity_provider


@pytest.fixture
def arrive(company: IdentityProvider) -> Arrive:
    """Somebody goes from our page to the provider's, signs in there, and comes back; the last answer."""

    def arrive(client: Client, *, sub: str = "42", process: str = "login", **claims: Any) -> Any:
        company.people[sub] = claims
        asked = client.get(LOGIN, {"process": process})
        there = httpx.post(asked.headers["Location"], data={"sub": sub})
        return client.get(there.headers["Location"])

    return arrive


def signed_in(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id", 0)).first()


def test_somebody_of_a_given_domain_becomes_a_member(client: Client, arrive: Arrive, tenant: Tenant) -> None:
    """At the first time a person is made, without a password, in the team and role of the rule; the trail says so."""
    answer = arrive(client, email="Bob@Example.org", email_verified=True, preferred_username="bob")
    assert answer.headers["Location"] == "/"
    member = Member.objects.get(tenant=tenant)
    assert (member.user.username, member.role) == ("bob", "member")
    assert not member.user.has_usable_password()
    assert signed_in(client) == member.user
    assert [event.action for event in AuditEvent.objects.order_by("-id")[:2]] == ["member.add", "user.create"]


def test_the_provider_s_id_is_who_somebody_is(arrive: Arrive, tenant: Tenant) -> None:
    """The second time nothing is made, whatever became of the address; and who was removed stays out of the team."""
    first, second = Client(), Client()
    arrive(first, email="bob@example.org", email_verified=True)
    Member.objects.all().delete()
    arrive(second, email="robert@elsewhere.org", email_verified=False)
    assert signed_in(second) == signed_in(first)
    assert Member.objects.count() == 0


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "bob@example.org"}, "has not verified"),
        ({"email": "bob@example.org", "email_verified": False}, "has not verified"),
        ({"email": "bob@example.org", "email_verified": "false"}, "has not verified"),
        ({}, "has not verified"),
        ({"email": "bob@elsewhere.org", "email_verified": True}, "Ask the person who runs Voxhouse"),
        ({"email": "bob@sub.example.org", "email_verified": True}, "Ask the person who runs Voxhouse"),
    ],
)
def test_strangers_are_refused(client: Client, arrive: Arrive, claims: dict[str, Any], words: str) -> None:
    """Without a verified address of a domain that a team has, nobody is made; the page says what to do."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = arrive(client, **claims)
    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert signed_in(client) is None
    assert not User.objects.exists()


def test_an_invitation_is_accepted_by_coming(
    client: Client, arrive: Arrive, other_tenant: Tenant, alice: User, settings: Settings
) -> None:
    """Whoever was invited by mail and comes with that address, verified, is in; the link is used up by it."""
    alice_there = services.member_add(tenant=other_tenant, user=alice, role="owner")
    _, token = invitations.invite(
        by=alice_there, role="viewer", email="Bob@elsewhere.org", days=settings.INVITATION_DAYS[0]
    )
    arrive(client, email="bob@elsewhere.org", email_verified=True)
    bob = signed_in(client)
    assert bob is not None
    assert Member.objects.get(user=bob).role == "viewer"
    with pytest.raises(errors.InvitationOver):
        invitations.find(token)


def test_an_address_leads_to_who_has_shown_it_is_theirs(client: Client, arrive: Arrive, alice: User) -> None:
    """Alice, who confirmed her address here, is known by the provider's verified one from the first time on."""
    EmailAddress.objects.create(user=alice, email="alice@far.org", verified=True)
    arrive(client, email="alice@far.org", email_verified=True)
    assert signed_in(client) == alice
    assert SocialAccount.objects.get(user=alice).uid == "42"
    assert alice.has_usable_password()


@pytest.mark.parametrize("where", ["user", "address"])
def test_an_address_that_somebody_merely_typed_leads_nowhere(
    client: Client, arrive: Arrive, alice: User, where: str
) -> None:
    """Neither is an account with a password opened by it, nor a second one made beside it."""
    if where == "user":
        User.objects.filter(pk=alice.pk).update(email="Bob@example.org")
    else:
        EmailAddress.objects.create(user=alice, email="bob@example.org", verified=False)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = arrive(client, email="bob@example.org", email_verified=True)
    assert answer.status_code == 403
    assert "sign in with your password" in answer.content.decode()
    assert signed_in(client) is None
    assert not SocialAccount.objects.exists()


def test_a_member_connects_their_account_after_their_password(client: Client, arrive: Arrive, alice: User) -> None:
    """Under Security: the provider's account is tied to who is signed in, and signs them in from then on."""
    client.post("/accounts/login/", {"login": "alice", "password": "long enough, and odd"})
    asked = arrive(client, process="connect", email="bob@example.org", email_verified=True)
    assert not SocialAccount.objects.exists()
    client.post(asked.headers["Location"], {"password": "long enough, and odd"}, follow=True)
    assert SocialAccount.objects.get().user == alice
    other = Client()
    arrive(other)
    assert signed_in(other) == alice


def test_a_code_is_good_for_who_asked_and_once(company: IdentityProvider, arrive: Arrive, client: Client) -> None:
    """Another browser cannot use the way back: its session does not know the state."""
    company.people["42"] = {"email": "bob@example.org", "email_verified": True}
    asked = client.get(LOGIN)
    back = httpx.post(asked.headers["Location"], data={"sub": "42"}).headers["Location"]
    thief = Client()
    thief.get(back)
    assert signed_in(thief) is None
    client.get(back)
    assert signed_in(client) is not None
    assert company.codes == {}


def test_a_provider_that_is_away_is_told_on_a_page(
    client: Client, company: IdentityProvider, settings: Settings
) -> None:
    """The sign-in page stays, and the password works on."""
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    answer = client.get(LOGIN, headers={"accept-language": "en"})
    assert answer.status_code == 502
    assert "did not answer as it should" in answer.content.decode()


def test_without_settings_there_is_no_single_sign_on(client: Client, db: None) -> None:
    """No button on the sign-in page, and nothing behind its address."""
    assert "/oidc/" not in client.get("/accounts/login/").content.decode()
    assert client.get(LOGIN).status_code == 404


@pytest.mark.parametrize(
    "rules",
    [["example.org"], ["example.org=team"], ["example.org=team:owner"], ["=team:member"], ["a.org=b:viewer"] * 2],
)
def test_rules_that_cannot_be_meant_stop_the_start(rules: list[str]) -> None:
    """A rule without team or with an unknown role, an owner by domain, a domain twice."""
    with pytest.raises(ImproperlyConfigured, match="OIDC_JOIN"):
        single_sign_on.joining(rules)


@pytest.mark.parametrize(
    ("url", "client_id"), [("https://a.org", ""), ("", "x"), ("http://a.org", "x"), ("a.org", "x")]
)
def test_a_provider_half_named_or_without_tls_stops_the_start(url: str, client_id: str) -> None:
    """Issuer and client come together, and only this machine is asked without TLS."""
    with pytest.raises(ImproperlyConfigured, match="OIDC_"):
        single_sign_on.issuer(url, client_id)
