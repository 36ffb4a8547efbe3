"""Plans, accounts, and the command that opens them."""

import inspect
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import Tenant
from accounts.selectors import audit_events
from accounts.services import tenant_create
from billing import errors, selectors, services
from billing.models import Account, Plan
from billing.selectors import Limits

pytestmark = pytest.mark.django_db

MakeTenant = Callable[..., Tenant]


@pytest.fixture
def standard() -> Plan:
    """The plan that the migration made."""
    return Plan.objects.get(name="standard")


def run(*words: str) -> str:
    out = StringIO()
    call_command("tenant", *words, stdout=out)
    return out.getvalue()


def test_two_plans_are_there_from_the_start() -> None:
    """An installation begins with `standard`, which is the default, and `unlimited`."""
    for name in ("standard", "unlimited"):
        services.account_open(tenant=tenant_create(name=name), plan_name=name)
    found = [selectors.limits(account.tenant_id) for account in selectors.accounts()]
    assert found == [
        Limits("standard", 1_000_000, None, False, 600, None, 300, 4096, weight=1, priority=0, cached_rate=0),
        Limits("unlimited", None, None, False, 6000, None, 3000, 4096, weight=1, priority=0, cached_rate=0),
    ]


def test_an_account_is_opened_once(tenant: Tenant) -> None:
    """A second account, or one on a plan that is not there, is refused."""
    with pytest.raises(errors.AccountExists):
        services.account_open(tenant=tenant, plan_name="alice-team")
    with pytest.raises(errors.UnknownPlan):
        services.account_open(tenant=tenant_create(name="bob-team"), plan_name="golden")
    assert Account.objects.count() == 1


def test_a_plan_is_changed_only_for_one_that_exists(tenant: Tenant) -> None:
    """An unknown plan changes nothing; a tenant without account cannot change; a change is audited."""
    with pytest.raises(errors.UnknownPlan):
        services.plan_set(tenant=tenant, plan_name="golden")
    with pytest.raises(errors.UnknownAccount):
        services.plan_set(tenant=tenant_create(name="bob-team"), plan_name="alice-team")
    services.plan_set(tenant=tenant, plan_name="alice-team", actor="user:alice")
    entry = audit_events(tenant)[0]
    assert (entry.actor, entry.action, entry.details) == ("user:alice", "account.plan_set", {"plan": "alice-team"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": 0},
        {"weight": 1001},
        {"requests_per_minute": 0},
        {"concurrent_requests": 0},
        {"max_text_characters": 0},
        {"characters_per_period": -1},
        {"cached_rate": 101},
    ],
)
def test_the_database_refuses_a_plan(make_tenant: MakeTenant, wrong: dict[str, Any]) -> None:
    """A limit that would stop everything or mean nothing is no plan."""
    with pytest.raises(IntegrityError), transaction.atomic():
        make_tenant("odd", **wrong)


def test_create(standard: Plan) -> None:
    """`tenant create` makes tenant and account; --json prints both as one object."""
    made = json.loads(run("create", "bob-team", "--plan", "unlimited", "--time-zone", "Europe/Berlin", "--json"))
    account = Account.objects.get(tenant__name="bob-team")
    assert made == {
        "id": str(account.tenant_id),
        "name": "bob-team",
        "plan": "unlimited",
        "time_zone": "Europe/Berlin",
        "quota": None,
        "suspended": False,
    }
    assert run("create", "carol-team") == "Created tenant carol-team on plan standard.\n"


def test_list(tenant: Tenant) -> None:
    """`tenant list` shows every tenant with its plan, in one object with --json."""
    (shown,) = json.loads(run("list", "--json"))["tenants"]
    assert (shown["name"], shown["plan"], shown["id"]) == ("alice-team", "alice-team", str(tenant.id))
    assert "alice-team" in run("list")


@pytest.mark.parametrize(
    "words",
    [("create", "alice-team"), ("create", "Not a slug"), ("create", "bob-team", "--plan", "golden"), ("remove",)],
)
def test_a_mistake_is_one_clear_error(tenant: Tenant, words: tuple[str, ...]) -> None:
    """A name taken or impossible, an unknown plan or action: an error, and no tenant without account."""
    with pytest.raises(CommandError):
        run(*words)
    assert Tenant.objects.count() == Account.objects.count() == 1


def test_every_selector_takes_the_tenant() -> None:
    """None but the operators' lists reads without being told whose."""
    for name, function in inspect.getmembers(selectors, inspect.isfunction):
        if function.__module__ == selectors.__name__ and name not in {"accounts", "plans"}:
            assert next(iter(inspect.signature(function).parameters)) == "tenant_id", name


def test_every_error_is_drawn_and_has_a_code() -> None:
    """Each class is in the picture of the tree and has a stable code of its own."""
    tree: list[type[errors.BillingError]] = [errors.BillingError, *errors.BillingError.__subclasses__()]
    assert all(error.__name__ in (errors.__doc__ or "") for error in tree)
    assert len({error.code for error in tree}) == len(tree)
