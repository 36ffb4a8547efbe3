"""`/metrics`: true figures, in Prometheus' own format, for those alone whom they concern."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from tests.factories import ask, make_done, make_queued, make_tenant, speak_queued
from tts_engine import relay
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


def test_who_may_ask(db: None, settings: Settings) -> None:
    """This machine, but not through a proxy; once there is a token nobody without it."""
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 401
    assert Client().get("/metrics", headers={"x-forwarded-for": "10.0.0.7"}).status_code == 401
    settings.METRICS_TOKEN = "secret"
    assert Client().get("/metrics").status_code == 401
    assert Client().get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert told(authorization="Bearer secret")
