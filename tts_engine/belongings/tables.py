"""Every table whose rows belong to a tenant, found by its foreign keys, so that none is ever forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.apps import apps
from django.db.models import SET_NULL, Model, QuerySet

from accounts.models import Tenant


@dataclass(frozen=True, slots=True)
class Table:
    """A model and the shortest way of foreign keys from it to the tenant."""

    model: type[Model]
    path: str  # "tenant", "counter__tenant", ...

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    def rows(self, tenants: Iterable[UUID]) -> QuerySet[Model]:
        return self.model._base_manager.filter(**{f"{self.path}__in": list(tenants)})


@cache
def tables() -> tuple[Table, ...]:
    """Those that point to others come first, so that they can be deleted in this order; the tenant is not among them.

    A key that is set to null where its tenant goes makes nothing the tenant's: a person may be in several teams.
    """
    found: dict[type[Model], str] = {Tenant: ""}
    waiting: list[type[Model]] = [Tenant]
    while waiting:
        target = waiting.pop(0)
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                relation = field.remote_field
                if relation is None or relation.model is not target or relation.on_delete is SET_NULL:
                    continue
                if model not in found:
                    found[model] = "__".join(filter(None, (field.name, found[target])))
                    waiting.append(model)
    del found[Tenant]
    return tuple(Table(model, path) for model, path in sorted(found.items(), key=lambda pair: -pair[1].count("__")))
