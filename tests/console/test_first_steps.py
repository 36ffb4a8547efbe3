"""The first steps of a new team are read from what there is."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, Member, Tenant
from accounts.services import api_key_create, member_add, tenant_create, user_create
from billing.alerts.services import policy_set
from billing.services import account_open
from console.first_steps import first_steps
from tests.console.visitors import member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Tenant:
    tenant = tenant_create(name="harbour")
    account_open(tenant=tenant)
    return tenant


@pytest.fixture
def owner(team: Tenant) -> Client:
    return member_of(team, "owner")


def done(page: str) -> list[str]:
    return re.findall(r'is-done">.*?step-what">([^<]*?) <', page, re.DOTALL)


def make_a_key(team: Tenant) -> None:
    api_key_create(tenant=team)


def call_the_api(team: Tenant) -> None:
    make_a_key(team)
    ApiKey.objects.update(last_used_at="2026-11-26T00:00Z")


def invite_a_colleague(team: Tenant) -> None:
    member_add(tenant=team, user=user_create(username="bob", password="long enough, and odd"), role="viewer")


def set_an_alert(team: Tenant) -> None:
    policy_set(tenant=team, to_admins=True, addresses=[], actor="operator")


@pytest.mark.parametrize(
    ("act", "titles"),
    [
        (lambda team: None, []),
        (make_a_key, ["Make an API key"]),
        (call_the_api, ["Make an API key", "Call the API"]),
        (invite_a_colleague, ["Invite a colleague"]),
        (set_an_alert, ["Be told before the quota ends"]),
    ],
)
def test_a_step_is_done_when_its_fact_is_there(
    team: Tenant, owner: Client, act: Callable[[Tenant], None], titles: list[str]
) -> None:
    """Nothing is ticked by hand, and each that is left leads to where it is done."""
    act(team)
    page = owner.get("/").content.decode()
    assert done(page) == titles
    assert 'class="step is-next"' in page


@pytest.mark.parametrize(("role", "titles"), [("member", 2), ("viewer", 1)])
def test_only_steps_that_the_role_may_take_are_shown(team: Tenant, role: str, titles: int) -> None:
    """A member speaks and calls; keys, people and settings are the admins'."""
    page = member_of(team, role).get("/").content.decode()
    assert page.count('<li class="step') == titles


def test_they_go_when_dismissed_for_this_member_alone(team: Tenant, owner: Client) -> None:
    """And stay away; the others see theirs."""
    other = member_of(team, "admin")
    assert owner.post("/first-steps/dismiss").headers["Location"] == "/"
    assert 'id="first-steps"' not in owner.get("/").content.decode()
    assert 'id="first-steps"' in other.get("/").content.decode()


def test_the_number_of_queries_does_not_grow(team: Tenant, owner: Client) -> None:
    """Three, however many keys and people there are."""
    for number in range(3):
        api_key_create(tenant=team, name=f"key {number}")
    member = Member.objects.select_related("user", "tenant").get(tenant=team)
    with CaptureQueriesContext(connection) as captured:
        first_steps(member)
    assert len(captured) == 3
