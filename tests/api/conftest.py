"""The doors inside this process, and keys to them; nothing is spoken here."""

from collections.abc import Callable

import pytest

from accounts.models import Scope, Tenant
from accounts.services import api_key_create
from tests.factories import make_tenant

MakeKey = Callable[..., dict[str, str]]


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    """Committed, for the doors give their connection back when they are done."""
    return make_tenant()


@pytest.fixture
def key(tenant: Tenant) -> MakeKey:
    """key(scope, ...): the headers of a new key of the tenant with these scopes, all of them by default."""

    def make(*scopes: str) -> dict[str, str]:
        _, secret = api_key_create(tenant=tenant, scopes=scopes or Scope.values)
        return {"Authorization": f"Bearer {secret}"}

    return make
