"""The operator's commands for limits: `plan`, `tenant plan|raise|suspend|resume`, `key limit`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, Tenant
from accounts.selectors import audit_events
from accounts.services import api_key_create
from billing import selectors
from billing.limits.models import KeyLimit, QuotaRaise
from billing.limits.services import BOUNDS
from billing.models import Plan

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def run_json(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*words, "--json"))
    return answer


@pytest.fixture
def key(tenant: Tenant) -> ApiKey:
    return api_key_create(tenant=tenant)[0]


def test_a_plan_is_created_with_every_limit() -> None:
    """What is given is stored, what is not has a default; the list shows it."""
    words = "--characters 5000 --rolling-days 7 --requests-per-minute 9 --characters-per-minute 800 --concurrent 3"
    more = "--max-text 500 --weight 4 --priority -2 --cached-rate 50 --overage"
    made = run_json("plan", "create", "trial", *words.split(), *more.split())
    assert made == {
        "name": "trial",
        "characters_per_period": 5000,
        "rolling_days": 7,
        "overage": True,
        "requests_per_minute": 9,
        "characters_per_minute": 800,
        "concurrent_requests": 3,
        "max_text_characters": 500,
        "weight": 4,
        "priority": -2,
        "cached_rate": 50,
    }
    assert made in run_json("plan", "list")["plans"]
    assert "trial\tcharacters_per_period=5000 rolling_days=7" in run("plan", "list")


def test_a_change_leaves_the_rest(tenant: Tenant) -> None:
    """Only what is given changes; `none` takes a limit away."""
    before = run_json("plan", "list")["plans"][0]
    changed = run_json("plan", "change", "alice-team", "--characters", "none", "--weight", "9", "--no-overage")
    assert changed == before | {"characters_per_period": None, "weight": 9, "overage": False}
    assert selectors.limits(tenant.id).weight == 9


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("--characters", "-1", "characters_per_period"),
        ("--characters", str(10**12 + 1), "characters_per_period"),
        ("--rolling-days", "0", "rolling_days"),
        ("--rolling-days", "367", "rolling_days"),
        ("--requests-per-minute", "0", "requests_per_minute"),
        ("--requests-per-minute", "none", "requests_per_minute"),
        ("--characters-per-minute", "-5", "characters_per_minute"),
        ("--characters-per-minute", "4095", "characters_per_minute"),  # shorter than the longest text
        ("--concurrent", str(10**9), "concurrent_requests"),
        ("--max-text", "0", "max_text_characters"),
        ("--weight", "1001", "weight"),
        ("--priority", "40000", "priority"),
        ("--cached-rate", "101", "cached_rate"),
    ],
)
def test_a_limit_that_cannot_be_one_is_refused_by_name(tenant: Tenant, option: str, value: str, field: str) -> None:
    """Negative, huge or contradictory: the field is named and nothing is stored."""
    before = list(Plan.objects.values())
    for words in (("change", "alice-team"), ("create", "odd")):
        with pytest.raises(CommandError, match=field):
            run("plan", *words, f"{option}={value}")
    assert list(Plan.objects.values()) == before


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "create", "alice-team"),
        ("plan", "change", "golden", "--weight", "2"),
        ("plan", "change", "alice-team", "--weight", "much"),
        ("tenant", "plan", "alice-team", "golden"),
        ("tenant", "plan", "nobody", "standard"),
        ("tenant", "raise", "alice-team", "0", "--until", "2099-01-01"),
        ("tenant", "raise", "alice-team", str(10**13), "--until", "2099-01-01"),
        ("tenant", "raise", "alice-team", "5", "--until", "2020-01-01"),
        ("tenant", "raise", "alice-team", "5", "--until", "soon"),
        ("tenant", "raise", "alice-team", "5"),
        ("tenant", "suspend", "nobody"),
        ("key", "limit", "00000000-0000-0000-0000-000000000000", "--characters", "5"),
    ],
)
def test_a_mistake_is_one_clear_error(tenant: Tenant, words: tuple[str, ...]) -> None:
    """Names that lead nowhere or are taken, dates in the past, no numbers: refused, nothing is stored."""
    with pytest.raises(CommandError):
        run(*words)
    assert not QuotaRaise.objects.exists()
    assert not KeyLimit.objects.exists()


def test_a_tenant_changes_its_plan(tenant: Tenant) -> None:
    """From its next request on."""
    assert run_json("tenant", "plan", "alice-team", "unlimited")["plan"] == "unlimited"
    assert selectors.limits(tenant.id).characters_per_period is None


def test_a_raise_is_audited(tenant: Tenant) -> None:
    """The quota is higher at once, and who raised it until when is on record."""
    run("tenant", "raise", "alice-team", "50", "--until", "2099-01-01")
    assert selectors.usage(tenant.id).limit == 150
    entry = audit_events(tenant)[0]
    assert (entry.action, entry.details) == (
        "account.raise",
        {"characters": 50, "until": "2099-01-01T00:00:00+00:00"},
    )


def test_suspend_and_resume(tenant: Tenant) -> None:
    """Each is on record once, said how often ever."""
    assert run_json("tenant", "suspend", "alice-team")["suspended"] is True
    run("tenant", "suspend", "alice-team")
    assert run_json("tenant", "resume", "alice-team")["suspended"] is False
    assert [entry.action for entry in audit_events(tenant)[:2]] == ["account.resume", "account.suspend"]


def test_a_key_is_limited(key: ApiKey) -> None:
    """What is given changes, the rest stays, `none` lifts."""
    run("key", "limit", str(key.id), "--characters", "500", "--concurrent", "2")
    now = run_json("key", "limit", str(key.id), "--characters", "none", "--max-text", "40")
    assert now == {
        "id": str(key.id),
        "characters_per_period": None,
        "requests_per_minute": None,
        "characters_per_minute": None,
        "concurrent_requests": 2,
        "max_text_characters": 40,
    }
    with pytest.raises(CommandError, match="concurrent_requests"):
        run("key", "limit", str(key.id), "--concurrent=-1")


@pytest.mark.parametrize("field", BOUNDS)
def test_the_database_can_hold_every_allowed_limit(tenant: Tenant, field: str) -> None:
    """Both ends of what is allowed are stored; no limit ends in a database error."""
    for value in (BOUNDS[field][0], BOUNDS[field][-1]):
        run_plan = {"max_text_characters": 1} if field == "characters_per_minute" else {}
        Plan.objects.filter(name="alice-team").update(**(run_plan | {field: value}))
