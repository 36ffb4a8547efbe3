"""Is what is stored what was made? Files without a row, rows without files, and files that have changed.

The listing of the files and the rows come in the same order, by tenant and id, so they are compared as two
streams: neither is ever held. What is being written meanwhile is left alone: files younger than
ORPHANS_AFTER, drafts of rows in work, and before anything is deleted its row is looked at once more.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from heapq import merge
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Tenant
from tts_engine import eviction, store
from tts_engine.models import OPEN, Status, Synthesis
from tts_engine.shelves.shelf import Listed, is_id

log = structlog.get_logger()

ROWS_AT_ONCE = 2000


class Fault(StrEnum):
    ORPHAN = "orphan"  # files that belong to no result: of a worker that was killed, of a row that is gone
    MISSING = "missing"  # a result without its files
    CHANGED = "changed"  # a result whose files are not those that were made


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    tenant: str  # its id
    synthesis: str  # its id; "" of a draft
    files: tuple[Listed, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where files lie, or where a row says that they lie."""

    tenant: str
    synthesis: str
    files: tuple[Listed, ...] = ()
    row: Synthesis | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.tenant, self.synthesis


def check(tenant_id: UUID | None = None, *, contents: bool = False) -> Iterator[Finding]:
    """All that is wrong, of every tenant or of one; `contents` reads every file and compares its SHA-256."""
    before = timezone.now() - settings.ORPHANS_AFTER
    places = merge(_places_of_files(tenant_id), _places_of_rows(tenant_id), key=attrgetter("key"))
    for (tenant, synthesis), found in groupby(places, key=attrgetter("key")):
        same = list(found)
        files = tuple(file for place in same for file in place.files)
        row = next((place.row for place in same if place.row), None)
        if stray := _strays(files, row, before):
            yield Finding(Fault.ORPHAN, tenant, synthesis, stray)
        if row is not None and _is_result(row) and (fault := _fault(row, files, before, contents=contents)):
            yield Finding(fault, tenant, synthesis)


def _places_of_files(tenant_id: UUID | None) -> Iterator[_Place]:
    """One for each synthesis, of all its attempts."""
    for (tenant, synthesis), files in groupby(store.shelf().listed(tenant_id), key=_owner):
        if synthesis:
            yield _Place(tenant, synthesis, tuple(files))


def _owner(file: Listed) -> tuple[str, str]:
    """Tenant and synthesis of `<tenant>/<two>/<id>/...`; of what lies anywhere else nobody, and it is left alone."""
    tenant, _, rest = file.name.partition("/")
    two, _, rest = rest.partition("/")
    synthesis, _, rest = rest.partition("/")
    is_ours = rest and synthesis.startswith(two) and is_id(tenant) and is_id(synthesis)
    return (tenant, synthesis) if is_ours else ("", "")


def _rows(tenant_id: UUID | None) -> QuerySet[Synthesis]:
    rows = Synthesis.objects.only(
        "id", "tenant_id", "attempt", "status", "deleted_at", "finished_at", "audio_format", "keeps_text",
        "master_sha256", "answer_sha256",
    )  # fmt: skip
    return rows.filter(tenant_id=tenant_id) if tenant_id else rows


def _places_of_rows(tenant_id: UUID | None) -> Iterator[_Place]:
    for row in _rows(tenant_id).order_by("tenant_id", "id").iterator(chunk_size=ROWS_AT_ONCE):
        yield _Place(str(row.tenant_id), str(row.id), row=row)


def _is_result(row: Synthesis) -> bool:
    return row.status == Status.DONE and row.deleted_at is None


def _strays(files: Iterable[Listed], row: Synthesis | None, before: datetime) -> tuple[Listed, ...]:
    """What the row does not name, and is old enough for its row to be there if it had one."""
    if row is not None and row.status in OPEN and row.deleted_at is None:
        return ()
    named = _named(row) if row is not None and _is_result(row) else frozenset()
    return tuple(file for file in files if file.modified < before and not _is_named(file, named, row))


def _named(row: Synthesis) -> frozenset[str]:
    return frozenset((store.MASTER, store.answer_name(row), *([store.TIMES] if row.keeps_text else [])))


def _is_named(file: Listed, named: frozenset[str], row: Synthesis | None) -> bool:
    folder, _, name = file.name.rpartition("/")
    if row is None or not named or folder != store.shelf().folder(row):
        return False
    return name in named or name.startswith(store.OTHER_FORMAT)


def _fault(row: Synthesis, files: Iterable[Listed], before: datetime, *, contents: bool) -> Fault | None:
    folder = store.shelf().folder(row)
    if not {f"{folder}/{name}" for name in (store.MASTER, store.answer_name(row))} <= {file.name for file in files}:
        recent = row.finished_at is None or row.finished_at > before  # it may have come after its folder was listed
        return None if recent or not _is_missing_still(row) else Fault.MISSING
    if not contents or row.answer_sha256 is None:
        return None
    try:
        found = store.sums(row)
    except FileNotFoundError:
        return Fault.MISSING if _is_missing_still(row) else None
    made = store.Sums(bytes(row.master_sha256 or b""), bytes(row.answer_sha256))
    return None if found == made else Fault.CHANGED


def _is_missing_still(row: Synthesis) -> bool:
    """It was not deleted meanwhile."""
    return _rows(row.tenant_id).filter(id=row.id, deleted_at=None).exists()


def sweep(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Delete the orphans among them, whose rows are looked at once more; all are passed on."""
    before = timezone.now() - settings.ORPHANS_AFTER
    for finding in findings:
        if finding.fault == Fault.ORPHAN:
            row = _rows(None).filter(id=finding.synthesis).first()
            for file in _strays(finding.files, row, before):
                store.shelf().delete(file.name)
            log.info("orphan_removed", tenant=finding.tenant, synthesis=finding.synthesis, bytes=finding.bytes)
        yield finding


def sweep_sentences() -> int:
    """Delete the cached sentences of tenants that are no more, on this machine's disk; how many."""
    folders = [each.name for each in Path(settings.SENTENCES_ROOT).glob("*") if is_id(each.name)]
    known = {str(tenant) for tenant in Tenant.objects.filter(id__in=folders).values_list("id", flat=True)}
    return sum(eviction.remove(UUID(tenant)) for tenant in folders if tenant not in known)


def sweep_drafts() -> int:
    """Delete drafts that nobody writes any more, on this machine's disk; how many."""
    before = timezone.now() - settings.ORPHANS_AFTER
    drafts = Path(settings.AUDIO_ROOT, store.DRAFTS)
    running = {f"{row.id}-{row.attempt}" for row in _rows(None).filter(status=Status.RUNNING)}
    old = [each for each in drafts.glob("*") if each.name not in running and _newest(each) < before]
    for draft in old:
        shutil.rmtree(draft, ignore_errors=True) if draft.is_dir() else draft.unlink(missing_ok=True)
    return len(old)


def _newest(draft: Path) -> datetime:
    """When it, or a file in it, was last written; now if it went away just now."""
    try:
        return datetime.fromtimestamp(max(each.stat().st_mtime for each in (draft, *draft.glob("*"))), UTC)
    except FileNotFoundError:
        return timezone.now()
