"""Removes the demo's teams with all that points to them."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Tenant, User
from tts_engine import store
from tts_engine.belongings.tables import tables
from tts_engine.demo.story import PREFIX


@transaction.atomic
def clear() -> list[str]:
    """The names of the teams that were removed. They are closed first: then the ledger and the trail let them go."""
    demo = Tenant.objects.filter(name__startswith=PREFIX)
    demo.update(closed_at=timezone.now())
    gone = {tenant.id: tenant.name for tenant in demo}
    for table in tables():
        rows = table.rows(gone)
        rows._raw_delete(rows.db)
    User.objects.filter(username__startswith=PREFIX).delete()
    demo.delete()
    for tenant_id in gone:
        store.shelf().delete_tenant(tenant_id)
    return sorted(gone.values())
