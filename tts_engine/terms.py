"""What holds for a tenant's next request, asked in one statement: each request needs all of it."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from billing.selectors import STANDING, Standing, account_row
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
    row = account_row(tenant_id, TERMS, api_key=api_key_id, at=timezone.now())
    default, may_omit, version = row[-3:]
    return Terms(Standing.read(row[:-3]), policy_read(tenant_id, default, may_omit), version or 0)
