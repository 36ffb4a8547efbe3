"""A key gets another text: the one before it works on for a while, and no longer."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import errors, keys, selectors, services
from accounts.models import ApiKey, Tenant

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def opens(secret: str, ip: str) -> bool:
    try:
        services.api_key_authenticate(secret=secret, ip=ip)
    except errors.InvalidApiKey:
        return False
    return True


def test_both_work_within_the_grace(key: tuple[ApiKey, str], ip: str) -> None:
    """It stays the same key: id, name and scopes; after the grace only the new text works."""
    row, old = key
    rerolled, new = services.api_key_reroll(key=row, grace=DAY, actor="user:alice")
    assert (rerolled.id, rerolled.last4, rerolled.previous_last4) == (row.id, new[-4:], old[-4:])
    assert opens(old, ip)
    assert opens(new, ip)
    ApiKey.objects.update(previous_until=timezone.now())
    assert not opens(old, ip)
    assert opens(new, ip)


def test_without_grace_the_old_one_ends_at_once(key: tuple[ApiKey, str], ip: str) -> None:
    """As after a leak."""
    _, new = services.api_key_reroll(key=key[0], grace=timedelta(0), actor="user:alice")
    assert (opens(key[1], ip), opens(new, ip)) == (False, True)


def test_rerolled_twice(key: tuple[ApiKey, str], ip: str) -> None:
    """There are never more than two texts: the first ends with the second reroll, whatever its grace was."""
    row, first = key
    _, second = services.api_key_reroll(key=row, grace=DAY, actor="user:alice")
    _, third = services.api_key_reroll(key=row, grace=DAY, actor="user:alice")
    assert [opens(secret, ip) for secret in (first, second, third)] == [False, True, True]


def test_it_is_seen_whether_the_old_one_is_still_used(key: tuple[ApiKey, str], ip: str) -> None:
    """Each text has its own last use."""
    row, old = key
    _, new = services.api_key_reroll(key=row, grace=DAY, actor="user:alice")
    opens(old, ip)
    row.refresh_from_db()
    assert (row.last_used_at, row.previous_used_at is None) == (None, False)
    opens(new, ip)
    row.refresh_from_db()
    assert row.last_used_at is not None


def test_revoking_ends_both(key: tuple[ApiKey, str], ip: str) -> None:
    """Whatever grace is left."""
    row, old = key
    _, new = services.api_key_reroll(key=row, grace=DAY, actor="user:alice")
    services.api_key_revoke(key_id=row.id)
    assert not opens(old, ip)
    assert not opens(new, ip)


def test_an_old_text_outlives_another_secret_key(key: tuple[ApiKey, str], ip: str, settings: Settings) -> None:
    """Its digest is renewed on the way, and the new text's is left alone."""
    row, old = key
    _, new = services.api_key_reroll(key=row, grace=DAY, actor="user:alice")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert opens(old, ip)
    assert opens(new, ip)
    row.refresh_from_db()
    assert (row.digest, row.previous_digest) == (keys.digest(new), keys.digest(old))


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=31)])
def test_a_grace_that_is_refused(key: tuple[ApiKey, str], grace: timedelta) -> None:
    """Nothing is changed, and nothing is told of in the trail."""
    with pytest.raises(errors.UnacceptableGrace):
        services.api_key_reroll(key=key[0], grace=grace, actor="user:alice")
    assert ApiKey.objects.get().last4 == key[0].last4
    assert not selectors.audit_events(key[0].tenant).filter(action="api_key.reroll").exists()


@pytest.mark.parametrize("ended", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() + DAY}])
def test_a_key_that_has_ended(key: tuple[ApiKey, str], ended: dict[str, object]) -> None:
    """A revoked or expired one is not brought back to life."""
    ApiKey.objects.update(created_at=timezone.now() - 3 * DAY)
    ApiKey.objects.update(**{name: timezone.now() - DAY for name in ended})
    with pytest.raises(errors.ApiKeyEnded):
        services.api_key_reroll(key=key[0], grace=DAY, actor="user:alice")


def test_a_team_has_so_many_keys(tenant: Tenant, settings: Settings) -> None:
    """Of those that work; one that is revoked makes room."""
    settings.API_KEYS = 1
    first, _ = services.api_key_create(tenant=tenant)
    with pytest.raises(errors.TooManyApiKeys):
        services.api_key_create(tenant=tenant)
    services.api_key_revoke(key_id=first.id)
    services.api_key_create(tenant=tenant)
    assert selectors.api_keys_that_work(tenant).count() == 1
