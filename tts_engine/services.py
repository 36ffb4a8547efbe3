"""What may be done with a Synthesis: request it, delete it. Doors and pages call these."""

from dataclasses import asdict, dataclass
from functools import cache as memoize
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing import counting
from billing import selectors as billing_selectors
from billing import services as billing
from billing.alerts import services as alerts
from billing.errors import KeyQuotaExceeded, QuotaExceeded
from tts_engine import cache, idempotency, queue, sentences, store, usage
from tts_engine.idempotency import Idempotency
from tts_engine.models import Status, Synthesis
from tts_engine.speech import text as front_end
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import TextError
from tts_engine.speech.voice import NEUTRAL, Style, Utterance, check_style

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf, and through which key or member, a request comes in."""

    tenant_id: UUID
    api_key_id: UUID | None = None
    member_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a caller asks for."""

    text: str
    voice: str
    model: str
    audio_format: str
    emotion: str = NEUTRAL
    emotion_intensity: float = 1.0
    speed: float = 1.0
    pitch: float = 0.0  # semitones
    volume: float = 0.0  # dB
    sample_rate: int | None = None  # Hz; None is the voice's own
    use_cache: bool = True  # neither answered from it nor kept in it without
    interactive: bool = True  # nobody waits for the others, and whoever waits goes before


@memoize
def catalog() -> Catalog:
    """The voices of this installation; none of them loaded."""
    return Catalog(settings.VOXHOUSE_HOME)


def warm_up() -> None:
    """Load what the first request of a web process would wait for: the voices' names and the front end."""
    catalog()
    front_end.read("你好，2026年。Hello")


def synthesis_request(
    *, caller: Caller, order: Order, synthesis_id: UUID | None = None, once: Idempotency | None = None
) -> Synthesis:
    """Reserve the order's characters and queue it, or answer it from the cache, in one transaction.

    With `once` the same request sent again gets the finished synthesis of the first time, which has
    another id than `synthesis_id`; nothing is reserved or billed then.

    Raises TextError, StyleError, UnknownVoice, what `billing.reserve` refuses and what
    `idempotency.claim` does; nothing is written then. The answer comes through `listen.answer`.
    """
    synthesis = _new(caller, order, synthesis_id or uuid4())
    found = cache.find(synthesis)
    try:
        with transaction.atomic():
            answered = once and idempotency.claim(tenant_id=caller.tenant_id, synthesis_id=synthesis.id, asked=once)
            return answered or _placed(synthesis, found)
    except KeyQuotaExceeded:
        raise  # the team has characters left
    except QuotaExceeded as refusal:
        alerts.quota_refused(caller.tenant_id, refusal)
        raise


def _placed(synthesis: Synthesis, found: Synthesis | None) -> Synthesis:
    """Stored: queued with its reservation, or done with the audio that was `found`."""
    if found:
        _finish_from_cache(synthesis, found)
    else:
        reservation = billing.reserve(
            tenant_id=synthesis.tenant_id,
            api_key_id=synthesis.api_key_id,
            synthesis_id=synthesis.id,
            characters=synthesis.characters,
            virtual_time=queue.virtual_time(),
            at=synthesis.created_at,
        )
        synthesis.start_tag = reservation.start_tag
        synthesis.priority += reservation.priority
        transaction.on_commit(_wake_worker)
    synthesis.save(force_insert=True)
    return synthesis


def style_of(asked: Order | Synthesis, speaker: str) -> Style:
    """How it is to be spoken, whether it is still an order or already a row."""
    return Style(
        speaker=speaker,
        emotion=asked.emotion,
        emotion_intensity=asked.emotion_intensity,
        speed=asked.speed,
        pitch=asked.pitch,
    )


def _new(caller: Caller, order: Order, synthesis_id: UUID) -> Synthesis:
    """A row that is not stored yet, with everything checked and counted."""
    info, speaker = catalog().resolve(order.voice)
    check_style(info, style_of(order, speaker))
    reading = front_end.read(order.text)
    plain = front_end.plain_text(order.text)
    facts = counting.text_facts(plain, reading.text)
    synthesis = Synthesis(
        id=synthesis_id,
        **asdict(caller),
        created_at=timezone.now(),  # one moment for row, ledger and day, even at a month's end
        text=order.text.strip(),
        model=order.model,
        voice=order.voice,
        voice_revision=info.revision,
        emotion=order.emotion,
        emotion_intensity=order.emotion_intensity,
        speed=order.speed,
        pitch=order.pitch,
        volume=order.volume,
        sample_rate=order.sample_rate or info.sample_rate,
        audio_format=order.audio_format,
        priority=0 if order.interactive else queue.JOB,
        characters=counting.billable_characters(plain),
        hanzi=facts.hanzi,
        other_characters=facts.other_characters,
        gbk_bytes=facts.gbk_bytes,
        utf8_bytes=facts.utf8_bytes,
        normalised_characters=facts.normalised_characters,
    )
    if order.use_cache:
        synthesis.cache_key = cache.key(synthesis, cache.said(reading))
    return synthesis


def _finish_from_cache(synthesis: Synthesis, found: Synthesis) -> None:
    rate = billing_selectors.limits(synthesis.tenant_id).cached_rate
    synthesis.billed_characters = synthesis.characters * rate // 100
    if synthesis.billed_characters:
        billing.reserve(
            tenant_id=synthesis.tenant_id,
            api_key_id=synthesis.api_key_id,
            synthesis_id=synthesis.id,
            characters=synthesis.billed_characters,
            virtual_time=queue.virtual_time(),
            at=synthesis.created_at,
            waits=False,
        )
        billing.settle(synthesis_id=synthesis.id, characters=synthesis.billed_characters)
    synthesis.status = Status.DONE
    synthesis.cache_hit = True
    synthesis.finished_at = Now()
    synthesis.audio_ms = found.audio_ms
    synthesis.queue_ms = synthesis.synthesis_ms = synthesis.first_byte_ms = 0
    usage.add_answered(synthesis, billed=synthesis.billed_characters, audio_ms=found.audio_ms, synthesis_ms=0)
    store.link(found, synthesis)


def _wake_worker() -> None:
    from tts_engine.tasks import speak_next  # the web process need not load the worker before it sends

    try:
        speak_next.delay()
    except OperationalError as error:  # the row is in the queue all the same; the sweeper wakes a worker
        log.warning("wake_up_not_sent", error=str(error))


def synthesis_delete(synthesis: Synthesis) -> None:
    """Remove text and audio for good, its sentences in the cache too; what was counted and billed stays."""
    queue.cancel(synthesis)
    _forget_sentences(synthesis)
    Synthesis.objects.filter(id=synthesis.id).update(text="", deleted_at=Now())
    store.delete(synthesis)


def forget_if_deleted(synthesis: Synthesis) -> None:
    """What was deleted while it was spoken leaves nothing behind; `synthesis` is as it was when it began."""
    if Synthesis.objects.filter(id=synthesis.id, deleted_at__isnull=False).exists():
        store.delete(synthesis)
        _forget_sentences(synthesis)


def _forget_sentences(synthesis: Synthesis) -> None:
    """Other texts of the tenant that share one have to speak it anew."""
    try:
        reading = front_end.read(synthesis.text)
    except TextError:  # not one sentence was ever spoken of it
        return
    style = style_of(synthesis, synthesis.voice)
    utterances = [Utterance(sentence, style) for sentence in reading.sentences]
    for place in sentences.places(synthesis, synthesis.voice_revision, utterances):
        place.path.unlink(missing_ok=True)
