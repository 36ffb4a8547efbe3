"""What may be done with a Synthesis: request it, delete it. Doors and pages call these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from tts_engine import cache, clips, idempotency, queue, repeats, sentences, store, waits
from tts_engine.dictionary.selectors import as_read_now
from tts_engine.idempotency import Idempotency
from tts_engine.models import InputType, Synthesis
from tts_engine.scripts import Written
from tts_engine.speech import text as front_end
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import TextError, UnknownVoice
from tts_engine.speech.speak import honoured, in_manner
from tts_engine.speech.text.script import Clip, Manner, Place, Said
from tts_engine.speech.voice import NEUTRAL, Style, Utterance, VoiceInfo, check_style


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
    input_type: str = InputType.TEXT
    voice_aliases: Mapping[str, str] | None = None  # names in the text to voices
    emotion: str = NEUTRAL
    emotion_intensity: float = 1.0
    speed: float = 1.0
    pitch: float = 0.0  # semitones
    volume: float = 0.0  # dB
    sample_rate: int | None = None  # Hz; None is the voice's own
    use_cache: bool = True  # neither answered from it nor kept in it without
    interactive: bool = True  # nobody waits for the others, and whoever waits goes before
    patience: timedelta | None = None  # how long the caller waits for it to start; None is any time


@memoize
def catalog() -> Catalog:
    """The voices of this installation; none of them loaded."""
    return Catalog(settings.VOXHOUSE_HOME)


def voice_named(name: str) -> tuple[VoiceInfo, str]:
    """The voice behind a name that callers use, OpenAI's among them, and its speaker's id. Raises UnknownVoice."""
    return catalog().resolve(settings.VOICE_ALIASES.get(name, name))


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

    Raises TextError, DictionaryTextTooLong, StyleError, UnknownVoice, Overloaded, what `billing.reserve`
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
    info, speaker = voice_named(order.voice)
    style = style_of(order, speaker)
    check_style(info, style)
    now = timezone.now()
    written = as_read_now(caller.tenant_id, Written.of(order))
    counted = counted_of(written)
    others = [honoured(*asked, info, style, voice_named)[0] for asked in counted.manners]
    clips.check(caller.tenant_id, counted.clips)
    facts = counted.facts
    synthesis = Synthesis(
        id=synthesis_id,
        tenant_id=caller.tenant_id,
        api_key_id=caller.api_key_id,
        member_id=caller.member_id,
        created_at=now,  # one moment for row, ledger and day, even at a month's end
        text=order.text.strip(),
        input_type=order.input_type,
        voice_aliases=order.voice_aliases or None,
        dictionary=[list(entry.noted) for entry in written.dictionary] or None,
        model=order.model,
        voice=speaker,
        voice_revision=info.revision,
        emotion=order.emotion,
        emotion_intensity=order.emotion_intensity,
        speed=order.speed,
        pitch=order.pitch,
        volume=order.volume,
        sample_rate=order.sample_rate or info.sample_rate,
        audio_format=order.audio_format,
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
        synthesis.cache_key = cache.key(synthesis, counted.reading, [voice.revision for voice in others])
    return synthesis


@dataclass(frozen=True, slots=True)
class Counted:
    """What is asked of a text before it is spoken."""

    reading: str  # a digest
    characters: int  # billable
    facts: counting.TextFacts
    manners: tuple[tuple[Manner, str, Place | None], ...]  # with IPA, of what is not spoken as the request says
    clips: tuple[Clip, ...]


@lru_cache(maxsize=256)
def counted_of(written: Written) -> Counted:
    """The same for a text that was seen before. Raises TextError."""
    script = written.script()
    items = front_end.read_script(script)
    facts = counting.text_facts(script.plain, front_end.reading_of(items).text)
    said = [item for item in items if isinstance(item, Said)]
    manners = {(one.manner, one.ipa): one.place for one in said if one.ipa or one.manner != Manner()}
    clips = tuple(item for item in items if isinstance(item, Clip))
    characters = counting.billable_characters(script.plain)
    return Counted(
        cache.digest(items), characters, facts, tuple((*asked, place) for asked, place in manners.items()), clips
    )


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
    gone = {"text": "", "dictionary": None, "voice_aliases": None}
    Synthesis.objects.filter(id=synthesis.id).update(**gone, deleted_at=Now())
    store.delete(synthesis)


def forget_if_deleted(synthesis: Synthesis) -> None:
    """What was deleted while it was spoken leaves nothing behind; `synthesis` is as it was when it began."""
    if Synthesis.objects.filter(id=synthesis.id, deleted_at__isnull=False).exists():
        store.delete(synthesis)
        _forget_sentences(synthesis)


def _forget_sentences(synthesis: Synthesis) -> None:
    """Other texts of the tenant that share one have to speak it anew."""
    try:
        items = front_end.read_script(Written.of(synthesis).script())
    except TextError:  # not one sentence was ever spoken of it
        return
    for said in (item for item in items if isinstance(item, Said)):
        style, revision = style_of(synthesis, synthesis.voice), synthesis.voice_revision
        if said.manner.voice:
            try:
                info, speaker = voice_named(said.manner.voice)
            except UnknownVoice:  # removed since, and its sentences are found by nobody
                continue
            style, revision = replace(style, speaker=speaker), info.revision
        for sentence in said.sentences:
            spoken = Utterance(sentence, in_manner(said.manner, style))
            sentences.place_of(synthesis.tenant_id, revision, spoken).path.unlink(missing_ok=True)
