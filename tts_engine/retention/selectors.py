"""What a tenant has kept."""

from uuid import UUID

from tts_engine.retention.models import StoragePolicy

KEEPS_TEXTS = """NOT EXISTS (
    SELECT FROM tts_engine_storagepolicy WHERE tenant_id = %(tenant)s AND texts_off_since IS NOT NULL
)"""


def policy_of(tenant_id: UUID) -> StoragePolicy:
    """What nobody changed keeps everything."""
    return StoragePolicy.objects.filter(tenant_id=tenant_id).first() or StoragePolicy(tenant_id=tenant_id)


def keeps_texts(tenant_id: UUID) -> bool:
    return policy_of(tenant_id).keeps_texts
