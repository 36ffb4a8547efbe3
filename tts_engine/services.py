"""What may be done with a Synthesis: request it, delete it. Doors and pages call these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache as memoize
from functools import lru_cache, partial
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from accounts.services import OPERATOR
from accounts.waking import wake
from billing import counting
from billing import services as billing
from billing.alerts import services as alerts
from tts_engine import cache, clips, idempotency, labels, queue, repeats, room, sentences, store, tracing, waits
from tts_engine.dictionary.selectors import as_read_now, as_read_with, dictionary
from tts_engine.idempotency import Idempotency
from tts_engine.jobs.models import JobItem
from tts_engine.models import JOB_PRIORITY, NOBODY_WAITS, InputType, LabelPolicy, Synthesis
from tts_engine.scripts import Written
from tts_engine.speech import text as front_end
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.catalog import Catalog
from tts_engine.speech.errors import AudioError, TextError, UnknownVoice
from tts_engine.speech.speak import honoured, in_manner
from tts_engine.speech.text.script import Clip, Manner, Passage, Place, Said
from tts_engine.speech.voice import NEUTRAL, Style, Utterance, VoiceInfo, check_style
from tts_engine.terms import Terms, terms

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
    input_type: str = InputType.TEXT
    voice_aliases: Mapping[str, str] | None = None  # names in the text to voices
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


def voice_remove(voice_id: str, *, actor: str = OPERATOR) -> None:
    """Delete an added voice: nothing new is spoken with it, and what was spoken stays. Raises UnknownVoice."""
    catalog().remove(voice_id)
    audit.record(action="voice.remove", actor=actor, details={"voice": voice_id})


def voice_named(name: str) -> tuple[VoiceInfo, str]:
    """The voice behind a name that callers use, OpenAI's among them, and its speaker's id. Raises UnknownVoice."""
    return catalog().resolve(settings.VOICE_ALIASES.get(name, name))


def warm_up() -> None:
    """Load what the first request of a web process would wait for: the voices' names and the front end."""
    catalog()
    front_end.read("你好，2026年。Hello")


def synthesis_request(
    *,
    caller: Caller,
    order: Order,
    synthesis_id: UUID | None = None,
    once: Idempotency | None = None,
    agreed: Terms | None = None,
) -> Synthesis:
    """Reserve the order's characters and queue it, or answer it from the cache, in one transaction.

    With `once` the same request sent again gets the finished synthesis of the first time, which has
    another id than `synthesis_id`; nothing is reserved or billed then. `agreed` are the tenant's terms
    where the caller has just asked for them.

    Raises TextError, DictionaryTextTooLong, StyleError, AudioError, LabelNotAllowed, UnknownVoice, Overloaded,
    what `billing.reserve` refuses and what `idempotency.claim` does; nothing is written then. The answer comes
    through `listen.answer`.
    """
    asking = synthesis_asking(caller=caller, order=order, synthesis_id=synthesis_id, once=once, agreed=agreed)
    return repeats.kept_alone(asking)


def synthesis_asking(
    *, caller: Caller, order: Order, synthesis_id: UUID | None, once: Idempotency | None, agreed: Terms | None
) -> repeats.Asking[Synthesis]:
    """`synthesis_request` for whoever stores the repeats of several requests together."""
    agreed = agreed or terms(caller.tenant_id, caller.api_key_id)
    synthesis = _new(caller, order, synthesis_id or uuid4(), agreed)
    rate = agreed.standing.cached_rate
    at_once = not rate and not once  # nothing else is written then, so it needs no transaction
    found = None
    for look in (cache.guess, cache.find) if at_once else (cache.find,):
        found = look(synthesis)
        if at_once and (repeat := repeats.repeat_of(synthesis, found)) and (yield repeat):
            return synthesis
    with alerts.refusal_told(caller.tenant_id), transaction.atomic():
        answered = once and idempotency.claim(tenant_id=caller.tenant_id, synthesis_id=synthesis.id, asked=once)
        if answered:
            return answered
        if not _repeated(synthesis, found, rate):
            _place(synthesis)
    return synthesis


def _place(synthesis: Synthesis) -> None:
    """In the queue, with its reservation."""
    interactive = synthesis.priority < NOBODY_WAITS
    clock = queue.virtual_time(interactive=interactive)
    tracing.pass_on(synthesis.id)
    reservation = billing.reserve(
        tenant_id=synthesis.tenant_id,
        api_key_id=synthesis.api_key_id,
        synthesis_id=synthesis.id,
        characters=synthesis.characters,
        virtual_time=clock,
        interactive=interactive,
        at=synthesis.created_at,
    )
    synthesis.start_tag = reservation.start_tag
    synthesis.finish_tag = reservation.finish_tag
    synthesis.priority += reservation.priority
    waits.refuse_hopeless(synthesis, clock)
    room.refuse_without_room()
    transaction.on_commit(partial(_queued, synthesis))
    synthesis.save(force_insert=True)


def _queued(synthesis: Synthesis) -> None:
    """It waits for a worker, and nobody knows yet which."""
    log.info("queued", request_id=str(synthesis.id), priority=synthesis.priority, characters=synthesis.characters)
    wake_worker()


def style_of(asked: Order | Synthesis, speaker: str) -> Style:
    """How it is to be spoken, whether it is still an order or already a row."""
    return Style(
        speaker=speaker,
        emotion=asked.emotion,
        emotion_intensity=asked.emotion_intensity,
        speed=asked.speed,
        pitch=asked.pitch,
    )


def _new(caller: Caller, order: Order, synthesis_id: UUID, agreed: Terms) -> Synthesis:
    """A row that is not stored yet, with everything checked and counted."""
    written = as_read_with(dictionary(caller.tenant_id, agreed.dictionary), Written.of(order))
    synthesis = row_of(caller, order, counted_of(written), synthesis_id, agreed.label)
    synthesis.keeps_text = agreed.keeps_texts
    _note_reading(synthesis, written)
    if order.patience is not None:
        synthesis.deadline = synthesis.created_at + order.patience
    return synthesis


def voice_for(order: Order) -> tuple[VoiceInfo, str]:
    """The voice and its speaker. Raises UnknownVoice, StyleError or AudioError for what cannot be as it is asked."""
    info, speaker = voice_named(order.voice)
    check_style(info, style_of(order, speaker))
    _check_audio(order)
    return info, speaker


def row_of(
    caller: Caller,
    order: Order,
    counted: "Counted",
    synthesis_id: UUID,
    policy: LabelPolicy,
    at: datetime | None = None,
) -> Synthesis:
    """The row of an order, not stored yet, but for what its reading tells.

    Raises as `voice_for`, and LabelNotAllowed.
    """
    info, speaker = voice_for(order)
    facts = counted.facts
    return Synthesis(
        id=synthesis_id,
        tenant_id=caller.tenant_id,
        api_key_id=caller.api_key_id,
        member_id=caller.member_id,
        created_at=at or timezone.now(),  # one moment for row, ledger and day, even at a month's end
        text=order.text.strip(),
        input_type=order.input_type,
        voice_aliases=order.voice_aliases or None,
        model=order.model,
        voice=speaker,
        voice_revision=info.revision,
        emotion=order.emotion,
        emotion_intensity=order.emotion_intensity,
        speed=order.speed,
        pitch=order.pitch,
        volume=order.volume,
        sample_rate=order.sample_rate or FORMATS[order.audio_format].rate_for(info.sample_rate),
        audio_format=order.audio_format,
        cache_key=cache.UNREAD if order.use_cache else "",
        loudness=order.loudness,
        leading_silence_ms=order.leading_silence_ms,
        trailing_silence_ms=order.trailing_silence_ms,
        label=labels.chosen(policy, order.label),
        priority=0 if order.interactive else JOB_PRIORITY,
        characters=counted.characters,
        hanzi=facts.hanzi,
        other_characters=facts.other_characters,
        gbk_bytes=facts.gbk_bytes,
        utf8_bytes=facts.utf8_bytes,
        normalised_characters=facts.normalised_characters,
    )


def read_late(synthesis: Synthesis) -> None:
    """Find out of a job's row, for its worker, what the door finds out of others; by the dictionary as it is now.

    Raises as `synthesis_request` for its text.
    """
    written = Written.of(synthesis)
    if synthesis.dictionary is not None:  # an attempt before this one has noted the entries
        _note_reading(synthesis, written)
        return
    _note_reading(synthesis, as_read_now(synthesis.tenant_id, written))
    if synthesis.dictionary:
        Synthesis.objects.filter(id=synthesis.id).update(dictionary=synthesis.dictionary)


def _note_reading(synthesis: Synthesis, written: Written) -> None:
    """What is known of a row once its text has been read, all that the text asks for checked."""
    counted = counted_of(written)
    others = cast_of(synthesis, counted)
    clips.check(synthesis.tenant_id, counted.clips)
    synthesis.dictionary = [list(entry.noted) for entry in written.dictionary] or None
    synthesis.normalised_characters = counted.facts.normalised_characters
    if synthesis.cache_key:
        synthesis.cache_key = cache.key(synthesis, counted.reading, [voice.revision for voice in others])


def cast_of(asked: Order | Synthesis, counted: "Counted") -> list[VoiceInfo]:
    """The voices of what is not spoken as the request says. Raises ScriptError where there is none, or it cannot."""
    if not counted.manners:  # as in most of a job's many rows
        return []
    info, speaker = voice_named(asked.voice)
    style = style_of(asked, speaker)
    return [honoured(*manner, info, style, voice_named)[0] for manner in counted.manners]


def _check_audio(order: Order) -> None:
    if order.sample_rate is not None:
        FORMATS[order.audio_format].check_rate(order.sample_rate)
    if order.loudness is not None and order.volume:
        raise AudioError("loudness says how loud the whole is: leave volume out beside it.", param="volume")


@dataclass(frozen=True, slots=True)
class Counted:
    """What is asked of a text before it is spoken."""

    reading: str  # a digest; empty where it was not read
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


def count(written: Written) -> Counted:
    """The same without reading it, which takes milliseconds: as if it were read out as it is written.

    Sounds given in IPA and recordings are not looked at. Raises ScriptError.
    """
    script = written.script()
    facts = counting.text_facts(script.plain, script.plain)
    passages = [item for item in script.items if isinstance(item, Passage)]
    manners = {passage.manner: passage.place for passage in passages if passage.manner != Manner()}
    characters = counting.billable_characters(script.plain)
    return Counted("", characters, facts, tuple((manner, "", place) for manner, place in manners.items()), ())


def _repeated(synthesis: Synthesis, found: cache.Found | None, rate: int) -> bool:
    """Answered with what was found, and billed where the plan bills repeats: `rate` percent of its characters.

    False, and nothing done, where nothing was found or it is gone by now.
    """
    if not found:
        return False
    billed = synthesis.characters * rate // 100
    with transaction.atomic():
        if billed:
            interactive = synthesis.priority < NOBODY_WAITS
            billing.reserve(
                tenant_id=synthesis.tenant_id,
                api_key_id=synthesis.api_key_id,
                synthesis_id=synthesis.id,
                characters=billed,
                virtual_time=queue.virtual_time(interactive=interactive),
                at=synthesis.created_at,
                waits=False,
                interactive=interactive,
            )
            billing.settle(synthesis_id=synthesis.id, characters=billed)
        repeat = repeats.repeat_of(synthesis, found, billed=billed)
        repeated = repeat is not None and repeats.keep([repeat]) == [True]
        if not repeated:
            transaction.set_rollback(True)
    return repeated


def wake_worker() -> None:
    """A row was added: have a worker look."""
    from tts_engine.tasks import speak_next  # the web process need not load the worker before it sends

    wake(speak_next)


# The columns of a row that hold what its tenant wrote, or may quote it, as they are once it is deleted.
NO_WORDS: dict[str, Any] = {"text": "", "dictionary": None, "voice_aliases": None, "error_message": ""}


def synthesis_delete(synthesis: Synthesis) -> None:
    """Remove text and audio for good, its sentences in the cache too; what was counted and billed stays."""
    queue.cancel(synthesis)
    forget_sentences(synthesis)
    with transaction.atomic():
        Synthesis.objects.filter(id=synthesis.id).update(**NO_WORDS, deleted_at=Now())
        if synthesis.job_id:
            JobItem.objects.filter(synthesis=synthesis).update(text="", file_name="")
    store.delete(synthesis)


def forget_if_deleted(synthesis: Synthesis) -> None:
    """What was deleted while it was spoken leaves nothing behind; `synthesis` is as it was when it began."""
    if Synthesis.objects.filter(id=synthesis.id, deleted_at__isnull=False).update(**NO_WORDS):
        store.delete(synthesis)
        forget_sentences(synthesis)


def forget_sentences(synthesis: Synthesis) -> None:
    """Delete its sentences from the cache: other texts of the tenant that share one have to speak it anew."""
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
