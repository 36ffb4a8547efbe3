"""What holds for a tenant's next request, and that whoever brings a key learns it together with the key."""

import pytest

from accounts import keys
from accounts.models import Tenant
from accounts.services import api_key_create, tenant_create
from billing.errors import UnknownAccount
from billing.limits.services import key_limit_set
from tests.factories import make_tenant
from tts_engine.terms import KeyLookup, terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def test_a_key_is_found_with_the_terms_of_its_own_team(tenant: Tenant) -> None:
    """The key's own cap among them, in one statement."""
    key, secret = api_key_create(tenant=tenant, name="capped")
    other, _ = api_key_create(tenant=tenant, name="free")
    key_limit_set(key_id=key.id, limits={"requests_per_minute": 7})
    lookup = KeyLookup()
    assert lookup.find(keys.digests(secret)) == key
    assert lookup.terms == terms(tenant.id, key.id)
    assert lookup.terms.standing.key_requests_per_minute == 7
    assert terms(tenant.id, other.id).standing.key_requests_per_minute is None


def test_nothing_is_found_for_a_key_that_nobody_has(tenant: Tenant) -> None:
    lookup = KeyLookup()
    assert lookup.find(keys.digests(keys.generate())) is None
    assert lookup.terms is None


def test_a_team_without_an_account_has_no_terms() -> None:
    """The key is found all the same: whether it is any good is not for the lookup to say."""
    bare = tenant_create(name="bare")
    key, secret = api_key_create(tenant=bare, name="key")
    lookup = KeyLookup()
    assert lookup.find(keys.digests(secret)) == key
    assert lookup.terms is None
    with pytest.raises(UnknownAccount):
        terms(bare.id, key.id)
