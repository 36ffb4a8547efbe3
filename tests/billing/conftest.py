"""Tenants with accounts on plans that are small enough to fill."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Tenant
from accounts.services import tenant_create
from billing import reconciliation, services
from billing.models import Plan
from billing.services import Reservation

MakeTenant = Callable[..., Tenant]
Reserve = Callable[..., Reservation]


@pytest.fixture(autouse=True)
def the_ledger_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reservations here are of no real request, so `reconcile` asks billing's own checks only."""
    own = [function for function in reconciliation.CHECKS if function.__module__.startswith("billing.")]
    monkeypatch.setattr(reconciliation, "CHECKS", own)


@pytest.fixture
def make_tenant(db: None) -> MakeTenant:
    """make_tenant(name, time_zone=..., **plan): a tenant on a plan of its own, named as it is."""

    def make(name: str, *, time_zone: str = "Asia/Shanghai", **plan: Any) -> Tenant:
        limits = {"characters_per_period": 100, "requests_per_minute": 60, "concurrent_requests": 1000}
        Plan.objects.create(name=name, **({**limits, "max_text_characters": 4096} | plan))
        tenant = tenant_create(name=name, time_zone=time_zone)
        services.account_open(tenant=tenant, plan_name=name)
        return tenant

    return make


@pytest.fixture
def tenant(make_tenant: MakeTenant) -> Tenant:
    """A tenant with 100 characters a month."""
    return make_tenant("alice-team")


@pytest.fixture
def reserve() -> Reserve:
    """reserve(tenant, characters, ...): in a transaction of its own, as a request does."""

    def make(tenant: Tenant, characters: int, *, virtual_time: int = 0, **values: Any) -> Reservation:
        with transaction.atomic():
            return services.reserve(
                tenant_id=tenant.id,
                characters=characters,
                virtual_time=virtual_time,
                **({"synthesis_id": uuid.uuid4()} | values),
            )

    return make
