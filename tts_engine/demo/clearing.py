"""Removes the demo's teams with all that points to them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from accounts.models import Tenant, User
from tts_engine.demo.story import PREFIX

# The ledger and the trail refuse DELETE, rightly: these triggers sleep until the transaction ends.
APPEND_ONLY = ("billing_ledgerentry", "accounts_auditevent")


@transaction.atomic
def clear() -> list[str]:
    """The names of the teams that were removed. Needs the role that owns the tables."""
    demo = Tenant.objects.filter(name__startswith=PREFIX)
    gone = {tenant.id: tenant.name for tenant in demo}
    with _deletable():
        for model, path in sorted(_paths(), key=lambda found: -found[1].count("__")):
            rows = model._base_manager.filter(**{f"{path}__in": list(gone)})
            rows._raw_delete(rows.db)
        User.objects.filter(username__startswith=PREFIX).delete()
        demo.delete()
    for tenant_id in gone:
        shutil.rmtree(Path(settings.AUDIO_ROOT, str(tenant_id)), ignore_errors=True)
    return sorted(gone.values())


@contextmanager
def _deletable() -> Iterator[None]:
    """Rows of append-only tables too, in any order: what points to what is checked at the end."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered that has a check ahead
        for table in APPEND_ONLY:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in APPEND_ONLY:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _paths() -> Iterator[tuple[type[models.Model], str]]:
    """Every model whose rows belong to a tenant, and the shortest way of foreign keys that leads there."""
    found: dict[type[models.Model], str] = {Tenant: ""}
    waiting: list[type[models.Model]] = [Tenant]
    while waiting:
        target = waiting.pop(0)
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if field.remote_field and field.remote_field.model is target and model not in found:
                    found[model] = "__".join(filter(None, (field.name, found[target])))
                    waiting.append(model)
    del found[Tenant]
    yield from found.items()
