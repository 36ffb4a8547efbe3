"""A repeat, answered as it comes in: that it may be, its row and its part of the tenant's sums are one statement.

So it is a transaction of its own without BEGIN and COMMIT, and whoever repeats at the same moment
waits for the day's and the hour's row no longer than the database writes down the one before.
"""

from typing import Any

from django.db import connection
from django.db.models import NOT_PROVIDED
from psycopg.types.json import Jsonb

from billing.usage.services import sums
from tts_engine import cache, store, usage
from tts_engine.cache import ANSWERS, DECIDING, Found
from tts_engine.models import Status, Synthesis

# What decides the answer's bytes is alike in the row that was found, and copied from there. What stays null, or has a
# default that holds for a repeat, is left to the database.
_COPIED = {*DECIDING, "cache_key", "master_sha256", "answer_sha256"}
_OWN = {"created_at", "input_type"}
_NULL = {"job_id", "start_tag", "finish_tag", "deadline", "lease_expires_at", "started_at", "deleted_at"}
_FIELDS = [
    field
    for field in Synthesis._meta.concrete_fields
    if field.attname in _OWN or (field.db_default is NOT_PROVIDED and field.attname not in _NULL)
]
# What holds for every repeat, and what its sums are given as well.
_ALIKE = {
    "status": f"'{Status.DONE}'",
    "cache_hit": "true",
    **dict.fromkeys(("attempt", "queue_ms", "first_byte_ms", "synthesis_ms"), "0"),
    **dict.fromkeys(("error_code", "error_message"), "''"),
    **dict.fromkeys(("created_at", "finished_at"), "%(at)s"),
    "tenant_id": "%(tenant)s",
    "api_key_id": "%(api_key)s",
    "member_id": "%(member)s",
}
_GIVEN = [field.attname for field in _FIELDS if field.attname not in {*_COPIED, *_ALIKE}]
_VALUES = {field.attname: f"s.{field.column}" for field in _FIELDS} | {name: f"%({name})s" for name in _GIVEN} | _ALIKE
# OFFSET keeps the planner from looking for the row by anything but its id. Without the indents it is short enough for
# psycopg to take it apart once only.
_INSERT = f"""
    WITH source AS (
        SELECT s.* FROM (SELECT * FROM tts_engine_synthesis WHERE id = %(found)s OFFSET 0) s WHERE {ANSWERS}
    ), {sums("EXISTS (SELECT FROM source)")}
    INSERT INTO tts_engine_synthesis ({", ".join(str(field.column) for field in _FIELDS)})
    SELECT {", ".join(_VALUES.values())}
    FROM source s
"""  # noqa: S608 - only names of this package are put in
INSERT = " ".join(_INSERT.split())


def answer(synthesis: Synthesis, found: Found | None, *, billed: int = 0) -> bool:
    """Store `synthesis` as done, with the audio that was found, `billed` characters; `keeps_text` is set.

    False where nothing was found, or it does not answer any more: nothing is stored or changed then.
    """
    if found is None:
        return False
    try:
        store.link(found, synthesis)
    except FileNotFoundError:
        return False
    asked = dict(vars(synthesis))
    synthesis.status = Status.DONE
    synthesis.cache_hit = True
    synthesis.billed_characters = billed
    synthesis.finished_at = synthesis.created_at
    synthesis.audio_ms = found.audio_ms
    synthesis.queue_ms = synthesis.synthesis_ms = synthesis.first_byte_ms = 0
    with connection.cursor() as cursor:
        cursor.execute(INSERT, _parameters(synthesis, found))
        stored: bool = cursor.rowcount == 1
    if stored:
        cache.remember(synthesis)
    else:
        store.delete(synthesis)
        vars(synthesis).update(asked)
    synthesis._state.adding = not stored
    return stored


def _parameters(synthesis: Synthesis, found: Found) -> dict[str, Any]:
    """Fifty at most: psycopg takes a statement that is given more apart anew each time."""
    row = {name: getattr(synthesis, name) for name in _GIVEN}
    row["voice_aliases"] = synthesis.voice_aliases and Jsonb(synthesis.voice_aliases)
    facts = usage.repeat_values(synthesis)  # which have one name in the row and in the day
    return row | facts | {"found": found.id, "cache_key": synthesis.cache_key}
