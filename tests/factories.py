"""Rows for tests, valid by construction: made by the services that make the real ones."""

import itertools
from uuid import uuid4

from django.db import transaction

from accounts.models import Tenant
from accounts.services import tenant_create
from billing import services as billing
from billing.models import Plan
from tts_engine import queue
from tts_engine.models import Synthesis

_numbers = itertools.count(1)


def make_plan(*, characters: int | None = None, requests_per_minute: int = 10_000, cached_rate: int = 0) -> Plan:
    return Plan.objects.create(
        name=f"plan-{next(_numbers)}",
        characters_per_period=characters,
        requests_per_minute=requests_per_minute,
        concurrent_requests=1000,
        max_text_characters=4096,
        cached_rate=cached_rate,
    )


def make_tenant(*, plan: Plan | None = None) -> Tenant:
    plan = plan or make_plan()
    tenant = tenant_create(name=f"team-{next(_numbers)}-{uuid4().hex[:6]}")
    billing.account_open(tenant=tenant, plan_name=plan.name)
    return tenant


@transaction.atomic
def make_queued(tenant: Tenant, *, text: str = "你好。", priority: int | None = None) -> Synthesis:
    """A queued row with its reservation, as the door leaves it."""
    synthesis_id = uuid4()
    reservation = billing.reserve(
        tenant_id=tenant.id, synthesis_id=synthesis_id, characters=len(text), virtual_time=queue.virtual_time()
    )
    return Synthesis.objects.create(
        id=synthesis_id,
        tenant=tenant,
        text=text,
        model="kokoro",
        voice="xiaoxiao",
        voice_revision="1",
        emotion="neutral",
        emotion_intensity=1.0,
        speed=1.0,
        pitch=0.0,
        volume=0.0,
        sample_rate=24000,
        audio_format="mp3",
        cache_key="",
        priority=reservation.priority if priority is None else priority,
        start_tag=reservation.start_tag,
        characters=len(text),
        hanzi=len(text) - 1,
        other_characters=1,
        gbk_bytes=2 * len(text),
        utf8_bytes=3 * len(text),
        normalised_characters=len(text),
    )
