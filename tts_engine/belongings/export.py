"""All that a tenant has, as one ZIP that is written as it is read. Its layout is in docs/storage.md.

Rows come as they are in the database, a JSON object a line, but for secrets: digests of keys and tokens,
secrets that sign, credentials of destinations. A file of rows is made on disk before it goes in, of
ROWS_A_FILE at most, so that neither memory nor disk grows with the number of rows.
"""

import json
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Model
from django.utils import timezone

from accounts.models import Tenant, User
from billing.models import DailyUsage
from billing.usage.selectors import statement
from tts_engine import store
from tts_engine.belongings.tables import Table, tables
from tts_engine.dictionary.selectors import entries
from tts_engine.dictionary.table import write_table
from tts_engine.errors import TimesNotKept
from tts_engine.models import Status, Synthesis
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.subtitles import Level
from tts_engine.speech.text.dictionary import Entry, Kind
from tts_engine.subtitles import subtitles
from tts_engine.zipped import Entry as Member
from tts_engine.zipped import zipped

FORMAT = 1
ROWS_A_FILE = 100_000
ROWS_AT_ONCE = 2000
# What opens or signs something: no export may become a key.
SECRET_FIELDS = frozenset(
    {"digest", "previous_digest", "secret", "previous_secret", "secret_access_key", "access_key_id", "headers"}
)


def export(tenant: Tenant) -> Generator[bytes, None, None]:
    """The bytes of the archive. What is added or deleted while it is written may be in it or not."""
    with tempfile.TemporaryDirectory(prefix="voxhouse-export-") as folder:
        yield from zipped(_Export(tenant, Path(folder)).entries())


class _Export:
    def __init__(self, tenant: Tenant, folder: Path) -> None:
        self._tenant = tenant
        self._file = folder / "entry"  # one at a time: it is read before the next is asked for
        self._counts: dict[str, int] = {}

    def entries(self) -> Iterator[Member]:
        yield self._entry("tenant.json", _json(_shape(self._tenant)))
        yield from self._people()
        for table in tables():
            yield from self._rows(table)
        yield self._entry("dictionary.csv", _dictionary(self._tenant))
        yield from self._statements()
        yield from self._audio()
        manifest = {"format": FORMAT, "tenant": self._tenant.name, "made_at": timezone.now(), "counts": self._counts}
        yield self._entry("manifest.json", _json(manifest))

    def _entry(self, name: str, text: str) -> Member:
        self._file.write_text(text)
        return Member(name, self._file, timezone.now())

    def _people(self) -> Iterator[Member]:
        found = User.objects.filter(memberships__tenant=self._tenant).order_by("id")
        told = found.values("id", "username", "email", "first_name", "last_name", "date_joined", "last_login")
        self._counts["people"] = len(lines := [_json(row) for row in told])
        yield self._entry("people.jsonl", "".join(f"{line}\n" for line in lines))

    def _rows(self, table: Table) -> Iterator[Member]:
        rows = table.rows([self._tenant.id]).order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)
        count = 0
        part = 0
        left = True
        while left:
            written = 0
            with self._file.open("w") as file:
                for row in rows:
                    file.write(f"{_json(_shape(row))}\n")
                    written += 1
                    if written == ROWS_A_FILE:
                        break
            left = written == ROWS_A_FILE
            count, part = count + written, part + 1
            if written:
                yield Member(f"rows/{table.name}-{part:04}.jsonl", self._file, timezone.now())
        self._counts[table.name] = count

    def _statements(self) -> Iterator[Member]:
        days = DailyUsage.objects.filter(tenant=self._tenant)
        for month in days.dates("day", "month"):
            yield self._entry(f"statements/{month:%Y-%m}.json", _json(_statement(self._tenant, month)))

    def _audio(self) -> Iterator[Member]:
        spoken = Synthesis.objects.filter(tenant=self._tenant, status=Status.DONE, deleted_at=None).order_by("id")
        count = 0
        for synthesis in spoken.iterator(chunk_size=ROWS_AT_ONCE):
            if not store.is_kept(synthesis):
                continue
            count += 1
            extension = FORMATS[synthesis.audio_format].extension
            moment = synthesis.finished_at or timezone.now()
            yield Member(f"audio/{synthesis.id}{extension}", store.answer_file(synthesis), moment)
            try:
                shown = "".join(subtitles(synthesis, "srt", level=Level.SENTENCE))
            except TimesNotKept:
                continue
            yield self._entry(f"audio/{synthesis.id}.srt", shown)
        self._counts["audio"] = count


def _shape(row: Model) -> dict[str, Any]:
    fields = (field for field in row._meta.concrete_fields if field.name not in SECRET_FIELDS)
    return {field.attname: _value(row, field.attname, field) for field in fields}


def _value(row: Model, name: str, field: Any) -> Any:
    value = getattr(row, name)
    return bytes(value).hex() if isinstance(field, BinaryField) and value is not None else value


def _dictionary(tenant: Tenant) -> str:
    """As it is exported from the console, and can be imported there."""
    return write_table(Entry(row.word, Kind(row.kind), row.value) for row in entries(tenant.id))


def _statement(tenant: Tenant, month: date) -> dict[str, Any]:
    found = statement(tenant.id, month)
    return {"month": month, "total": asdict(found.total), "lines": [asdict(line) for line in found.lines]}


def _json(shape: Any) -> str:
    return json.dumps(shape, ensure_ascii=False, cls=DjangoJSONEncoder)
