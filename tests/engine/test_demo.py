"""The demo's year: believable, and in agreement with itself."""

import json
from datetime import timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractWeekDay
from django.utils import timezone

from accounts.models import Member, Tenant, User
from billing.models import HourlyUsage, LedgerEntry
from billing.reconciliation import reconcile
from tests.factories import make_tenant
from tts_engine.demo.clearing import clear
from tts_engine.demo.filling import Filled, fill
from tts_engine.models import Synthesis
from tts_engine.scripts import Written
from tts_engine.services import counted_of

pytestmark = pytest.mark.django_db


def filled(*, requests: int = 2000, teams: int = 8, seed: int = 1) -> Filled:
    return fill(requests=requests, teams=teams, heard=0, seed=seed)


def test_filled_year_has_no_drift() -> None:
    """Ledger, counters, days and hours agree with two thousand requests of fifty teams, and all have ended."""
    filled(teams=50)
    assert Synthesis.objects.count() == 2000
    assert set(Synthesis.objects.values_list("status", flat=True)) == {"done", "failed", "cancelled"}
    assert LedgerEntry.objects.filter(kind="settle").exists()
    assert HourlyUsage.objects.exists()
    assert reconcile() == []


def test_what_is_billed_is_what_the_text_counts() -> None:
    """The counts of a row, which prices are applied to, are those of its own text."""
    filled()
    for row in Synthesis.objects.order_by("id")[:50]:
        counted = counted_of(Written.of(row))
        facts = counted.facts
        assert (row.characters, row.hanzi, row.gbk_bytes, row.utf8_bytes, row.normalised_characters) == (
            counted.characters,
            facts.hanzi,
            facts.gbk_bytes,
            facts.utf8_bytes,
            facts.normalised_characters,
        )


def test_days_differ_from_nights_and_one_team_from_another() -> None:
    """The greatest team, a call centre, is busy by day and on working days; it has an eighth of all at least."""
    filled(requests=4000)
    team = Tenant.objects.get(name="demo-support-head-office")
    rows = Synthesis.objects.filter(tenant=team)
    zone = ZoneInfo(team.time_zone)
    hours = dict(rows.values_list(ExtractHour("created_at", tzinfo=zone)).annotate(Count("id")))
    assert sum(hours[hour] for hour in range(9, 18)) > 4 * sum(hours.get(hour, 0) for hour in range(7))
    weekdays = dict(rows.values_list(ExtractWeekDay("created_at", tzinfo=zone)).annotate(Count("id")))
    assert (weekdays[1] + weekdays[7]) / 2 < sum(weekdays[day] for day in range(2, 7)) / 5
    assert rows.count() > 4000 / 8
    assert not rows.filter(created_at__gt=timezone.now()).exists()
    assert rows.earliest("created_at").created_at < timezone.now() - timedelta(days=300)


def test_a_seed_makes_the_same_year_again() -> None:
    """Ids, moments and texts are drawn by the seed; another one draws others."""
    years = []
    for seed in (1, 1, 2):
        filled(requests=50, teams=3, seed=seed)
        years.append(sorted(Synthesis.objects.values_list("id", "text", "voice")))
        clear()
    assert years[0] == years[1]
    assert years[0] != years[2]


def test_clear_removes_the_demo_and_nothing_else() -> None:
    """Teams of others, and what was spoken for them, stay; the demo can be filled again."""
    own = make_tenant()
    call_command("demo", "fill", requests=100, teams=2, heard=0, stdout=StringIO())
    with pytest.raises(CommandError, match="demo clear"):
        call_command("demo", "fill", requests=100, teams=2, heard=0, stdout=StringIO())
    call_command("demo", "clear", stdout=StringIO())
    assert list(Tenant.objects.all()) == [own]
    assert not Synthesis.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not User.objects.exists()


def test_command_tells_who_signs_in() -> None:
    """An operator who owns the first team, with a password of this fill's own."""
    told = StringIO()
    call_command("demo", "fill", requests=10, teams=2, heard=0, as_json=True, stdout=told)
    filled = json.loads(told.getvalue())
    user = User.objects.get(username=filled["user"])
    assert user.check_password(filled["password"])
    assert user.is_staff
    assert Member.objects.get(user=user).tenant.name == "demo-support-head-office"
