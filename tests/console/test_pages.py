"""Who gets which page of the console."""

from uuid import uuid4

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client

from accounts.models import Tenant, User
from accounts.services import member_add, tenant_create, user_create
from billing.limits.services import plan_change
from billing.services import account_open, reserve, settle

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-enough-passphrase"


def person(name: str) -> User:
    return user_create(username=name, password=PASSWORD)


def team(name: str) -> Tenant:
    tenant = tenant_create(name=name)
    account_open(tenant=tenant)
    return tenant


def signed_in(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def test_a_visitor_is_sent_to_sign_in_and_back(client: Client) -> None:
    """Nobody sees the studio unsigned; after signing in the member is where they wanted to be."""
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/accounts/login/?next=/"


def test_a_member_sees_their_own_team_only() -> None:
    """Alice's page names her team and never Charlie's."""
    alice, charlie = person("alice"), person("charlie")
    member_add(tenant=team("harbour"), user=alice, role="member")
    member_add(tenant=team("quarry"), user=charlie, role="owner")
    page = signed_in(alice).get("/")
    assert page.status_code == 200
    assert "harbour" in page.content.decode()
    assert "quarry" not in page.content.decode()


def test_a_person_without_a_team_is_told_what_to_do() -> None:
    """403 with a page in plain words, and the way to sign out."""
    page = signed_in(person("dora")).get("/")
    assert page.status_code == 403
    assert "You are not in a team yet" in page.content.decode()
    assert "/accounts/logout/" in page.content.decode()


@pytest.mark.parametrize("language,words", [("en", "Away for a moment"), ("zh-hans", "暂时无法访问")])
def test_a_page_says_that_the_database_is_away(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """503 with when to come back, in the reader's language, by a page that asks no database itself."""
    client = signed_in(person("alice"), language)
    client.raise_request_exception = False

    def away(self: object, *_: object) -> None:
        raise OperationalError("connection to socket /run/house failed")

    with monkeypatch.context() as outage:
        outage.setattr(CursorWrapper, "execute", away)
        page = client.get("/")
        call = client.get("/v1/history")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert words in page.content.decode()
    assert "/run/house" not in page.content.decode()
    assert (call.status_code, call.json()["code"]) == (503, "temporarily_unavailable")


def test_a_page_that_fails_says_so_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """500 with a page of ours; what went wrong is for the operator alone."""
    alice = person("alice")
    member_add(tenant=team("harbour"), user=alice, role="member")
    client = signed_in(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("console.views.cost_of_a_million", lambda tenant: 1 // 0)
    page = client.get("/")
    assert page.status_code == 500
    assert "Something went wrong" in page.content.decode()
    assert "ZeroDivisionError" not in page.content.decode()
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_an_address_that_leads_nowhere_has_a_page_of_ours(who: str) -> None:
    """404 with a way on, signed in or not."""
    client = Client(headers={"accept-language": "en"}) if who == "nobody" else signed_in(person(who))
    page = client.get("/no-such-page")
    assert page.status_code == 404
    assert "Nothing here" in page.content.decode()


def test_the_studio_only_answers_reading_methods() -> None:
    """The page changes nothing, so nothing can be posted to it."""
    alice = person("alice")
    member_add(tenant=team("harbour"), user=alice, role="member")
    assert signed_in(alice).post("/").status_code == 405


@pytest.mark.parametrize(("language", "heading"), [("zh-hans", "工作室"), ("en", "Studio"), ("fr", "工作室")])
def test_the_page_speaks_the_members_language(language: str, heading: str) -> None:
    """Chinese and English by the browser's wish; Chinese for every other."""
    alice = person("alice")
    member_add(tenant=team("harbour"), user=alice, role="member")
    assert f"<h1>{heading}</h1>" in signed_in(alice, language).get("/").content.decode()


def test_nobody_signs_up_by_themselves(client: Client) -> None:
    """The sign-up page says that accounts are given, and takes none."""
    page = client.get("/accounts/signup/", headers={"accept-language": "en"})
    assert "By invitation only" in page.content.decode()
    client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(username="eve").exists()


def test_pages_forbid_foreign_and_inline_scripts(client: Client) -> None:
    """Whatever slips into a page, the browser runs the project's own files only."""
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"} <= set(policy)
    assert not [directive for directive in policy if "unsafe" in directive]


def test_the_icon_is_there_under_its_old_name(client: Client) -> None:
    """Browsers ask for /favicon.ico beside anything that is no page."""
    answer = client.get("/favicon.ico")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/static/favicon.svg"


@pytest.mark.parametrize(
    ("spoken", "language", "banner"),
    [
        (799_999, "en", None),
        (800_000, "en", "Your team has used 80% of its characters for this period."),
        (1_000_000, "en", "characters for this period are used up."),
        (1_000_000, "zh-hans", "本团队本周期的字符额度已用完。"),
    ],
)
def test_the_studio_tells_of_a_quota_that_ends(spoken: int, language: str, banner: str | None) -> None:
    """From 80 % on a line above the editor says so, in the member's language."""
    user, tenant, synthesis = person("alice"), team("alice-team"), uuid4()
    member_add(tenant=tenant, user=user, role="viewer")
    plan_change(name="standard", limits={"max_text_characters": 1_000_000})
    reserve(tenant_id=tenant.id, synthesis_id=synthesis, characters=spoken, virtual_time=0)
    settle(synthesis_id=synthesis, characters=spoken)
    page = signed_in(user, language).get("/").content.decode()
    assert page.count('class="notice') - page.count('role="alert" hidden') == (1 if banner else 0)
    assert banner is None or banner in page
