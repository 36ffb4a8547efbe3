"""A team with hundreds of requests in the queue, and another one with a single request."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from config import embedded
from tests.system.instance import Platform
from tts_engine.speech.voices.sambert.description import BATCH_SIZE

CROWD = 300
LONG = 40  # of them, each of as many sentences
LONE = 5
SENTENCE = "今天天气很好。"

# Rows as the door leaves them, without as many open connections.
FLOOD = f"""
import json
from accounts.services import api_key_create, tenant_create
from billing.models import Plan
from billing.services import account_open
from tts_engine.services import Caller, Order, synthesis_request
Plan.objects.create(name="large", requests_per_minute=100000, concurrent_requests=10000, max_text_characters=4096)
tenants = [tenant_create(name=name) for name in ("crowd", "lone")]
for tenant in tenants:
    account_open(tenant=tenant, plan_name="large")
crowd, lone = tenants
for number in range({CROWD}):
    text = "{SENTENCE}" * {LONG} if number < {LONG} else f"第{{number}}号。"
    order = Order(text=text, voice="zhitian_emo", model="sambert", audio_format="pcm", use_cache=False)
    synthesis_request(caller=Caller(tenant_id=crowd.id), order=order)
print(json.dumps(api_key_create(tenant=lone, name="lone")[1]))
"""

# What of the crowd's was in a worker's hands, and what ended, between a lone request's arrival and its end.
MEANWHILE = """
    SELECT count(*) FILTER (WHERE crowd.started_at BETWEEN lone.created_at AND lone.finished_at) AS begun,
           count(*) FILTER (WHERE crowd.finished_at BETWEEN lone.created_at AND lone.finished_at) AS ended
    FROM tts_engine_synthesis lone
    JOIN tts_engine_synthesis crowd ON crowd.tenant_id <> lone.tenant_id
    WHERE lone.tenant_id = (SELECT id FROM accounts_tenant WHERE name = 'lone')
    GROUP BY lone.id
"""


@pytest.fixture(scope="module")
def flooded(single: Platform) -> Iterator[tuple[Platform, str]]:
    """Its worker has work for minutes, with the small stand-in voice; the lone team's key."""
    yield single, json.loads(single.python(FLOOD))
    single.clear()


def ask(platform: Platform, key: str, text: str, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{platform.url}/v1/audio/speech",
        headers={"Authorization": f"Bearer {key}", **headers},
        json={"model": "sambert", "voice": "zhitian_emo", "input": text, "response_format": "pcm", "cache": False},
        timeout=60,
    )


def rows(platform: Platform, statement: str) -> list[tuple[Any, ...]]:
    host, name = str(embedded.socket_folder(platform.home)), str(embedded.database(platform.home)["NAME"])
    with psycopg.connect(host=host, user="postgres", dbname=name) as database:
        return database.execute(statement).fetchall()


def test_a_lone_request_waits_for_no_more_than_a_batch(flooded: tuple[Platform, str]) -> None:
    """Long texts hold the worker, hundreds of rows wait: others' requests go next, again and again."""
    platform, key = flooded
    for number in range(LONE):
        assert ask(platform, key, f"{number}{SENTENCE}").status_code == 200
    meanwhile = rows(platform, MEANWHILE)
    assert len(meanwhile) == LONE
    assert all(begun <= BATCH_SIZE and ended <= BATCH_SIZE for begun, ended in meanwhile), meanwhile
    assert rows(platform, "SELECT count(*) FROM tts_engine_synthesis WHERE status = 'queued'") > [(CROWD // 2,)]
