"""What a tenant has kept."""

from uuid import UUID

from tts_engine.retention.models import StoragePolicy


def policy_of(tenant_id: UUID) -> StoragePolicy:
    """What nobody changed keeps everything."""
    return StoragePolicy.objects.filter(tenant_id=tenant_id).first() or StoragePolicy(tenant_id=tenant_id)


def keeps_texts(tenant_id: UUID) -> bool:
    return policy_of(tenant_id).keeps_texts
