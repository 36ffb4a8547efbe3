"""What may be done with a Synthesis: request it, delete it. Doors and pages call these."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache as memoize
from functools import lru_cache
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.waking import wake
from billing import counting
from billing import services as billing
from billing.alerts import services as alerts
from billing.errors import KeyQuotaExceeded, QuotaExceeded
from tts_engine import cache, idempotency, labels, queue, repeats, sentences, store, waits
from tts_engine.idempotency import Idempotency
from tts_engine.models import Synthesis
from tts_engine.speech import text as front_end
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import AudioError, TextError
from tts_engine.speech.voice import NEUTRAL, Style, Utterance, check_style


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
    sample_rate: int | None = None  # Hz; None is the voice's own, or the nearest the format can carry
    loudness: float | None = None  # LUFS; None is the voice's own
    leading_silence_ms: int | None = None  # None is the voice's own
    trailing_silence_ms: int | None = None
    label: str | None = None  # of models.Labelling; None is the tenant's default
    use_cache: bool = True  # neither answered from it nor kept in it without
    interactive: bool = True  # nobody waits for the others, and whoever waits goes before
    patience: timedelta | None = None  # how long the caller waits for it to start; None is any time


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

    Raises TextError, StyleError, AudioError, LabelNotAllowed, UnknownVoice, Overloaded, what `billing.reserve`
    refuses and what `idempotency.claim` does; nothing is written then. The answer comes through `listen.answer`.
    """
    synthesis = _new(caller, order, synthesis_id or uuid4())
    found = cache.find(synthesis)
    if found:
        synthesis.billed_characters = synthesis.characters * found.cached_rate // 100
        if not synthesis.billed_characters and not once:  # nothing else to be written, so no transaction
            repeats.answer(synthesis, found)
            return synthesis
    try:
        with transaction.atomic():
            answered = once and idempotency.claim(tenant_id=caller.tenant_id, synthesis_id=synthesis.id, asked=once)
            return answered or _placed(synthesis, found)
    except KeyQuotaExceeded:
        raise  # the team has characters left
    except QuotaExceeded as refusal:
        alerts.quota_refused(caller.tenant_id, refusal)
        raise


def _placed(synthesis: Synthesis, found: cache.Found | None) -> Synthesis:
    """Stored: queued with its reservation, or done with the audio that was `found`."""
    if found:
        _answer_from_cache(synthesis, found)
    else:
        clock = queue.virtual_time()
        reservation = billing.reserve(
            tenant_id=synthesis.tenant_id,
            api_key_id=synthesis.api_key_id,
            synthesis_id=synthesis.id,
            characters=synthesis.characters,
            virtual_time=clock,
            at=synthesis.created_at,
        )
        synthesis.start_tag = reservation.start_tag
        synthesis.finish_tag = reservation.finish_tag
        synthesis.priority += reservation.priority
        waits.refuse_hopeless(synthesis, clock)
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
    _check_audio(order)
    now = timezone.now()
    counted = _counted(order.text)
    facts = counted.facts
    synthesis = Synthesis(
        id=synthesis_id,
        tenant_id=caller.tenant_id,
        api_key_id=caller.api_key_id,
        member_id=caller.member_id,
        created_at=now,  # one moment for row, ledger and day, even at a month's end
        text=order.text.strip(),
        model=order.model,
        voice=order.voice,
        voice_revision=info.revision,
        emotion=order.emotion,
        emotion_intensity=order.emotion_intensity,
        speed=order.speed,
        pitch=order.pitch,
        volume=order.volume,
        sample_rate=order.sample_rate or FORMATS[order.audio_format].rate_for(info.sample_rate),
        audio_format=order.audio_format,
        loudness=order.loudness,
        leading_silence_ms=order.leading_silence_ms,
        trailing_silence_ms=order.trailing_silence_ms,
        label=labels.chosen(caller.tenant_id, order.label),
        priority=0 if order.interactive else queue.JOB,
        deadline=None if order.patience is None else now + order.patience,
        characters=counted.characters,
        hanzi=facts.hanzi,
        other_characters=facts.other_characters,
        gbk_bytes=facts.gbk_bytes,
        utf8_bytes=facts.utf8_bytes,
        normalised_characters=facts.normalised_characters,
    )
    if order.use_cache:
        synthesis.cache_key = cache.key(synthesis, counted.reading)
    return synthesis


def _check_audio(order: Order) -> None:
    if order.sample_rate is not None:
        FORMATS[order.audio_format].check_rate(order.sample_rate)
    if order.loudness is not None and order.volume:
        raise AudioError("loudness says how loud the whole is: leave volume out beside it.", param="volume")


@dataclass(frozen=True, slots=True)
class Counted:
    """What is asked of a text before it is spoken."""

    reading: str  # a digest
    characters: int  # billable
    facts: counting.TextFacts


@lru_cache(maxsize=256)
def _counted(text: str) -> Counted:
    """The same for a text that was seen before. Raises TextError."""
    reading = front_end.read(text)
    plain = front_end.plain_text(text)
    facts = counting.text_facts(plain, reading.text)
    return Counted(cache.digest(reading), counting.billable_characters(plain), facts)


def _answer_from_cache(synthesis: Synthesis, found: cache.Found) -> None:
    """Billed, where the plan bills repeats."""
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
    repeats.answer(synthesis, found)


def _wake_worker() -> None:
    from tts_engine.tasks import speak_next  # the web process need not load the worker before it sends

    wake(speak_next)


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
