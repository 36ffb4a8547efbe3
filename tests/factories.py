"""Rows for tests, valid by construction: made by the services that make the real ones."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, Member, Tenant
from accounts.services import tenant_create
from billing import services as billing
from billing.models import Plan
from tts_engine import queue
from tts_engine.labels import label_of
from tts_engine.models import Synthesis
from tts_engine.services import Caller, Order, synthesis_request
from tts_engine.speech.text import read
from tts_engine.speech.timeline import SentenceTimes, Timeline
from tts_engine.speech.voice import Samples, Speaker, VoiceInfo
from tts_engine.store import Draft, rendered_for

_numbers = itertools.count(1)
A_MOMENT = np.zeros(240, np.float32)  # 10 ms
ORDER = Order(text="你好。", voice="xiaoxiao", model="tts-1", audio_format="wav")


def make_voice_info(name: str, *, batch_size: int) -> VoiceInfo:
    """Of a voice that a test makes up."""
    return VoiceInfo(
        id=name,
        family="test",
        name=name,
        revision="1",
        licence="none",
        sample_rate=1000,
        speakers=(Speaker("test", "test", "unknown"),),
        batch_size=batch_size,
    )


def ask(tenant: Tenant, order: Order = ORDER, **changed: Any) -> Synthesis:
    """What a door does with an order, some of it changed; as it is stored."""
    asked = synthesis_request(caller=Caller(tenant_id=tenant.id), order=replace(order, **changed))
    asked.refresh_from_db()
    return asked


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
def make_queued(
    tenant: Tenant,
    *,
    text: str = "你好。",
    voice: str = "xiaoxiao",
    api_key: ApiKey | None = None,
    member: Member | None = None,
    at: datetime | None = None,
    priority: int | None = None,
    audio_format: str = "mp3",
) -> Synthesis:
    """A queued row with its reservation, as the door leaves it."""
    synthesis_id, at = uuid4(), at or timezone.now()
    reservation = billing.reserve(
        tenant_id=tenant.id, synthesis_id=synthesis_id, characters=len(text), virtual_time=queue.virtual_time(), at=at
    )
    return Synthesis.objects.create(
        id=synthesis_id,
        tenant=tenant,
        api_key=api_key,
        member=member,
        created_at=at,
        text=text,
        model="kokoro",
        voice=voice,
        voice_revision="1",
        emotion="neutral",
        emotion_intensity=1.0,
        speed=1.0,
        pitch=0.0,
        volume=0.0,
        sample_rate=24000,
        audio_format=audio_format,
        cache_key="",
        priority=reservation.priority if priority is None else priority,
        start_tag=reservation.start_tag,
        finish_tag=reservation.finish_tag,
        characters=len(text),
        hanzi=len(text) - 1,
        other_characters=1,
        gbk_bytes=2 * len(text),
        utf8_bytes=3 * len(text),
        normalised_characters=len(text),
    )


def make_timeline(text: str, *, pace: float = 0.2, speakers: Sequence[str] = ("晓晓",), rate: int = 24_000) -> Timeline:
    """Of a text spoken after a tenth of a second of silence, each character `pace` seconds long.

    The speakers take turns with its sentences.
    """
    sentences, start = [], 0.1
    for sentence, speaker in zip(read(text).sentences, itertools.cycle(speakers), strict=False):
        places = [round((start + i * pace) * rate) for i in range(len(sentence.text) + 1)]
        sentences.append(SentenceTimes(sentence.text, tuple(places[:-1]), tuple(places[1:]), sentence.written, speaker))
        start += len(sentence.text) * pace + sentence.pause
    return Timeline(rate, tuple(sentences))


def speak_queued(samples: Samples = A_MOMENT, *, timeline: Timeline | None = None) -> Synthesis:
    """What a worker does with the next row of the queue, these samples of 24 kHz for its voice's."""
    row = queue.claim()
    assert row is not None
    with Draft(row, voice_rate=row.sample_rate) as draft:
        encoded = rendered_for(
            row,
            draft.master(iter([samples])),
            row.sample_rate,
            audio_format=row.audio_format,
            label=label_of(row),
        )
        for _ in draft.answer(encoded):
            pass
        draft.timeline = timeline
        spoken = queue.Outcome(audio_ms=round(len(samples) / 24), first_byte_ms=1, synthesis_ms=1)
        assert queue.finish(row, spoken, draft)
    row.refresh_from_db()
    return row


def make_done(
    tenant: Tenant, samples: Samples, *, audio_format: str = "wav", timeline: Timeline | None = None, **made: Any
) -> Synthesis:
    """A row that a worker has spoken. The queue must be empty before."""
    make_queued(tenant, audio_format=audio_format, **made)
    return speak_queued(samples, timeline=timeline)
