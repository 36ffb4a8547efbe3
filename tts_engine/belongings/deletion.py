"""Deleting a tenant with all it has, and proving it: counted before, looked for afterwards. See docs/decisions/0017.

First it is closed, then its rows go in one transaction, then what lies outside the database. Where that
is interrupted after the rows, the nightly sweep removes the files, as it does all that no row names; where
it is before, the command is run again.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit
from accounts.models import ApiKey, Tenant, User
from accounts.services import OPERATOR
from billing.closing.services import books_close, require_nothing_open
from billing.models import Account, ClosedMonth
from tts_engine import eviction, relay, store
from tts_engine.belongings.people import people, sessions
from tts_engine.belongings.tables import tables
from tts_engine.models import Synthesis

SALT = "tts_engine.belongings.deletion"
KEYS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """What was there and what is left; `signature` is over the text of the rest, under SECRET_KEY."""

    content: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.content, ensure_ascii=False, sort_keys=True)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def signature(self) -> str:
        return salted_hmac(SALT, self.text, algorithm="sha256").hexdigest()

    @property
    def left(self) -> int:
        """How many things were found afterwards; 0 proves the deletion."""
        return sum(self.content["after"].values())


@dataclass(frozen=True, slots=True)
class _Traces:
    """By what its things are known once its rows are gone."""

    tenant: Tenant
    keys: frozenset[str]  # ids of its API keys
    people: tuple[int, ...]
    sessions: tuple[str, ...]
    streams: tuple[bytes, ...]  # names in Valkey that have a synthesis of its in them


def tenant_delete(tenant: Tenant, *, actor: str = OPERATOR) -> Report:
    """For good. Raises OpenRequests while it has requests that have not ended; then nothing is changed."""
    _close(tenant, actor)
    traces = _traces(tenant)
    before = _count(traces)
    with transaction.atomic():
        books = _delete_rows(traces)
    _delete_the_rest(traces)
    report = Report(
        {
            "tenant": {"id": str(tenant.id), "name": tenant.name, "created_at": tenant.created_at.isoformat()},
            "deleted_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "actor": actor,
            "before": before,
            "after": _count(traces) | {"rows that name it": _rows_that_name(tenant.id)},
            "kept": {"books": str(books), "months": ClosedMonth.objects.filter(books=books).count()},
        }
    )
    details = {"report_sha256": report.sha256, "signature": report.signature, "left": report.left}
    audit.record(action="tenant.delete", actor=actor, details=details)
    return report


@transaction.atomic
def _close(tenant: Tenant, actor: str) -> None:
    """Nothing of it works from now on: no key, no reservation."""
    require_nothing_open(tenant)
    now = timezone.now()
    Tenant.objects.filter(id=tenant.id, closed_at=None).update(closed_at=now)
    Account.objects.filter(tenant=tenant).update(suspended_at=now)
    ApiKey.objects.filter(tenant=tenant, revoked_at=None).update(revoked_at=now)
    audit.record(action="tenant.close", actor=actor, tenant=tenant)


def _traces(tenant: Tenant) -> _Traces:
    gone = tuple(people(tenant).values_list("id", flat=True))
    return _Traces(
        tenant=tenant,
        keys=frozenset(str(key) for key in ApiKey.objects.filter(tenant=tenant).values_list("id", flat=True)),
        people=gone,
        sessions=tuple(sessions(gone)),
        streams=tuple(_streams(tenant)),
    )


def _streams(tenant: Tenant) -> Iterator[bytes]:
    """Audio on its way: some names at a time, for the rows say whose they are."""
    names = [name for name in relay.writer().scan_iter(count=KEYS_AT_ONCE) if _synthesis_in(name)]
    for start in range(0, len(names), KEYS_AT_ONCE):
        some = {synthesis: name for name in names[start : start + KEYS_AT_ONCE] if (synthesis := _synthesis_in(name))}
        own = Synthesis.objects.filter(tenant=tenant, id__in=list(some)).values_list("id", flat=True)
        yield from (some[synthesis] for synthesis in own)


def _synthesis_in(name: bytes) -> UUID | None:
    try:
        return UUID(name.decode().rpartition(":")[2])
    except ValueError:
        return None


def _count(traces: _Traces) -> dict[str, int]:
    files = list(_sizes(traces))
    sentences = eviction.size(traces.tenant.id)
    return {
        **{table.name: table.rows([traces.tenant.id]).count() for table in tables()},
        "accounts.tenant": Tenant.objects.filter(id=traces.tenant.id).count(),
        "people": User.objects.filter(id__in=traces.people).count(),
        "sessions": len(sessions(traces.people)),
        "files of audio": len(files),
        "bytes of audio": sum(files),
        "sentences": sentences.files,
        "names in Valkey": len(_names_in_valkey(traces)),
    }


def _sizes(traces: _Traces) -> Iterator[int]:
    return (file.size for file in store.shelf().listed(traces.tenant.id))


def _names_in_valkey(traces: _Traces) -> list[bytes]:
    """Those with the id of the tenant, of a key of its or of a synthesis of its."""
    ids = [str(traces.tenant.id), *traces.keys]
    named = [name for name in relay.writer().scan_iter(count=KEYS_AT_ONCE) if any(id_ in name.decode() for id_ in ids)]
    return [*named, *(name for name in traces.streams if relay.writer().exists(name))]


def _delete_rows(traces: _Traces) -> UUID:
    """All of them, but for the sums of its months, under the number that is returned."""
    books = books_close(traces.tenant)
    for table in tables():
        rows = table.rows([traces.tenant.id])
        rows._raw_delete(rows.db)
    User.objects.filter(id__in=traces.people).delete()
    _forget_sessions(traces.sessions)
    User.objects.filter(team=traces.tenant).update(team=None)
    Tenant.objects.filter(id=traces.tenant.id)._raw_delete(connection.alias)
    return books


def _forget_sessions(keys: tuple[str, ...]) -> None:
    from django.contrib.sessions.models import Session

    Session.objects.filter(session_key__in=keys).delete()


def _delete_the_rest(traces: _Traces) -> None:
    store.shelf().delete_tenant(traces.tenant.id)
    eviction.remove(traces.tenant.id)
    if names := _names_in_valkey(traces):
        relay.writer().delete(*names)


def _rows_that_name(tenant_id: UUID) -> int:
    """Of all tables of the database, whatever column it may be in."""
    found = 0
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT count(*) FROM {name} t WHERE t::text LIKE %s", [f"%{tenant_id}%"])  # noqa: S608
            found += cursor.fetchone()[0]
    return found


def is_signed(report: dict[str, Any], signature: str) -> bool:
    """Whether this platform, with its SECRET_KEY of then or of before, has signed it."""
    text = Report(report).text
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(salted_hmac(SALT, text, secret=one, algorithm="sha256").hexdigest() == signature for one in secrets)
