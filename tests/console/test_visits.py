"""An operator's look at a team's console: to read only, for a while, each page in the team's trail."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Tenant
from accounts.selectors import audit_events
from accounts.visits import SESSION_KEY
from tests.console.visitors import member_of
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def visit(client: Client, tenant: Tenant, reason: str = "They asked about a job") -> None:
    client.post(f"/operators/teams/{tenant.name}/visit", {"reason": reason})


def trail(tenant: Tenant) -> list[tuple[str, str, str]]:
    """Of visits, oldest first: what, by whom, and which page or why."""
    events = audit_events(tenant).filter(action__startswith="visit.")
    return [
        (each.action, each.actor, each.details.get("path") or each.details.get("reason", ""))
        for each in reversed(events)
    ]


def test_a_visit_from_begin_to_end(sun: Client, tenant: Tenant) -> None:
    """The pages are the team's, under a banner that names it; the trail has each of them, the reason, and the leave."""
    visit(sun, tenant)
    page = sun.get("/statement").content.decode()
    assert f"Team {tenant.name}" in page
    assert f"You look at the console of <strong>{tenant.name}</strong>" in page
    assert sun.get("/v1/usage").status_code == 200
    assert sun.post("/operators/leave").headers["Location"] == f"/operators/teams/{tenant.name}"
    assert sun.get("/statement").status_code == 403  # in no team of their own
    assert trail(tenant) == [
        ("visit.begin", "user:sun", "They asked about a job"),
        ("visit.page", "user:sun", "/statement"),
        ("visit.page", "user:sun", "/v1/usage"),
        ("visit.end", "user:sun", ""),
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/dictionary/put"),
        ("post", "/webhooks"),
        ("delete", "/v1/cache"),
    ],
)
def test_nothing_is_changed(sun: Client, tenant: Tenant, method: str, path: str) -> None:
    """Whatever writes or deletes is refused, by page and by API."""
    visit(sun, tenant)
    answer = getattr(sun, method)(path)
    assert answer.status_code == 403, answer.content


@pytest.mark.django_db(transaction=True)  # these doors ask the database from a thread of their own
def test_nothing_is_spoken(sun: Client, tenant: Tenant) -> None:
    """Neither by a POST nor by the simple door, whose GET speaks too."""
    visit(sun, tenant)
    assert sun.post("/v1/audio/speech", {"input": "好"}, content_type="application/json").status_code == 403
    assert sun.get("/tts/download?text=好").status_code == 403


def test_it_ends_by_itself(sun: Client, tenant: Tenant) -> None:
    """When its time is over the operator is themselves again, and the trail says when that was noticed."""
    visit(sun, tenant)
    session = sun.session
    session[SESSION_KEY] |= {"until": (timezone.now() - timedelta(seconds=1)).isoformat()}
    session.save()
    assert sun.get("/statement").status_code == 403
    assert trail(tenant)[-1][0] == "visit.end"


def test_signing_out_ends_it(sun: Client, tenant: Tenant) -> None:
    """Whoever signs out has left."""
    visit(sun, tenant)
    sun.post("/accounts/logout/")
    assert trail(tenant)[-1] == ("visit.end", "user:sun", "")


def test_another_visit_ends_it(sun: Client, tenant: Tenant) -> None:
    """One team at a time."""
    other = make_tenant()
    visit(sun, tenant)
    visit(sun, other)
    assert trail(tenant)[-1][0] == "visit.end"
    assert trail(other)[-1][0] == "visit.begin"


def test_who_is_no_operator_any_more(sun: Client, tenant: Tenant) -> None:
    """Loses the visit with the next page."""
    from accounts.models import User

    visit(sun, tenant)
    User.objects.filter(username="sun").update(is_staff=False)
    assert sun.get("/statement").status_code == 403


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_without_a_reason(sun: Client, tenant: Tenant, reason: str) -> None:
    """Nothing begins, and it is said why."""
    visit(sun, tenant, reason)
    assert SESSION_KEY not in sun.session
    assert trail(tenant) == []


def test_for_operators_only(tenant: Tenant) -> None:
    """An owner of another team looks at nobody's console."""
    mei = member_of(make_tenant())
    visit(mei, tenant)
    assert SESSION_KEY not in mei.session
    assert tenant.name not in mei.get("/statement").content.decode()


def test_the_operators_own_account_stays_their_own(sun: Client, tenant: Tenant) -> None:
    """Passwords are changed of the operator's account alone: nobody is signed in as somebody else."""
    visit(sun, tenant)
    assert sun.get("/accounts/password/change/").context["user"].get_username() == "sun"
    assert not ApiKey.objects.filter(tenant=tenant).exists()
