"""The Celery tasks. A message carries no work: it only wakes a worker, which asks the table."""

from collections import Counter

import structlog
from celery import shared_task

from tts_engine import eviction, idempotency, queue, stale, upkeep
from tts_engine.delivery import ending as delivery_ending
from tts_engine.delivery.courier import courier
from tts_engine.delivery.services import forget_old_deliveries
from tts_engine.jobs import drafts
from tts_engine.jobs import services as jobs
from tts_engine.retention import services as retention
from tts_engine.worker import engine

log = structlog.get_logger()


@shared_task
def speak_next() -> None:
    """Look at the queue now: a row was added."""
    engine().taker.look()


@shared_task
def tidy() -> None:
    """End reservations that lost their synthesis, forget old Idempotency-Keys and what deleted jobs held."""
    stale.expire_reservations()
    idempotency.forget_old()
    drafts.forget_old_keys()
    jobs.forget_deleted()
    forget_old_deliveries()


@shared_task
def keep_to_policies() -> None:
    """Remove what tenants keep no longer."""
    retention.carry_out()


@shared_task
def sweep_audio() -> None:
    """Delete files that belong to no result, and tell how much is wrong beside."""
    found = Counter(finding.fault.value for finding in upkeep.sweep(upkeep.check()))
    log.info("audio_swept", drafts=upkeep.sweep_drafts(), sentences=upkeep.sweep_sentences(), **found)


@shared_task
def evict() -> None:
    """Make room in the cache of sentences."""
    eviction.evict()


@shared_task
def sweep() -> None:
    """Take back rows of workers that went away, end the wait of those whose callers wait no longer, end jobs."""
    queue.forget_dead()
    queue.requeue_expired()
    queue.expire()
    jobs.sweep()


@shared_task
def deliver_files() -> None:
    """Have the results that are due put to their destinations. Beat asks every few seconds."""
    courier().wake()
    delivery_ending.sweep()
