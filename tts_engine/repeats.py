"""Repeats, answered as they come in: that they may be, their rows and their part of the sums are one statement.

So it is a transaction of its own without BEGIN and COMMIT, and whoever repeats at the same moment
waits for the day's and the hour's row no longer than the database writes down those before.
"""

from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

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
# What holds for every repeat, what its sums are given as well, and the one thing in which alike ones differ.
_ALIKE = {
    "status": f"'{Status.DONE}'",
    "cache_hit": "true",
    **dict.fromkeys(("attempt", "queue_ms", "first_byte_ms", "synthesis_ms"), "0"),
    **dict.fromkeys(("error_code", "error_message"), "''"),
    **dict.fromkeys(("created_at", "finished_at"), "%(at)s"),
    "tenant_id": "%(tenant)s",
    "api_key_id": "%(api_key)s",
    "member_id": "%(member)s",
    "id": "r.id",
}
_GIVEN = [field.attname for field in _FIELDS if field.attname not in {*_COPIED, *_ALIKE}]
_TELLING_APART = [*_GIVEN, "tenant_id", "api_key_id", "member_id"]
_VALUES = {field.attname: f"s.{field.column}" for field in _FIELDS} | {name: f"%({name})s" for name in _GIVEN} | _ALIKE
# OFFSET keeps the planner from looking for the row by anything but its id. Without the indents it is short enough for
# psycopg to take it apart once only.
_INSERT = f"""
    WITH source AS (
        SELECT s.* FROM (SELECT * FROM tts_engine_synthesis WHERE id = %(found)s OFFSET 0) s WHERE {ANSWERS}
    ), {sums("EXISTS (SELECT FROM source)")}
    INSERT INTO tts_engine_synthesis ({", ".join(str(field.column) for field in _FIELDS)})
    SELECT {", ".join(_VALUES.values())}
    FROM source s, unnest(%(ids)s::uuid[]) AS r (id)
"""  # noqa: S608 - only names of this package are put in
INSERT = " ".join(_INSERT.split())


@dataclass(frozen=True, slots=True)
class Repeat:
    """A synthesis that has the audio of what was found, and is yet to be stored."""

    synthesis: Synthesis
    found: Found
    times_of: bytes | None
    asked: dict[str, Any]  # the synthesis as it was before

    def take_back(self) -> None:
        """As if nothing had been found."""
        store.delete(self.synthesis)
        vars(self.synthesis).update(self.asked)


Result = TypeVar("Result")
# What asks for repeats to be stored, and is told of each whether it was.
Asking = Generator[Repeat, bool, Result]


def repeat_of(synthesis: Synthesis, found: Found | None, *, billed: int = 0) -> Repeat | None:
    """`synthesis` as a repeat of what was found, `billed` characters; its `keeps_text` is set.

    None where nothing was found, or it has been deleted since: nothing is changed then.
    """
    if found is None:
        return None
    try:
        times_of = store.link(found, synthesis, times_of=found.times_of)
    except FileNotFoundError:
        return None
    asked = dict(vars(synthesis))
    synthesis.status = Status.DONE
    synthesis.cache_hit = True
    synthesis.billed_characters = billed
    synthesis.finished_at = synthesis.created_at
    synthesis.audio_ms = found.audio_ms
    synthesis.queue_ms = synthesis.synthesis_ms = synthesis.first_byte_ms = 0
    return Repeat(synthesis, found, times_of, asked)


def keep(repeats: Sequence[Repeat]) -> list[bool]:
    """Store them, those that are alike by one statement and as of one moment.

    False of what does not answer any more, which is as if nothing had been found.
    """
    facts = [_facts(repeat) for repeat in repeats]
    alike: dict[str, list[Repeat]] = defaultdict(list)
    for fact, repeat in zip(facts, repeats, strict=True):
        alike[fact].append(repeat)
    kept = {fact: _keep(each) for fact, each in alike.items()}
    return [kept[fact] for fact in facts]


def _keep(alike: Sequence[Repeat]) -> bool:
    last = alike[-1].synthesis
    for repeat in alike:
        repeat.synthesis.created_at = repeat.synthesis.finished_at = last.created_at
    with connection.cursor() as cursor:
        cursor.execute(INSERT, _parameters(alike))
        kept: bool = cursor.rowcount > 0
    for repeat in alike:
        if kept:
            repeat.synthesis.repeats = repeat.found
            repeat.synthesis._state.adding = False
        else:
            repeat.take_back()
    if kept:
        cache.remember(last, alike[-1].found, alike[-1].times_of)
    return kept


def _facts(repeat: Repeat) -> str:
    """What is the same of those that are alike: all but the id, the moment and what is copied."""
    return repr([repeat.found.id, *(getattr(repeat.synthesis, name) for name in _TELLING_APART)])


def _parameters(alike: Sequence[Repeat]) -> dict[str, Any]:
    """Fifty at most: psycopg takes a statement that is given more apart anew each time."""
    synthesis, found = alike[-1].synthesis, alike[-1].found
    row = {name: getattr(synthesis, name) for name in _GIVEN}
    row["voice_aliases"] = synthesis.voice_aliases and Jsonb(synthesis.voice_aliases)
    facts = usage.repeat_values(synthesis, len(alike))  # which have one name in the row and in the day
    own = {"ids": [repeat.synthesis.id for repeat in alike], "found": found.id, "cache_key": synthesis.cache_key}
    return row | facts | own


def kept_alone(asking: Asking[Result]) -> Result:
    """What comes of one that asks alone."""
    answer: bool | None = None
    while True:
        try:
            repeat = asking.send(answer)  # type: ignore[arg-type]  # None begins it
        except StopIteration as end:
            result: Result = end.value
            return result
        [answer] = keep([repeat])
