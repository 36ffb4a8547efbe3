"""A job's items become Syntheses, all of them in one statement: a hundred thousand in some seconds.

The team's requests wait while its account is locked, so the rows are made before they are reserved.
"""

from functools import partial
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone

from billing import services as billing
from tts_engine import labels, queue, tracing
from tts_engine.jobs.models import Job, JobItem
from tts_engine.jobs.orders import Orders, order_of
from tts_engine.models import Synthesis
from tts_engine.scripts import Written
from tts_engine.services import Caller, count, row_of, wake_worker

log = structlog.get_logger()

# What differs from item to item. The rows share the job's stretch of the queue by their characters, in their
# order; what is read out is taken to be as long as what is written until a worker has read it.
_TAG = "%(from)s + trunc(%(length)s::numeric * ({}) / %(whole)s)::bigint"
OF_ITEM = {
    "id": "i.synthesis_id",
    "text": "i.text",
    "characters": "i.characters",
    "hanzi": "i.hanzi",
    "other_characters": "i.characters - i.hanzi",
    "gbk_bytes": "i.gbk_bytes",
    "utf8_bytes": "i.utf8_bytes",
    "normalised_characters": "i.characters",
    "start_tag": _TAG.format("i.upto - i.characters"),
    "finish_tag": _TAG.format("i.upto"),
    "voice": "said.voice",
    "voice_revision": "said.voice_revision",
    "emotion": "said.emotion",
    "sample_rate": "said.sample_rate",
}
NOTHING = Written("")
INSERT = """
    WITH waiting AS (
        SELECT i.*, sum(i.characters) OVER (ORDER BY i.number) AS upto
        FROM tts_engine_jobitem i LEFT JOIN tts_engine_synthesis s ON s.id = i.synthesis_id
        WHERE i.job_id = %(job_id)s AND s.id IS NULL
    )
    INSERT INTO tts_engine_synthesis ({columns})
    SELECT {values}
    FROM waiting i
    JOIN unnest(%(asked_voices)s::text[], %(asked_emotions)s::text[], %(voices)s::text[], %(revisions)s::text[],
                %(emotions)s::text[], %(sample_rates)s::int[])
        AS said (asked_voice, asked_emotion, voice, voice_revision, emotion, sample_rate)
        ON said.asked_voice = i.voice AND said.asked_emotion = i.emotion
    ORDER BY i.number
"""

LATER = """
    UPDATE tts_engine_synthesis SET start_tag = start_tag + %(moved)s, finish_tag = finish_tag + %(moved)s
    WHERE job_id = %(job)s AND created_at = %(at)s
"""


def queue_items(job: Job) -> None:
    """Reserve every item that has no Synthesis yet, and make one each.

    Raises as `billing.reserve_job` does, and UnknownVoice or StyleError where a voice is no longer there.
    """
    waiting = JobItem.objects.filter(job=job, synthesis__status=None)
    said, rows = _rows(job, waiting)
    syntheses, sizes = zip(*waiting.order_by("number").values_list("synthesis_id", "characters"), strict=True)
    at = rows[0].created_at
    tracing.pass_on(job.id)
    reserve = partial(
        billing.reserve_job,
        tenant_id=job.tenant_id,
        job_id=job.id,
        syntheses=syntheses,
        characters=sizes,
        api_key_id=job.api_key_id,
        at=at,
    )
    trial = reserve(virtual_time=queue.virtual_time(interactive=False), trial=True)
    common = _common(rows[0]) | {"job_id": job.id, "priority": rows[0].priority + trial.priority}
    values = {
        "from": trial.start_tag,
        "length": trial.finish_tag - trial.start_tag,
        "whole": sum(sizes),
        "asked_voices": [voice for voice, _ in said],
        "asked_emotions": [emotion for _, emotion in said],
        "voices": [row.voice for row in rows],
        "revisions": [row.voice_revision for row in rows],
        "emotions": [row.emotion for row in rows],
        "sample_rates": [row.sample_rate for row in rows],
    }
    columns = OF_ITEM | {name: f"%({name})s" for name in common}
    with connection.cursor() as cursor:
        statement = INSERT.format(columns=", ".join(columns), values=", ".join(columns.values()))
        cursor.execute(statement, values | common)
        moved = reserve(virtual_time=trial.start_tag).start_tag - trial.start_tag
        if moved:  # another job of the team was started meanwhile: these follow its rows
            cursor.execute(LATER, {"moved": moved, "job": job.id, "at": at})
    transaction.on_commit(partial(_queued, job, len(sizes)))


def _queued(job: Job, rows: int) -> None:
    log.info("job_queued", job=str(job.id), rows=rows)
    wake_worker()


def _rows(job: Job, items: QuerySet[JobItem]) -> tuple[list[tuple[str, str]], list[Synthesis]]:
    """The voices and emotions that the items ask for, and a row as it would be for each of these."""
    orders = Orders(order_of(job))
    caller = Caller(tenant_id=job.tenant_id, api_key_id=job.api_key_id, member_id=job.member_id)
    said = list(items.order_by().values_list("voice", "emotion").distinct())
    nothing, policy, now = count(NOTHING), labels.policy_of(job.tenant_id), timezone.now()
    return said, [row_of(caller, orders.of(voice, emotion), nothing, job.id, policy, now) for voice, emotion in said]


def _common(row: Synthesis) -> dict[str, Any]:
    """The columns that are the same for all items, as the database takes them; what stays null is left out."""
    values = {field: getattr(row, field.attname) for field in Synthesis._meta.concrete_fields}
    return {
        field.attname: field.get_db_prep_save(value, connection)
        for field, value in values.items()
        if field.attname not in OF_ITEM and value is not None and not isinstance(value, DatabaseDefault)
    }
