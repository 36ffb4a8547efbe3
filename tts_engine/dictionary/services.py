"""What changes a team's dictionary. Every change that changes something makes a version and is in the audit trail."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import Tenant
from tts_engine.dictionary import selectors
from tts_engine.dictionary.models import DictionaryEntry, DictionaryVersion
from tts_engine.errors import DictionaryFull
from tts_engine.speech.errors import EntryError
from tts_engine.speech.text.dictionary import Entry, Kind, make_entry

Said = tuple[str, str]  # kind and value


def entry_make(word: str, kind: Kind, value: str) -> Entry:
    """An entry that the dictionary may hold. Raises EntryError."""
    entry = make_entry(word, kind, value)
    for param, given, longest in (
        ("word", entry.word, settings.DICTIONARY_WORD_CHARACTERS),
        (kind.value, entry.value, settings.DICTIONARY_VALUE_CHARACTERS),
    ):
        if len(given) > longest:
            message = "{param} has {length} characters, and at most {longest} are allowed: shorten it."
            raise EntryError(message, param=param, reason="too_long", length=len(given), longest=longest)
    return entry


@transaction.atomic
def entry_put(*, tenant_id: UUID, entry: Entry, actor: str) -> DictionaryVersion | None:
    """Add the word, or say it in another way from now on; None if it is said so already. Raises DictionaryFull."""
    return _change(_locked(tenant_id), "put", actor, {entry.word: (entry.kind.value, entry.value)})


@transaction.atomic
def entry_delete(*, tenant_id: UUID, word: str, actor: str) -> DictionaryVersion | None:
    """Raises DictionaryEntryNotFound."""
    tenant = _locked(tenant_id)
    entry = selectors.entry(tenant_id, word)
    return _change(tenant, "delete", actor, {entry.word: None})


@transaction.atomic
def entries_import(
    *, tenant_id: UUID, entries: Collection[Entry], replace: bool, actor: str
) -> DictionaryVersion | None:
    """Put all of them at once; with `replace` what is not among them goes. None if nothing changes.

    Raises DictionaryFull; nothing is changed then.
    """
    tenant = _locked(tenant_id)
    wanted: dict[str, Said | None] = {entry.word: (entry.kind.value, entry.value) for entry in entries}
    if replace:
        wanted = dict.fromkeys(selectors.entries(tenant_id).values_list("word", flat=True)) | wanted
    return _change(tenant, "import", actor, wanted)


@transaction.atomic
def version_restore(*, tenant_id: UUID, number: int, actor: str) -> DictionaryVersion | None:
    """Make the dictionary what it was in an earlier version, as a new one; None if it is so already.

    Raises DictionaryVersionNotFound.
    """
    tenant = _locked(tenant_id)
    selectors.version(tenant_id, number)
    wanted: dict[str, Said | None] = dict.fromkeys(selectors.entries(tenant_id).values_list("word", flat=True))
    wanted |= _said(selectors.entries(tenant_id, number).values_list("word", "kind", "value"))
    return _change(tenant, "restore", actor, wanted, restored=number)


def _locked(tenant_id: UUID) -> Tenant:
    """One change after the other, for versions are counted."""
    return Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)


def _said(rows: Iterable[tuple[str, str, str]]) -> dict[str, Said]:
    return {word: (kind, value) for word, kind, value in rows}


def _change(
    tenant: Tenant, action: str, actor: str, wanted: Mapping[str, Said | None], **details: int
) -> DictionaryVersion | None:
    """Have each of the words said as is wanted, or no longer; None where all are said so already."""
    now = _said(selectors.entries(tenant.id).filter(word__in=wanted).values_list("word", "kind", "value"))
    ended = [word for word in wanted if word in now and now[word] != wanted[word]]
    begun = [(word, said) for word, said in wanted.items() if said is not None and now.get(word) != said]
    if not ended and not begun:
        return None
    before = selectors.current_number(tenant.id)
    size = selectors.entries(tenant.id).count() - len(ended) + len(begun)
    changed = sum(1 for word, _ in begun if word in now)
    added, removed = len(begun) - changed, len(ended) - changed
    if added and size > settings.DICTIONARY_ENTRIES:
        raise DictionaryFull(
            f"The dictionary would have {size} entries, and at most {settings.DICTIONARY_ENTRIES} are allowed: "
            "delete those that are no longer needed."
        )
    number = before + 1
    selectors.entries(tenant.id).filter(word__in=ended).update(until=number)
    DictionaryEntry.objects.bulk_create(
        DictionaryEntry(tenant=tenant, word=word, kind=kind, value=value, since=number) for word, (kind, value) in begun
    )
    version = DictionaryVersion.objects.create(
        tenant=tenant, number=number, actor=actor, action=action,
        added=added, changed=changed, removed=removed, entries=size,
    )  # fmt: skip
    _forget_oldest(tenant, number)
    counts = {"added": added, "changed": changed, "removed": removed}
    words = {"word": next(iter(wanted))} if len(wanted) == 1 else {}
    audit.record(
        action=f"dictionary.{action}", actor=actor, tenant=tenant,
        details={"version": number, **counts, **words, **details},
    )  # fmt: skip
    version.refresh_from_db(fields=["created_at"])
    return version


def _forget_oldest(tenant: Tenant, newest: int) -> None:
    """Keep the newest `DICTIONARY_VERSIONS`, and the entries that hold in one of them."""
    oldest = newest - settings.DICTIONARY_VERSIONS + 1
    DictionaryVersion.objects.filter(tenant=tenant, number__lt=oldest).delete()
    DictionaryEntry.objects.filter(tenant=tenant, until__lte=oldest).delete()
