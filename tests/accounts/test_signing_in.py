"""Passwords, second factors and sessions: what a thief cannot do, and what the owner always can."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from accounts import services
from accounts.models import Tenant, User

pytestmark = pytest.mark.django_db

PASSWORD = "long enough, and odd"


@pytest.fixture
def browser(ip: str) -> Client:
    """At an address that no other test has."""
    return Client(REMOTE_ADDR=ip, headers={"accept-language": "en"})


@pytest.fixture
def elsewhere() -> Client:
    return Client(REMOTE_ADDR="2001:db8:ffff::1", headers={"accept-language": "en"})


def sign_in(browser: Client, name: str = "alice", password: str = PASSWORD) -> Any:
    return browser.post("/accounts/login/", {"login": name, "password": password})


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def with_app(user: User) -> str:
    """The person has an authenticator app; its secret."""
    secret: str = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def digits(secret: str) -> str:
    code: str = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    return code


def test_guesses_are_counted_by_name_and_address(browser: Client, elsewhere: Client, alice: User) -> None:
    """After five wrong passwords even the right one waits, and the page says how long; others are not slowed down."""
    for _ in range(5):
        assert "not correct" in sign_in(browser, password="a guess").content.decode()
    refused = sign_in(browser)
    assert "Too many attempts. Try again in 5 minutes." in refused.content.decode()
    assert not is_in(browser)
    sign_in(elsewhere)
    assert is_in(elsewhere)
    services.user_create(username="bob", password=PASSWORD)
    sign_in(browser, "bob")
    assert is_in(browser)


def test_an_address_that_tries_many_names_waits_a_minute(browser: Client, alice: User) -> None:
    """Twenty wrong ones a minute, whatever the names; the right ones do not count."""
    for name in range(20):
        sign_in(browser, f"nobody{name}", "a guess")
    assert "Try again in a minute." in sign_in(browser).content.decode()


def test_the_right_password_uses_up_nothing(ip: str, alice: User) -> None:
    """Ten people of an office behind one address sign in one after the other."""
    for _ in range(10):
        person = Client(REMOTE_ADDR=ip)
        sign_in(person)
        assert is_in(person)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every password that was hashed: what signing in spends its time on."""
    seen: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    yield seen


def test_a_refusal_takes_as_long_whoever_is_named(browser: Client, alice: User, hashed: list[str]) -> None:
    """As much is hashed for a wrong password, for a name nobody has, and for somebody without a password."""
    company = services.user_create(username="company", password=PASSWORD)
    company.set_unusable_password()
    company.save()
    counts = set()
    for name in ("alice", "nobody", "company"):
        hashed.clear()
        sign_in(browser, name, "a guess")
        counts.add(len(hashed))
    assert len(counts) == 1
    assert counts != {0}


def test_a_second_factor_is_asked_for(browser: Client, alice: User) -> None:
    """The password alone does not sign in; a wrong code neither; the right one does."""
    secret = with_app(alice)
    assert sign_in(browser).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(browser)
    wrong = browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    browser.post("/accounts/2fa/authenticate/", {"code": digits(secret)})
    assert is_in(browser)


def test_a_code_is_good_once(browser: Client, elsewhere: Client, alice: User) -> None:
    """Whoever looked over a shoulder comes too late."""
    code = digits(with_app(alice))
    for client in (browser, elsewhere):
        sign_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_in(browser)
    assert not is_in(elsewhere)


def test_the_secret_of_an_app_is_kept_encrypted(alice: User) -> None:
    """Who reads the database cannot make its codes; an older SECRET_KEY still opens what it closed."""
    secret = with_app(alice)
    kept = Authenticator.objects.get(user=alice).data["secret"]
    assert secret not in kept
    assert get_adapter().decrypt(kept) == secret


def test_a_lost_telephone_is_taken_off_by_the_operator(browser: Client, alice: User) -> None:
    """`manage.py mfa reset`: the password alone signs in again; the trail tells of it."""
    with_app(alice)
    services.second_factor_reset(username="alice")
    sign_in(browser)
    assert is_in(browser)


@pytest.fixture
def operator(tenant: Tenant) -> User:
    """As `make up` makes the first account."""
    user = services.user_create(username="operator", password=PASSWORD, operator=True)
    services.member_add(tenant=tenant, user=user, role="owner")
    return user


def test_operators_may_be_told_to_have_a_second_factor(browser: Client, operator: User, settings: Settings) -> None:
    """With the setting every page leads to where it is set up, which stays open; then all is as before."""
    sign_in(browser, "operator")
    assert browser.get("/operators/savings").status_code != 403
    settings.OPERATORS_NEED_MFA = True
    assert browser.get("/operators/savings").headers["Location"] == "/security"
    assert browser.get("/v1/history", headers={"accept": "application/json"}).status_code == 403
    assert "Set one up to go on" in browser.get("/security").content.decode()
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert browser.get("/accounts/2fa/totp/activate/").status_code == 200
    with_app(operator)
    assert browser.get("/operators/savings").status_code != 302


def test_the_setting_is_not_for_members(browser: Client, alice: User, tenant: Tenant, settings: Settings) -> None:
    """Who sees one team alone decides for themselves."""
    services.member_add(tenant=tenant, user=alice, role="owner")
    settings.OPERATORS_NEED_MFA = True
    sign_in(browser)
    assert browser.get("/security").status_code == 200
    assert browser.get("/statement").status_code != 302


def test_sessions_are_listed_and_ended(browser: Client, elsewhere: Client, alice: User) -> None:
    """One by one or all others; an ended one is a stranger's at its next request."""
    for client in (browser, elsewhere):
        sign_in(client)
    page = browser.get("/security").content.decode()
    assert page.count("/end") == 2  # the other one, and all others
    assert "2001:db8:ffff::1" in page
    browser.post("/security/sessions/end")
    assert elsewhere.get("/security").status_code == 302
    assert browser.get("/security").status_code == 200


def test_nobody_ends_another_s_session(browser: Client, elsewhere: Client, alice: User) -> None:
    """Another person's session is not there."""
    services.user_create(username="eve", password=PASSWORD)
    sign_in(browser)
    sign_in(elsewhere, "eve")
    session = UserSession.objects.get(user=alice)
    assert elsewhere.post(f"/security/sessions/{session.pk}/end").status_code == 404
    assert browser.get("/security").status_code == 200


def test_a_new_password_ends_all_other_sessions(browser: Client, elsewhere: Client, alice: User) -> None:
    """And they are no longer listed."""
    for client in (browser, elsewhere):
        sign_in(client)
    new = "another, longer and odder"
    browser.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert elsewhere.get("/security").status_code == 302
    assert "/end" not in browser.get("/security").content.decode()


def test_the_security_page_costs_the_same_however_many_sessions(
    browser: Client, alice: User, django_assert_num_queries: Any
) -> None:
    """No query a session."""
    sign_in(browser)
    with CaptureQueriesContext(connection) as captured:
        browser.get("/security")
    few = len(captured)
    for _ in range(3):
        sign_in(Client(REMOTE_ADDR="2001:db8:ffff::2"))
    with django_assert_num_queries(few):
        browser.get("/security")
