"""A draft: the texts of a job, checked, counted and stored. Nothing is reserved or spoken yet."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from billing.price_book.facts import FACTS, facts_of_request
from tts_engine import labels
from tts_engine.delivery.models import Destination
from tts_engine.errors import AnswerGone, JobRowInvalid, JobTooLarge, JobTooSmall
from tts_engine.idempotency import Idempotency
from tts_engine.jobs.cutting import cut, cut_tagged
from tts_engine.jobs.models import LONGEST_NAME, Job, JobItem, JobKind, numbered
from tts_engine.jobs.orders import Orders, order_of
from tts_engine.manuscripts.file_names import UniqueNames, safe
from tts_engine.models import InputType
from tts_engine.services import Caller, Counted, Order, cast_of, count, voice_for
from tts_engine.speech.errors import ScriptError, SpeechError
from tts_engine.speech.text.tags import in_force


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes an item; empty members are the job's own."""

    text: str
    chapter: str = ""
    voice: str = ""
    emotion: str = ""
    file_name: str = ""


def rows_of_text(chapters: Iterable[tuple[str, str]], input_type: str = InputType.TEXT) -> Iterator[Row]:
    """The parts of a long text, given as (title, text) of its chapters; the last line break parts no chapters.

    Parts are spoken alone, so one of a text with tags begins with those that hold where it was cut.
    """
    tagged = input_type == InputType.TAGS
    held = ""
    for title, text in chapters:
        for part in (cut_tagged if tagged else cut)(text, most=settings.JOB_PART_CHARACTERS):
            yield Row(held + part, chapter=title)
            if tagged:
                held = in_force(held + part)


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
    job_id: UUID | None = None,
    once: Idempotency | None = None,
) -> Job:
    """A draft of the rows, to be spoken as `order` says but for its text; reserves and bills nothing.

    With `once` the same request sent again gets the job of the first time, which has another id than `job_id`.

    Raises JobRowInvalid, JobTooLarge, JobTooSmall, KeyReused, AnswerGone, LabelNotAllowed, and StyleError,
    AudioError or UnknownVoice for the job's own; nothing is kept then.
    """
    earlier = _earlier(caller, once)
    if earlier:
        return earlier
    voice_for(order)
    labels.chosen(labels.policy_of(caller.tenant_id), order.label)
    common = {name: value for name, value in asdict(order).items() if name not in ("text", "interactive", "patience")}
    try:
        with transaction.atomic():
            job = Job.objects.create(
                id=job_id or uuid4(),
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
        earlier = _earlier(caller, once)
        if earlier is None:
            raise
        return earlier
    job.refresh_from_db()
    return job


def _earlier(caller: Caller, once: Idempotency | None) -> Job | None:
    """The job that this key made, if any. Raises KeyReused where it was another request, AnswerGone."""
    if once is None:
        return None
    job = Job.objects.filter(tenant_id=caller.tenant_id, idempotency_key=once.key).first()
    if job is None:
        return None
    once.require_same(job.fingerprint)
    if job.deleted_at:
        raise AnswerGone("This request made a job, and it was deleted since; use a new key.")
    return job


def forget_old_keys() -> int:
    """Let go of the Idempotency-Keys that are kept no longer; how many."""
    old = Job.objects.filter(created_at__lt=Now() - settings.IDEMPOTENCY_KEEP).exclude(idempotency_key="")
    return old.update(idempotency_key="", fingerprint="")


class _Sums:
    """What a job's items come to."""

    def __init__(self) -> None:
        self.rows = self.characters = 0
        self.facts = dict.fromkeys(FACTS, 0)

    def add(self, counted: Counted) -> None:
        self.rows += 1
        self.characters += counted.characters
        counts = counted.facts  # one by one: `asdict` copies deeply, a sixth of the time of a row
        facts = facts_of_request(
            hanzi=counts.hanzi,
            other_characters=counts.other_characters,
            gbk_bytes=counts.gbk_bytes,
            utf8_bytes=counts.utf8_bytes,
            normalised_characters=counts.normalised_characters,
            audio_ms=None,
            synthesis_ms=None,
        )
        for name in FACTS:
            self.facts[name] += getattr(facts, name)


COLUMNS = (
    *("job_id", "synthesis_id", "number", "text", "chapter", "voice", "emotion", "file_name"),
    *("characters", "hanzi", "gbk_bytes", "utf8_bytes"),
)
COPY = f"COPY {JobItem._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN"


def _keep(job: Job, rows: Iterable[Row]) -> None:
    """Store the items as they come, none of them kept in memory, and their sums."""
    sums = _Sums()
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:  # the fastest way there is
        for item in _items(job, rows, sums):  # which must not ask the database meanwhile
            copy.write_row(item)
    if not sums.rows:
        raise JobTooSmall("A job needs at least one row with a text.")
    Job.objects.filter(id=job.id).update(rows=sums.rows, characters=sums.characters, facts=sums.facts)


def _items(job: Job, rows: Iterable[Row], sums: _Sums) -> Iterator[tuple[Any, ...]]:
    orders, names = Orders(order_of(job)), UniqueNames()
    for number, row in enumerate(rows, 1):
        if number > settings.JOB_MAX_ROWS:
            raise JobTooLarge(f"A job has at most {settings.JOB_MAX_ROWS:,} rows; make several of it.")
        counted = _checked(number, row, orders)
        sums.add(counted)
        if job.kind == JobKind.TEXT and sums.characters > settings.JOB_MAX_CHARACTERS:
            raise JobTooLarge(f"A text has at most {settings.JOB_MAX_CHARACTERS:,} characters; divide it.")
        facts = counted.facts
        numbers = (counted.characters, facts.hanzi, facts.gbk_bytes, facts.utf8_bytes)
        text = row.text if job.kind == JobKind.TEXT else row.text.strip()  # of a long text not a space is lost
        name = _file_name(number, row, names)
        yield (job.id, uuid4(), number, text, row.chapter, row.voice, row.emotion, name, *numbers)


def _file_name(number: int, row: Row, names: UniqueNames) -> str:
    """Shared with no other row of the job, nor with the number of one without a name: results are stored by it."""
    name = names.take(safe(row.file_name) or numbered(number))
    return "" if name == numbered(number) and not row.file_name else name


def _checked(number: int, row: Row, orders: Orders) -> Counted:
    refuse = partial(JobRowInvalid, number)
    if any(map(_NO_TEXT.search, (row.text, row.chapter, row.voice, row.emotion, row.file_name))):
        raise refuse("it holds a NUL or half a character.", code="invalid_value", member="text")
    for member in ("chapter", "file_name"):
        if len(getattr(row, member)) > LONGEST_NAME:
            raise refuse(f"'{member}' is too long.", code="string_above_max_length", member=member)
    try:
        order = orders.of(row.voice, row.emotion)
        counted = count(replace(orders.written, text=row.text))
        cast_of(order, counted)
    except SpeechError as error:
        at_fault = "text" if isinstance(error, ScriptError) else error.param
        raise refuse(str(error), code=error.code, member=at_fault or "voice") from error
    if not counted.characters:
        raise refuse("the text is empty.", code="empty_string", member="text")
    characters = len(row.text.strip()) if order.input_type == InputType.TEXT else counted.characters
    if characters > settings.SPEECH_MAX_CHARACTERS:
        most = settings.SPEECH_MAX_CHARACTERS
        raise refuse(f"the text has more than {most} characters.", code="string_above_max_length", member="text")
    return counted
