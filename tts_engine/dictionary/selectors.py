"""A team's dictionary as it is and as it was; there is no way in but through the tenant."""

from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from tts_engine.dictionary.models import DictionaryEntry, DictionaryVersion
from tts_engine.errors import DictionaryEntryNotFound, DictionaryTextTooLong, DictionaryVersionNotFound
from tts_engine.scripts import Written
from tts_engine.speech.text import Script
from tts_engine.speech.text.dictionary import NO_ENTRIES, Dictionary, Entry, Kind

LOADED = 32  # versions stay in a process; one of 10,000 short entries takes some 2 MB
NEWEST = "SELECT number FROM tts_engine_dictionaryversion WHERE tenant_id = %(tenant)s ORDER BY number DESC LIMIT 1"


def versions(tenant_id: UUID) -> QuerySet[DictionaryVersion]:
    """Those that are kept, the newest first."""
    return DictionaryVersion.objects.filter(tenant_id=tenant_id).order_by("-number")


def version(tenant_id: UUID, number: int) -> DictionaryVersion:
    found = versions(tenant_id).filter(number=number).first() if number < 2**31 else None
    if found is None:
        raise DictionaryVersionNotFound(
            f"The dictionary has no version {number}; its newest {settings.DICTIONARY_VERSIONS} are kept."
        )
    return found


def current_number(tenant_id: UUID) -> int:
    """0 of a team that never had an entry."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"tenant": tenant_id})
        row = cursor.fetchone()
    return row[0] if row else 0


def entries(tenant_id: UUID, number: int | None = None) -> QuerySet[DictionaryEntry]:
    """Of the version of that number, of the newest by default; those that were changed last first."""
    rows = DictionaryEntry.objects.filter(tenant_id=tenant_id).order_by("-id")
    if number is None:
        return rows.filter(until__isnull=True)
    return rows.filter(Q(until__isnull=True) | Q(until__gt=number), since__lte=number)


def containing(rows: QuerySet[DictionaryEntry], part: str) -> QuerySet[DictionaryEntry]:
    """Those whose word or value has this part, small letters or capitals."""
    if "\x00" in part:  # which no text of PostgreSQL's holds
        return rows.none()
    return rows.filter(Q(word__icontains=part) | Q(value__icontains=part))


def entry(tenant_id: UUID, word: str) -> DictionaryEntry:
    found = entries(tenant_id).filter(word=word).first() if "\x00" not in word else None
    if found is None:
        raise DictionaryEntryNotFound(f"The dictionary has no entry '{word}'.")
    return found


def dictionary(tenant_id: UUID, number: int) -> Dictionary:
    """A version of that number, ready to be looked into; 0 is an empty one."""
    return _loaded(tenant_id, number) if number else NO_ENTRIES


def current(tenant_id: UUID) -> Dictionary:
    """As it is at this moment, ready to be looked into; where nothing has changed, one short question."""
    return dictionary(tenant_id, current_number(tenant_id))


def as_read_now(tenant_id: UUID, written: Written) -> Written:
    """The text with the entries that occur in it at this moment. Raises as `as_read_with`."""
    return as_read_with(current(tenant_id), written)


def as_read_with(now: Dictionary, written: Written) -> Written:
    """The text with the entries that occur in it; most have none.

    Raises ScriptError, and DictionaryTextTooLong where what is said in place of words is too much.
    """
    if not now:
        return written
    script = written.script()
    found = replace(written, dictionary=now.found_in(script))
    if found.dictionary:
        _refuse_growth(script, found.script())
    return found


def _refuse_growth(before: Script, after: Script) -> None:
    """A word of one character may say a thousand, and a text has many: raises DictionaryTextTooLong."""
    longest, most = settings.DICTIONARY_SPOKEN_CHARACTERS, settings.SCRIPT_MOST_SILENCE.total_seconds()
    if after.length > max(longest, before.length) or after.silence > max(most, before.silence):
        raise DictionaryTextTooLong(
            f"Your team's dictionary makes this text {after.length} characters long, with {after.silence:g} s of "
            f"pauses, and at most {longest} characters and {most:g} s may be spoken: split it."
        )


@lru_cache(maxsize=LOADED)
def _loaded(tenant_id: UUID, number: int) -> Dictionary:
    """A version never changes, so what was loaded once is right."""
    rows = entries(tenant_id, number).values_list("word", "kind", "value")
    return Dictionary(Entry(word, Kind(kind), value) for word, kind, value in rows)
