"""What may be done with a job. Doors and pages call these; each is one transaction.

A change of a job holds the lock of its row, so two at once happen one after the other, and the second
finds the state that the first has left.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models import NOT_PROVIDED
from django.db.models.functions import Now
from django.utils import timezone

from billing import services as billing
from billing.alerts import services as alerts
from billing.errors import KeyQuotaExceeded, QuotaExceeded
from billing.price_book.facts import FACTS, facts_of_request
from tts_engine import fair, queue, store
from tts_engine.delivery.models import Destination
from tts_engine.errors import JobRowInvalid, JobStateConflict, JobTooLarge, KeyReused
from tts_engine.idempotency import Idempotency
from tts_engine.jobs import ending
from tts_engine.jobs.cutting import cut
from tts_engine.jobs.models import Job, JobItem, JobKind, JobStatus
from tts_engine.models import JOB_PRIORITY, Status, Synthesis
from tts_engine.services import Caller, Counted, Order, count, forget_sentences, row_of, voice_for, wake_worker
from tts_engine.speech.errors import SpeechError
from tts_engine.speech.voice import VoiceInfo

AT_ONCE = 1000  # rows that are held in memory, or forgotten in one transaction


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes an item; empty members are the job's own."""

    text: str
    chapter: str = ""
    voice: str = ""
    emotion: str = ""
    file_name: str = ""


def rows_of_text(chapters: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """The parts of a long text, given as (title, text) of its chapters; the last line break parts no chapters."""
    for title, text in chapters:
        for part in cut(text, most=settings.JOB_PART_CHARACTERS):
            yield Row(part, chapter=title)


# What a column of PostgreSQL cannot hold, or UTF-8 cannot say.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def job_create(
    *,
    caller: Caller,
    name: str,
    kind: JobKind,
    order: Order,
    rows: Iterable[Row],
    destination: Destination | None = None,
    once: Idempotency | None = None,
) -> Job:
    """A draft of the rows, to be spoken as `order` says but for its text; reserves and bills nothing.

    With `once` the same request sent again gets the job of the first time.

    Raises JobRowInvalid, JobTooLarge, KeyReused, and StyleError or UnknownVoice for the job's own; nothing
    is kept then.
    """
    if once and (earlier := _earlier(caller, once)):
        return earlier
    voice_for(order)
    common = {name: value for name, value in asdict(order).items() if name not in ("text", "interactive", "patience")}
    try:
        with transaction.atomic():
            job = Job.objects.create(
                tenant_id=caller.tenant_id,
                api_key_id=caller.api_key_id,
                member_id=caller.member_id,
                name=name,
                kind=kind,
                order=common,
                destination=destination,
                idempotency_key=once.key if once else "",
                fingerprint=once.fingerprint if once else "",
            )
            _keep(job, rows)
    except IntegrityError:  # the same request came twice at once, and the other one was first
        earlier = once and _earlier(caller, once)
        if not earlier:
            raise
        return earlier
    job.refresh_from_db()
    return job


def _earlier(caller: Caller, once: Idempotency) -> Job | None:
    """The job that this key made. Raises KeyReused where it was another request."""
    job = Job.objects.filter(tenant_id=caller.tenant_id, idempotency_key=once.key).first()
    if job and job.fingerprint != once.fingerprint:
        raise KeyReused(f"The Idempotency-Key {once.key!r} was sent with another request; use a new key for this one.")
    return job


def _keep(job: Job, rows: Iterable[Row]) -> None:
    """Store the items as they come, none of them kept in memory, and their sums."""
    sums = dict.fromkeys(FACTS, 0)
    orders = _Orders(job)
    fields = ("job_id", "number", "text", "characters", "chapter", "voice", "emotion", "file_name", "synthesis_id")
    number = characters = 0
    with connection.cursor() as cursor, cursor.copy(_copy_into(JobItem, fields)) as copy:
        for number, row in enumerate(rows, 1):
            if number > settings.JOB_MAX_ROWS:
                raise JobTooLarge(f"A job has at most {settings.JOB_MAX_ROWS:,} rows; make several of it.")
            counted = _checked(number, row, orders)
            characters += counted.characters
            if job.kind == JobKind.TEXT and characters > settings.JOB_MAX_CHARACTERS:
                raise JobTooLarge(f"A text has at most {settings.JOB_MAX_CHARACTERS:,} characters; divide it.")
            _add_facts(sums, counted)
            texts = (row.chapter, row.voice, row.emotion, row.file_name)
            copy.write_row((job.id, number, row.text, counted.characters, *texts, uuid4()))
    if not number:
        raise JobTooLarge("A job needs at least one row.")
    Job.objects.filter(id=job.id).update(rows=number, characters=characters, facts=sums)


def _checked(number: int, row: Row, orders: "_Orders") -> Counted:
    refuse = partial(JobRowInvalid, number)
    if not row.text.strip():
        raise refuse("the text is empty.", code="empty_string", member="text")
    if any(map(_NO_TEXT.search, (row.text, row.chapter, row.voice, row.emotion, row.file_name))):
        raise refuse("it holds a NUL or half a character.", code="invalid_value", member="text")
    if len(row.text.strip()) > settings.SPEECH_MAX_CHARACTERS:
        most = settings.SPEECH_MAX_CHARACTERS
        raise refuse(f"the text has more than {most} characters.", code="string_above_max_length", member="text")
    for member in ("chapter", "file_name"):
        if len(getattr(row, member)) > JobItem._meta.get_field(member).max_length:
            raise refuse(f"'{member}' is too long.", code="string_above_max_length", member=member)
    try:
        orders.of(row.voice, row.emotion)
    except SpeechError as error:
        raise refuse(str(error), code=error.code, member=error.param or "voice") from error
    counted = count(row.text)
    if not counted.characters:
        raise refuse("the text holds nothing but marks.", code="empty_string", member="text")
    return counted


def _add_facts(sums: dict[str, int], counted: Counted) -> None:
    facts = facts_of_request(**asdict(counted.facts), audio_ms=None, synthesis_ms=None)
    for name in FACTS:
        sums[name] += getattr(facts, name)


class _Orders:
    """The order of an item, without its text, and its voice: few different ones, looked up once each."""

    def __init__(self, job: Job) -> None:
        self._common = Order(text="", interactive=False, **job.order)
        self._known: dict[tuple[str, str], tuple[Order, VoiceInfo]] = {}

    def of(self, voice: str, emotion: str) -> tuple[Order, VoiceInfo]:
        """Raises UnknownVoice, StyleError."""
        found = self._known.get((voice, emotion))
        if found is None:
            voice_name = settings.VOICE_ALIASES.get(voice, voice) or self._common.voice
            order = replace(self._common, voice=voice_name, emotion=emotion or self._common.emotion)
            found = self._known[voice, emotion] = (order, voice_for(order))
        return found


def job_start(job: Job) -> Job:
    """Reserve the whole and queue every item, or nothing of it.

    Raises JobStateConflict, and what `billing.reserve_job` refuses; UnknownVoice or StyleError where a
    voice is no longer there.
    """
    with _quota_alerted(job), _changing(job, JobStatus.DRAFT) as held:
        _queue(held)
        held.status = JobStatus.RUNNING
        held.started_at = timezone.now()
    return held


# A failed item gets another Synthesis, under a new id.
NAME_ANEW = """
    UPDATE tts_engine_jobitem i SET synthesis_id = gen_random_uuid()
    FROM tts_engine_synthesis s
    WHERE s.id = i.synthesis_id AND i.job_id = %s AND s.status = 'failed'
"""


def job_retry(job: Job) -> Job:
    """Reserve and queue the failed items anew; those that failed stay in the history.

    Raises as `job_start`, and JobStateConflict where none has failed.
    """
    with _quota_alerted(job), _changing(job, JobStatus.RUNNING, JobStatus.DONE) as held:
        with connection.cursor() as cursor:
            cursor.execute(NAME_ANEW, [held.id])
            if not cursor.rowcount:
                raise JobStateConflict("No row of this job has failed, so there is nothing to retry.")
        _queue(held)
        held.status = JobStatus.RUNNING
        held.finished_at = held.delivered_at = None
    return held


def job_pause(job: Job) -> Job:
    """Begin nothing new of it; what is being spoken is spoken to its end. Raises JobStateConflict."""
    with _changing(job, JobStatus.RUNNING) as held:
        hold(held.id)
        held.status = JobStatus.PAUSED
    return held


def job_resume(job: Job) -> Job:
    """Go on. Raises JobStateConflict."""
    with _changing(job, JobStatus.PAUSED) as held:
        Synthesis.objects.filter(job=held, status=Status.HELD).update(status=Status.QUEUED)
        held.status = JobStatus.RUNNING
        transaction.on_commit(wake_worker)
    transaction.on_commit(partial(ending.look, job.id))  # all of it may have been spoken meanwhile
    return held


def job_cancel(job: Job) -> Job:
    """Release what has not begun; what is being spoken is spoken to its end, and billed. Raises JobStateConflict."""
    with _changing(job, JobStatus.DRAFT, JobStatus.RUNNING, JobStatus.PAUSED) as held:
        if held.status == JobStatus.DRAFT:
            held.finished_at = timezone.now()
        release(held)
        held.status = JobStatus.CANCELLED
    ending.look(job.id)
    held.refresh_from_db()
    return held


def job_delete(job: Job) -> None:
    """Nobody finds it any more, nor its Syntheses; texts and audio are gone within the next minutes.

    What was counted and billed stays.
    """
    if job.status in (JobStatus.RUNNING, JobStatus.PAUSED):
        job_cancel(job)
    with transaction.atomic():
        Job.objects.filter(id=job.id).update(deleted_at=Now())
        Synthesis.objects.filter(job=job, deleted_at=None).update(deleted_at=Now())


def hold(job_id: UUID) -> int:
    """Hold the rows that wait; how many."""
    return Synthesis.objects.filter(job_id=job_id, status=Status.QUEUED).update(status=Status.HELD)


def release(job: Job) -> int:
    """Cancel the rows that wait, and give their characters back; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE tts_engine_synthesis SET status = 'cancelled', finished_at = now(), billed_characters = 0
            WHERE job_id = %s AND status IN ('queued', 'held') RETURNING id
            """,
            [job.id],
        )
        ended = [row[0] for row in cursor.fetchall()]
    return billing.release_rows(tenant_id=job.tenant_id, syntheses=ended) if ended else 0


def sweep() -> None:
    """Rows that came back to the queue from a lost worker follow their job; and jobs whose last row ended, end."""
    for job in Job.objects.filter(finished_at=None).exclude(status=JobStatus.DRAFT):
        if job.status in (JobStatus.PAUSED, JobStatus.CANCELLED):
            _recall(job)
        ending.look(job.id)


@transaction.atomic
def _recall(job: Job) -> None:
    held = Job.objects.select_for_update().get(id=job.id)
    if held.status == JobStatus.PAUSED:
        hold(held.id)
    elif held.status == JobStatus.CANCELLED:
        release(held)


def forget_deleted() -> int:
    """Remove texts and audio of deleted jobs, for a beat's worth of time; how many rows."""
    forgotten = 0
    for job in Job.objects.filter(deleted_at__isnull=False, items__isnull=False).distinct():
        while rows := list(JobItem.objects.filter(job=job).select_related("synthesis")[:AT_ONCE]):
            _forget(rows)
            forgotten += len(rows)
    return forgotten


def _forget(items: Sequence[JobItem]) -> None:
    for item in items:
        if item.synthesis:
            forget_sentences(item.synthesis)
            store.delete(item.synthesis)
    with transaction.atomic():
        Synthesis.objects.filter(job_item__in=items).update(text="")
        JobItem.objects.filter(id__in=[item.id for item in items]).delete()


@contextmanager
def _changing(job: Job, *states: JobStatus) -> Iterator[Job]:
    """The job, locked, in one of these states; what is done to its fields is stored."""
    with transaction.atomic():
        held = Job.objects.select_for_update().get(id=job.id)
        if held.status not in states:
            raise JobStateConflict(f"This job is {held.status}; it would have to be {' or '.join(states)}.")
        yield held
        held.save(update_fields=["status", "started_at", "finished_at", "delivered_at"])


@contextmanager
def _quota_alerted(job: Job) -> Iterator[None]:
    """A quota that refuses is told of, as at the other doors."""
    try:
        yield
    except KeyQuotaExceeded:
        raise  # the team has characters left
    except QuotaExceeded as refusal:
        alerts.quota_refused(job.tenant_id, refusal)
        raise


def _queue(job: Job) -> None:
    """Reserve every item that has no Synthesis yet, and make one each, in the order of their numbers."""
    waiting = JobItem.objects.filter(job=job, synthesis__status=None).order_by("number")
    syntheses, sizes = zip(*waiting.values_list("synthesis_id", "characters"), strict=True)
    now = timezone.now()
    reservation = billing.reserve_job(
        tenant_id=job.tenant_id,
        job_id=job.id,
        syntheses=syntheses,
        characters=sizes,
        virtual_time=queue.virtual_time(interactive=False),
        api_key_id=job.api_key_id,
        at=now,
    )
    starts = fair.sentence_tags(reservation.start_tag, reservation.finish_tag, sizes)
    tags = pairwise([*starts, reservation.finish_tag])
    caller = Caller(tenant_id=job.tenant_id, api_key_id=job.api_key_id, member_id=job.member_id)
    orders = _Orders(job)
    last = 0
    while items := list(waiting.filter(number__gt=last)[:AT_ONCE]):
        last = items[-1].number
        with connection.cursor() as cursor, cursor.copy(_copy_into(Synthesis, _COLUMNS)) as copy:
            for item, (start, finish) in zip(items, tags, strict=False):
                order, info = orders.of(item.voice, item.emotion)
                asked = replace(order, text=item.text)
                row = row_of(caller, asked, info, count(item.text), item.synthesis_id, now)
                row.job_id = job.id
                row.priority = JOB_PRIORITY + reservation.priority
                row.start_tag, row.finish_tag = start, finish
                copy.write_row([getattr(row, name) for name in _COLUMNS])
    transaction.on_commit(wake_worker)


_COLUMNS = tuple(
    field.attname
    for field in Synthesis._meta.concrete_fields
    if field.attname == "created_at" or field.db_default is NOT_PROVIDED
)


def _copy_into(model: type[models.Model], columns: Iterable[str]) -> str:
    """The fastest way into a table; columns are named like their attributes."""
    return f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
