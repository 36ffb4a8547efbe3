"""What holds for a tenant's next request, asked in one statement: each request needs all of it."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey
from accounts.selectors import KEY_BY_DIGEST, KEY_COLUMNS
from billing.selectors import STANDING, Standing, account_row
from tts_engine.dictionary.selectors import NEWEST
from tts_engine.labels import POLICY, policy_read
from tts_engine.models import LabelPolicy
from tts_engine.retention.selectors import KEEPS_TEXTS

TERMS = f"""
    SELECT standing.*, policy.*, ({NEWEST}), {KEEPS_TEXTS}
    FROM ({STANDING}) standing LEFT JOIN ({POLICY}) policy ON true
"""  # noqa: S608 - only constants of this project are put in

_OF_CALLER = TERMS.replace("%(tenant)s", "caller.tenant_id").replace("%(api_key)s", "caller.id")
KEY_AND_TERMS = f"SELECT * FROM ({KEY_BY_DIGEST}) caller LEFT JOIN LATERAL ({_OF_CALLER}) terms ON true"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Terms:
    standing: Standing
    label: LabelPolicy
    dictionary: int  # its newest version; 0 of a team that never had an entry
    keeps_texts: bool

    @classmethod
    def read(cls, tenant_id: UUID, row: tuple[Any, ...]) -> Self:
        """From the columns of TERMS."""
        default, may_omit, version, keeps_texts = row[-4:]
        return cls(Standing.read(row[:-4]), policy_read(tenant_id, default, may_omit), version or 0, keeps_texts)


def terms(tenant_id: UUID, api_key_id: UUID | None = None) -> Terms:
    """As they are now. Raises UnknownAccount."""
    return Terms.read(tenant_id, account_row(tenant_id, TERMS, api_key=api_key_id, at=timezone.now()))


class KeyLookup:
    """Finds a key by its digests and, in the same statement, the terms of its tenant; for requests of one key once."""

    terms: Terms | None = None  # None until a key was found whose tenant has an account

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], ApiKey | None] = {}

    def find(self, digests: list[str]) -> ApiKey | None:
        asked = tuple(digests)
        if asked not in self._found:
            self._found[asked] = self._ask(digests)
        return self._found[asked]

    def _ask(self, digests: list[str]) -> ApiKey | None:
        with connection.cursor() as cursor:
            cursor.execute(KEY_AND_TERMS, {"digests": digests, "at": timezone.now()})
            row = cursor.fetchone()
        if row is None:
            return None
        columns, standing = row[: len(KEY_COLUMNS)], row[len(KEY_COLUMNS) :]
        key = ApiKey.from_db(None, KEY_COLUMNS, columns)
        if any(each is not None for each in standing):
            self.terms = Terms.read(key.tenant_id, standing)
        return key
