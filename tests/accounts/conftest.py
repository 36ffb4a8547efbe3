"""People and keys, valid by construction."""

import ipaddress
import uuid

import pytest

from accounts import services
from accounts.models import ApiKey, Tenant, User


@pytest.fixture
def tenant(db: None) -> Tenant:
    return services.tenant_create(name="alice-team")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    return services.tenant_create(name="charlie-team")


@pytest.fixture
def alice(db: None) -> User:
    return services.user_create(username="alice", password="long enough, and odd")


@pytest.fixture
def key(tenant: Tenant) -> tuple[ApiKey, str]:
    """A key of the tenant and its text."""
    return services.api_key_create(tenant=tenant)


@pytest.fixture
def ip() -> str:
    """An address that no other test has been refused from; refusals are counted outside the database."""
    return str(ipaddress.IPv6Address(uuid.uuid4().int))
