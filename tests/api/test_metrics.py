"""`/metrics`: true figures, in Prometheus' own format, for those alone whom they concern."""

import time
from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from billing.models import Counter
from billing.reconciliation import LAST
from billing.tasks import reconcile_nightly
from tests.factories import ask, make_done, make_queued, make_tenant, speak_queued
from tts_engine import relay, tally
from tts_engine.models import Synthesis

SECOND = np.zeros(24_000, np.float32)


def told(**headers: str) -> dict[tuple[str, ...], float]:
    """Each sample's value by its name and the values of its labels, in the order of their names."""
    answer: Any = Client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (s.name, *(s.labels[label] for label in sorted(s.labels))): s.value
        for family in families
        for s in family.samples
    }


def test_requests_by_team(tenant: Tenant) -> None:
    """What was spoken, what the cache answered, and what is billed; seconds of speech by voice."""
    ask(tenant, text="你好。")
    speak_queued(SECOND)
    ask(tenant, text="你好。")
    other = make_tenant()
    make_done(other, SECOND, text="再见。")
    values = told()
    assert values["voxhouse_requests_total", "miss", tenant.name] == 1
    assert values["voxhouse_requests_total", "hit", tenant.name] == 1
    assert values["voxhouse_billed_characters_total", tenant.name] == 3
    assert values["voxhouse_requests_total", "hit", other.name] == 0
    assert values["voxhouse_audio_seconds_total", "xiaoxiao"] == pytest.approx(3)


def test_the_queue_and_its_workers(tenant: Tenant) -> None:
    """How many wait, for how long the first of them has, and who could speak."""
    empty = told()
    assert empty["voxhouse_queue_requests", "interactive", "queued"] == 0
    assert empty["voxhouse_workers",] == 0
    rows = [make_queued(tenant), make_queued(tenant)]
    Synthesis.objects.filter(id=rows[0].id).update(created_at=timezone.now() - timedelta(minutes=1))
    relay.writer().set("worker:metrics", 40)
    try:
        values = told()
    finally:
        relay.writer().delete("worker:metrics")
    assert values["voxhouse_queue_requests", "interactive", "queued"] == 2
    assert values["voxhouse_queue_requests", "job", "queued"] == 0
    assert values["voxhouse_queue_oldest_seconds", "interactive"] >= 60
    assert values["voxhouse_workers",] == 1


def test_label_values_are_bounded(tenant: Tenant, settings: Settings) -> None:
    """However many teams there are, and however many names callers make up for blends of voices."""
    settings.METRICS_TENANTS = 3
    for number in range(3):
        make_done(tenant, SECOND, text=f"第{number}句。", voice=f"xiaoxiao({number + 1})+yunxi")
    busy = [make_tenant() for _ in range(2)]
    for team in (*busy, *busy):
        make_done(team, SECOND)
    for _ in range(5):
        make_done(make_tenant(), SECOND, voice="a voice that was removed")
    values = told()
    teams = {labels[1] for name, *labels in values if name == "voxhouse_requests_total"}
    assert teams == {tenant.name, *(team.name for team in busy)}
    voices = {labels[1] for name, *labels in values if name == "voxhouse_speeches_total"}
    assert voices == {"xiaoxiao", "blend", "removed"}
    assert values["voxhouse_speeches_total", "miss", "blend"] == 3
    assert values["voxhouse_speeches_total", "miss", "removed"] == 5
    assert values["voxhouse_speeches_total", "miss", "xiaoxiao"] == 4


def test_what_processes_counted(db: None) -> None:
    """As it was told, a histogram with its buckets; without any there is none."""
    tally._added.clear()
    tally.RTF.observe(0.15, "xiaoxiao")
    tally.REFUSALS.add("insufficient_quota", by=2)
    try:
        tally.tell()
        values = told()
    finally:
        relay.writer().delete(tally._key())
    assert values["voxhouse_refusals_total", "insufficient_quota"] == 2
    assert [values["voxhouse_rtf_bucket", le, "xiaoxiao"] for le in ("0.1", "0.2", "5.0", "+Inf")] == [0, 1, 1, 1]
    assert values["voxhouse_rtf_sum", "xiaoxiao"] == 0.15
    assert not [sample for sample in values if sample[0].startswith("voxhouse_batch")]


def test_whether_the_accounts_agree(tenant: Tenant) -> None:
    """As whoever looked last has found, and when."""
    cache.delete(LAST)
    assert ("voxhouse_ledger_drift",) not in told()
    make_done(tenant, SECOND)
    Counter.objects.filter(tenant=tenant).update(used=42)
    try:
        reconcile_nightly()
        values = told()
        call_command("reconcile", "--repair", stdout=StringIO())
        assert told()["voxhouse_ledger_drift",] == 0
    finally:
        cache.delete(LAST)
    assert values["voxhouse_ledger_drift",] == 1
    assert values["voxhouse_reconciled_timestamp_seconds",] == pytest.approx(time.time(), abs=60)


def test_room_on_disk(db: None) -> None:
    """Of the file systems that what we keep is on."""
    values = told()
    assert 0 < values["voxhouse_disk_free_bytes", "home"] < values["voxhouse_disk_size_bytes", "home"]


def test_who_may_ask(db: None, settings: Settings) -> None:
    """This machine, but not through a proxy; once there is a token nobody without it."""
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 401
    assert Client().get("/metrics", headers={"x-forwarded-for": "10.0.0.7"}).status_code == 401
    settings.METRICS_TOKEN = "secret"
    assert Client().get("/metrics").status_code == 401
    assert Client().get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert told(authorization="Bearer secret")
