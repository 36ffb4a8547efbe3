"""Sentences leave the cache: the least recently used for room, all of a tenant's when it is purged.

A look at every file is rare: Valkey sums what was stored since the last one, so there is one only when
that may be too much, or once in RECOUNT, for a worker that is killed, a purge and a flushed Valkey all
leave the sum wrong. Each look frees a tenth of the limit, so a full cache of a million files is looked
at once for 100,000 sentences stored: that is ten files a sentence (`python -m bench.eviction`). It keeps
no list: it sums the files by age, in steps of AGE_STEP, and in a second pass deletes the oldest steps.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from tts_engine import relay, sentences

log = structlog.get_logger()

AGE_STEP = 10  # seconds
ROOM = 0.1  # of the limit, made at once
RECOUNT = timedelta(hours=1)
MEASURED, STORED = "sentences:measured", "sentences:stored"  # bytes at the last look, and since
GRAVE = "removed-"  # what is being deleted lies below such a name, where no sentence is looked for


@dataclass(frozen=True, slots=True)
class Size:
    files: int
    bytes: int


def size(tenant_id: UUID) -> Size:
    """What is kept for a tenant; looks at each file."""
    sizes = [stat.st_size for _, stat in _files(sentences.folder(tenant_id))]
    return Size(len(sizes), sum(sizes))


def remove_unused(tenant_id: UUID, *, since: datetime) -> int:
    """Delete those of a tenant's sentences that were in no request since then; how many."""
    count = 0
    for path, stat in _files(sentences.folder(tenant_id)):
        if stat.st_mtime < since.timestamp():
            with suppress(FileNotFoundError):
                Path(path).unlink()
                count += 1
    return count


def remove(tenant_id: UUID, voice: str | None = None) -> int:
    """Delete a tenant's sentences, or those of one voice; how many. What is in work now is not kept."""
    own = sentences.folder(tenant_id, voice)
    count = sum(1 for path, _ in _files(own) if not path.endswith(sentences.PART))
    grave = Path(settings.SENTENCES_ROOT) / f"{GRAVE}{uuid4().hex}"
    with suppress(FileNotFoundError):
        own.rename(grave)  # gone at once, and then file by file
        shutil.rmtree(grave, ignore_errors=True)
    return count


def stored(size: int) -> None:
    """So many bytes were added. Where Valkey is away the next look at all files finds them."""
    if not size:
        return
    try:
        relay.writer().incrby(STORED, size)
    except RedisError as error:
        log.warning("stored_not_counted", bytes=size, error=str(error))


def evict() -> int:
    """Delete the least recently used if there may be more than SENTENCE_CACHE_BYTES; the bytes deleted."""
    root = Path(settings.SENTENCES_ROOT)
    for grave in root.glob(f"{GRAVE}*"):  # of a process that was killed
        shutil.rmtree(grave, ignore_errors=True)
    valkey = relay.writer()
    measured, added = valkey.mget(MEASURED, STORED)
    if measured is not None and int(measured) + int(added or 0) <= settings.SENTENCE_CACHE_BYTES:
        return 0
    valkey.delete(STORED)  # first: what is stored from now on may be counted twice, never not at all
    by_age: Counter[int] = Counter()
    for _, stat in _files(root):
        by_age[_age(stat)] += stat.st_size
    total = sum(by_age.values())
    freed = _delete_oldest(root, by_age, total) if total > settings.SENTENCE_CACHE_BYTES else 0
    valkey.set(MEASURED, total - freed, ex=RECOUNT)
    if freed:
        log.info("sentences_evicted", freed=freed, left=total - freed)
    return freed


def _delete_oldest(root: Path, by_age: Counter[int], total: int) -> int:
    left = total
    newest_to_go = 0
    for age in sorted(by_age):
        if left <= settings.SENTENCE_CACHE_BYTES * (1 - ROOM):
            break
        newest_to_go = age
        left -= by_age[age]
    freed = 0
    for path, stat in _files(root):
        if _age(stat) <= newest_to_go:  # not those that were heard meanwhile
            with suppress(FileNotFoundError):
                Path(path).unlink()
                freed += stat.st_size
    return freed


def _age(stat: os.stat_result) -> int:
    """The step of time in which it was used last; the lower, the longer ago."""
    return int(stat.st_mtime) // AGE_STEP


def _files(folder: str | Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below a folder; what disappears meanwhile is left out."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                with suppress(FileNotFoundError):
                    yield entry.path, entry.stat(follow_symlinks=False)
