"""Which key opens, which does not, and what is written down about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import audit, keys, services
from accounts.errors import ApiKeyExpired, ApiKeyRevoked, InsufficientScope, InvalidApiKey
from accounts.models import ApiKey, AuditEvent, Scope, Tenant

pytestmark = pytest.mark.django_db

Key = tuple[ApiKey, str]


def revoked(key: ApiKey, secret: str) -> str:
    services.api_key_revoke(key_id=key.id)
    return secret


def expired(key: ApiKey, secret: str) -> str:
    now = timezone.now()
    ApiKey.objects.filter(id=key.id).update(created_at=now - timedelta(days=2), expires_at=now)
    return secret


def revoked_and_expired(key: ApiKey, secret: str) -> str:
    return expired(key, revoked(key, secret))


def mistyped(key: ApiKey, secret: str) -> str:
    return secret[:-1] + ("a" if secret[-1] != "a" else "b")


def nobodys(key: ApiKey, secret: str) -> str:
    return keys.generate()


def empty(key: ApiKey, secret: str) -> str:
    return ""


OUTCOMES = [
    (mistyped, InvalidApiKey, audit.MALFORMED),
    (empty, InvalidApiKey, audit.MALFORMED),
    (nobodys, InvalidApiKey, audit.NOT_FOUND),
    (revoked, ApiKeyRevoked, audit.DISABLED),
    (revoked_and_expired, ApiKeyRevoked, audit.DISABLED),
    (expired, ApiKeyExpired, audit.EXPIRED),
]


@pytest.mark.parametrize(("spoil", "error", "outcome"), OUTCOMES)
def test_refusals(
    key: Key, ip: str, spoil: Callable[[ApiKey, str], str], error: type[InvalidApiKey], outcome: str
) -> None:
    """Each bad key gets its own error of one code, and one audit entry that says why and from where."""
    presented = spoil(*key)
    with pytest.raises(InvalidApiKey) as raised:
        services.api_key_authenticate(secret=presented, ip=ip)
    assert type(raised.value) is error
    assert raised.value.code == "invalid_api_key"
    entry = AuditEvent.objects.get(action="api_key.authenticate")
    assert (entry.outcome, entry.ip) == (outcome, ip)


def test_a_good_key_opens(key: Key, tenant: Tenant, ip: str) -> None:
    """One question finds the key, and success is not audited: every request would be a row."""
    services.api_key_authenticate(secret=key[1], ip=ip)  # notes the minute of its use
    with CaptureQueriesContext(connection) as queries:
        found = services.api_key_authenticate(secret=key[1], ip=ip)
    assert len(queries) == 1
    assert found == key[0]
    assert found.tenant == tenant
    assert not AuditEvent.objects.filter(action="api_key.authenticate").exists()


def test_a_malformed_key_never_reaches_the_keys(ip: str) -> None:
    """A wrong checksum is refused without a look at the table of keys."""
    with CaptureQueriesContext(connection) as queries, pytest.raises(InvalidApiKey):
        services.api_key_authenticate(secret=mistyped(ApiKey(), keys.generate()), ip=ip)
    assert not any("accounts_apikey" in query["sql"] for query in queries)


def test_one_query_finds_a_key(key: Key, ip: str) -> None:
    """A key in use costs one query."""
    services.api_key_authenticate(secret=key[1], ip=ip)
    with CaptureQueriesContext(connection) as queries:
        services.api_key_authenticate(secret=key[1], ip=ip)
    assert len(queries) == 1


def test_the_key_is_nowhere(key: Key, ip: str) -> None:
    """Neither a good nor a bad key's text is in any row of keys or audit trail."""
    stranger = keys.generate()
    for secret in (mistyped(*key), revoked(*key), stranger):
        with pytest.raises(InvalidApiKey):
            services.api_key_authenticate(secret=secret, ip=ip)
    stored = str(list(ApiKey.objects.values())) + str(list(AuditEvent.objects.values()))
    assert "api_key.authenticate" in stored
    for secret in (key[1], stranger):
        assert secret not in stored
        assert secret[4:36] not in stored


def test_revoking_again_changes_nothing(key: Key) -> None:
    """The first revocation's time stays, and is audited once."""
    first = services.api_key_revoke(key_id=key[0].id)
    second = services.api_key_revoke(key_id=key[0].id)
    assert first.revoked_at == second.revoked_at is not None
    assert AuditEvent.objects.filter(action="api_key.revoke").count() == 1


def test_a_flood_of_wrong_keys_cannot_fill_the_trail(ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one network's refusals a minute at most 20 are written; the keys are refused all the same."""
    monkeypatch.setattr(audit, "_minute", lambda: "202611250443")
    neighbour = ip.rpartition(":")[0] + ":1"  # the same /64, as one caller may have
    for n in range(audit.REFUSALS_AUDITED_PER_MINUTE * 2):
        with pytest.raises(InvalidApiKey):
            services.api_key_authenticate(secret="wrong", ip=(ip, neighbour)[n % 2])
    assert AuditEvent.objects.count() == audit.REFUSALS_AUDITED_PER_MINUTE == 20


def test_one_address_does_not_silence_another(ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one address used up of its share is not missing from another's."""
    monkeypatch.setattr(audit, "_minute", lambda: "202611250444")
    for _ in range(audit.REFUSALS_AUDITED_PER_MINUTE + 1):
        with pytest.raises(InvalidApiKey):
            services.api_key_authenticate(secret="wrong", ip=ip)
    with pytest.raises(InvalidApiKey):
        services.api_key_authenticate(secret="wrong", ip="::ffff:192.0.2.7")
    assert AuditEvent.objects.count() == audit.REFUSALS_AUDITED_PER_MINUTE + 1


@pytest.mark.parametrize("address", [None, "", "unknown", "192.0.2.1:443"])
def test_an_address_that_is_none_fails_nothing(address: str | None) -> None:
    """What a proxy calls an address may be anything: the refusal is the same."""
    with pytest.raises(InvalidApiKey):
        services.api_key_authenticate(secret="wrong", ip=address)
    assert not AuditEvent.objects.exclude(ip=None).exists()


@pytest.mark.parametrize(
    ("given", "kept"), [("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::1"), ("192.0.2.8", "192.0.2.8")]
)
def test_an_address_is_kept_in_its_plain_form(given: str, kept: str) -> None:
    """IPv4 behind a dual-stack socket is IPv4, so that not all of it counts as one network."""
    with pytest.raises(InvalidApiKey):
        services.api_key_authenticate(secret="wrong", ip=given)
    assert AuditEvent.objects.get().ip == kept


def test_last_used_is_written_once_a_minute(key: Key, ip: str) -> None:
    """A busy key does not write its row with each request."""
    row = ApiKey.objects.filter(id=key[0].id)
    services.api_key_authenticate(secret=key[1], ip=ip)
    first = row.get().last_used_at
    assert first is not None
    services.api_key_authenticate(secret=key[1], ip=ip)
    assert row.get().last_used_at == first
    row.update(last_used_at=first - services.LAST_USED_ACCURACY)
    services.api_key_authenticate(secret=key[1], ip=ip)
    assert row.filter(last_used_at__gte=first).exists()


def test_a_new_secret_key_keeps_the_keys(key: Key, ip: str, settings: Settings) -> None:
    """With the old secret as fallback a key goes on, and its next use makes it independent of the old one."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next one", [settings.SECRET_KEY]
    services.api_key_authenticate(secret=key[1], ip=ip)
    settings.SECRET_KEY_FALLBACKS = []
    assert services.api_key_authenticate(secret=key[1], ip=ip) == key[0]


SCOPES = [
    ([Scope.SPEECH], Scope.SPEECH, True),
    ([Scope.SPEECH], Scope.HISTORY, False),
    ([Scope.SPEECH, Scope.HISTORY, Scope.USAGE], Scope.USAGE, True),
    ([Scope.SPEECH, Scope.HISTORY, Scope.USAGE], Scope.ADMIN, False),
    ([Scope.ADMIN], Scope.ADMIN, True),
    ([Scope.ADMIN], Scope.SPEECH, False),
]


@pytest.mark.parametrize(("has", "needs", "allowed"), SCOPES)
def test_scopes(tenant: Tenant, ip: str, has: list[str], needs: str, allowed: bool) -> None:
    """A key may do what its scopes name and nothing else; what it may not do is audited."""
    key, _ = services.api_key_create(tenant=tenant, scopes=has)
    refused = AuditEvent.objects.filter(outcome=audit.INSUFFICIENT_PERMISSIONS, tenant=tenant, ip=ip)
    if allowed:
        services.api_key_require_scope(key, needs, ip=ip)
        assert not refused.exists()
    else:
        with pytest.raises(InsufficientScope):
            services.api_key_require_scope(key, needs, ip=ip)
        assert refused.get().details == {"scope": needs}
