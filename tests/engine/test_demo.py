"""The demo's year: believable, and in agreement with itself."""

import pytest

from billing.models import LedgerEntry
from billing.reconciliation import reconcile
from tts_engine.demo.filling import fill
from tts_engine.models import Synthesis

pytestmark = pytest.mark.django_db


def test_filled_year_has_no_drift() -> None:
    """Ledger, counters, days and hours agree with two thousand requests of fifty teams, and nothing is open."""
    fill(requests=2000, teams=50, heard=0, seed=1)
    assert Synthesis.objects.count() == 2000
    assert LedgerEntry.objects.filter(kind="settle").exists()
    assert reconcile() == []
