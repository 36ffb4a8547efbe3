"""The operators' pages of teams, plans, prices and voices: what they show, take and refuse, and who is named for it."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import invitations
from accounts.models import AuditEvent, Tenant
from billing import selectors as billing
from billing.models import Account, ExchangeRate, Plan, PriceBook
from billing.price_book.services import SHIPPED
from tests.console.visitors import member_of
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db

PAGES = ["", "/live", "/teams", "/plans", "/prices", "/voices", "/savings.csv", "/savings.pdf", "/savings/what-if"]
LIMITS = {
    "requests_per_minute": "60",
    "concurrent_requests": "10",
    "max_text_characters": "4096",
    "weight": "2",
    "priority": "0",
    "cached_rate": "0",
}


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def last_event() -> tuple[str, str]:
    event = AuditEvent.objects.latest("id")
    return event.action, event.actor


def test_for_operators_only(tenant: Tenant) -> None:
    """A visitor signs in first, an owner is told whom the page is for."""
    owner = member_of(tenant)
    for page in [*PAGES, f"/teams/{tenant.name}", "/plans/standard"]:
        assert Client().get(f"/operators{page}").status_code == 302, page
        assert owner.get(f"/operators{page}").status_code == 403, page


def test_the_dashboard_asks_as_often_for_many_teams_as_for_one(
    sun: Client, tenant: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Sessions, the person, teams, days, queue and the last minutes: never a question for each team."""
    for _ in range(5):
        make_tenant()
    with django_assert_max_num_queries(8):
        page = words(sun.get("/operators"))
    assert page.count("/operators/teams/team-") == 6
    assert "No worker is alive" in page


def test_the_live_part_alone(sun: Client) -> None:
    """Queue and workers, without the page around them, and never kept by a browser."""
    answer = sun.get("/operators/live")
    assert "Requests waiting" in words(answer)
    assert "<html" not in words(answer)
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_order_that_is_none(sun: Client) -> None:
    assert sun.get("/operators?order=1;drop").status_code == 404


def test_a_team_is_created(sun: Client) -> None:
    """With its account, by whoever is signed in; its page follows."""
    answer = sun.post("/operators/teams", {"name": "harbour", "plan": "standard", "time_zone": "Asia/Shanghai"})
    assert answer.headers["Location"] == "/operators/teams/harbour"
    assert Account.objects.get(tenant__name="harbour").plan.name == "standard"
    assert last_event() == ("account.open", "user:sun")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": "Not A Slug"}, "cannot name a tenant"),
        ({"time_zone": "Mars/Olympus"}, "is not an IANA time zone"),
        ({"plan": "gone"}, "gone is not one of the available choices"),
    ],
)
def test_what_is_no_team(sun: Client, typed: dict[str, str], told: str) -> None:
    """Is refused at its field, and leaves nothing behind."""
    answer = sun.post("/operators/teams", {"name": "harbour", "plan": "standard", "time_zone": "UTC"} | typed)
    assert answer.status_code == 400
    assert told in words(answer)
    assert not Tenant.objects.filter(name="harbour").exists()


def test_a_team_is_found_by_a_part_of_its_name(sun: Client, tenant: Tenant) -> None:
    other = make_tenant()
    page = words(sun.get(f"/operators/teams?q={tenant.name[:12].upper()}"))
    assert tenant.name in page
    assert other.name not in page
    assert "No team of that name" in words(sun.get("/operators/teams?q=zzz"))


def test_what_a_team_may_is_changed(sun: Client, tenant: Tenant) -> None:
    """Its plan, its quota for a time, its suspension: each in the trail under the operator's name."""
    page = f"/operators/teams/{tenant.name}"
    sun.post(page, {"do": "plan", "plan": "standard"})
    assert billing.limits(tenant.id).plan == "standard"
    before = billing.usage(tenant.id).limit
    sun.post(page, {"do": "raise", "characters": "500", "until": str(date.today() + timedelta(days=3))})  # noqa: DTZ011
    assert billing.usage(tenant.id).limit == (before or 0) + 500
    sun.post(page, {"do": "suspend"})
    assert "suspended" in words(sun.get(page))
    assert last_event() == ("account.suspend", "user:sun")
    sun.post(page, {"do": "resume"})
    assert Account.objects.get(tenant=tenant).suspended_at is None


def test_a_person_is_invited_to_a_team(sun: Client, tenant: Tenant) -> None:
    """By a link that the answer shows once, for an owner too; the trail names the operator."""
    page = f"/operators/teams/{tenant.name}"
    shown = words(sun.post(page, {"do": "invite", "role": "owner"}))
    token = re.search(r"/invitation\?token=([\w-]+)", shown)
    assert token
    assert invitations.find(token[1]).role == "owner"
    assert last_event() == ("invitation.create", "user:sun")
    assert token[1] not in words(sun.get(page))
    assert sun.post(page, {"do": "invite", "role": "king"}).status_code == 400


def test_what_is_no_change(sun: Client, tenant: Tenant) -> None:
    """A change that there is not is 400, a team that there is not 404."""
    assert sun.post(f"/operators/teams/{tenant.name}", {"do": "delete"}).status_code == 400
    assert sun.get("/operators/teams/nobody").status_code == 404


def test_plans(sun: Client) -> None:
    """One is created, then changed for every team on it; empty is no limit."""
    sun.post("/operators/plans", {"name": "night", **LIMITS})
    assert Plan.objects.get(name="night").characters_per_period is None
    sun.post("/operators/plans/night", {**LIMITS, "characters_per_period": "5000", "overage": "on"})
    plan = Plan.objects.get(name="night")
    assert (plan.characters_per_period, plan.overage, plan.weight) == (5000, True, 2)
    assert last_event() == ("plan.change", "user:sun")
    assert sun.get("/operators/plans/gone").status_code == 404


def test_a_plan_that_no_text_fits_into(sun: Client) -> None:
    """The service's refusal stands at its field; nothing is created."""
    answer = sun.post("/operators/plans", {"name": "tiny", **LIMITS, "characters_per_minute": "10"})
    assert answer.status_code == 400
    assert "must hold the longest text" in words(answer)
    assert not Plan.objects.filter(name="tiny").exists()


def test_a_price_book_is_loaded_and_never_changed(sun: Client) -> None:
    """The same again is there already; other content under the same version is refused, and so is what is no book."""
    content = SHIPPED.read_bytes()

    def load(text: bytes) -> Any:
        return sun.post("/operators/prices", {"do": "book", "file": SimpleUploadedFile("book.yaml", text)})

    assert load(content).status_code == 302
    assert last_event() == ("price_book.load", "user:sun")
    assert "was there already" in words(sun.get(load(content).headers["Location"]))
    changed = content.replace(b"free_quota: 30000", b"free_quota: 30001")
    assert changed != content
    assert load(changed).status_code == 400
    assert load(b"- no: [book").status_code == 400
    assert PriceBook.objects.count() == 1


def test_an_exchange_rate_is_added(sun: Client) -> None:
    """From today on; a past day's stays what it was."""
    rate = {"do": "rate", "currency": "GBP", "yuan": "9.1"}
    assert sun.post("/operators/prices", rate).status_code == 302
    assert last_event() == ("exchange_rate.add", "user:sun")
    past = sun.post("/operators/prices", rate | {"day": "2020-01-01"})
    assert past.status_code == 400
    assert ExchangeRate.objects.filter(currency="GBP").count() == 1


def test_voices(sun: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The built-in one cannot be removed; one that is not there is 404."""
    page = words(sun.get("/operators/voices"))
    assert "晓晓" in page
    assert "built in" in page
    assert sun.post("/operators/voices", {"remove": "kokoro"}).status_code == 404
    assert sun.post("/operators/voices", {"remove": "../.."}).status_code == 404
