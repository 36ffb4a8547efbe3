"""What holds for a tenant's next request, asked in one statement: each request needs all of it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from billing.errors import UnknownAccount
from billing.selectors import STANDING, Standing
from tts_engine.dictionary.selectors import NEWEST
from tts_engine.labels import POLICY, policy_read
from tts_engine.models import LabelPolicy

TERMS = f"""
    SELECT standing.*, policy.*, ({NEWEST})
    FROM ({STANDING}) standing LEFT JOIN ({POLICY}) policy ON true
"""  # noqa: S608 - only constants of this project are put in


@dataclass(frozen=True, slots=True)
class Terms:
    standing: Standing
    label: LabelPolicy
    dictionary: int  # its newest version; 0 of a team that never had an entry


def terms(tenant_id: UUID, api_key_id: UUID | None = None) -> Terms:
    """As they are now. Raises UnknownAccount."""
    with connection.cursor() as cursor:
        cursor.execute(TERMS, {"tenant": tenant_id, "api_key": api_key_id, "at": timezone.now()})
        row = cursor.fetchone()
    if row is None:
        raise UnknownAccount(f"Tenant {tenant_id} has no account.")
    *standing, default, may_omit, version = row
    return Terms(Standing.read(standing), policy_read(tenant_id, default, may_omit), version or 0)
