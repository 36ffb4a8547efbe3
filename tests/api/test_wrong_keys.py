"""An address that floods the doors with wrong keys is refused in passing; a good key comes through all the same."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts import keys, services
from accounts.models import ApiKey, AuditEvent, Tenant
from api import remembered, wrong_keys
from api.handler import KeyHandler
from api.wrong_keys import Refusals, WrongKeys
from tests.api.asgi import Answer, answered

MOST = settings.WRONG_KEYS_PER_MINUTE
ATTACKER, NEIGHBOUR = "192.0.2.7", "192.0.2.8"

Call = Callable[..., Answer]


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def call(loop: asyncio.Runner) -> Call:
    """call(secret, address): status, headers and body of a GET by the doors of one web process."""
    doors = WrongKeys(KeyHandler())

    def call(secret: str, address: str | None = ATTACKER, path: str = "/v1/models") -> Answer:
        given = {"authorization": f"Bearer {secret}"}
        return loop.run(answered(doors, "GET", path, given, address=address))

    return call


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals need not be waited for."""
    monkeypatch.setattr(settings, "WRONG_KEY_REFUSALS_PER_SECOND", 1e6)


@pytest.fixture
def flooded(call: Call, tenant: Tenant) -> None:
    """The attacker has sent as many wrong keys as are looked at."""
    assert [call("wrong")[0] for _ in range(MOST)] == [401] * MOST


@pytest.mark.parametrize("secret", ["wrong", keys.generate()], ids=["no key", "nobody's key"])
@pytest.mark.parametrize(("path", "told"), [("/v1/models", b'"rate_limit_error"'), ("/v1/history", b'"status": 429')])
def test_a_suspect_address_is_told_when_to_come_again(
    call: Call, flooded: None, secret: str, path: str, told: bytes
) -> None:
    """429 with retry-after, in the words of the door, and no line in the trail."""
    lines = AuditEvent.objects.count()
    status, headers, body = call(secret, path=path)
    assert status == 429
    assert 0 < int(headers["retry-after"]) <= 60
    assert told in body
    assert b'"rate_limit_exceeded"' in body
    assert AuditEvent.objects.count() == lines


def test_refusals_come_at_a_pace(call: Call, flooded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends wrong keys all the time waits, however many connections they send them by."""
    monkeypatch.setattr(settings, "WRONG_KEY_REFUSALS_PER_SECOND", 20)
    began = time.monotonic()
    assert [call("wrong")[0] for _ in range(5)] == [429] * 5
    assert time.monotonic() - began >= 4 / 20


def test_more_at_once_wait_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each for the one before, but none for more than a minute."""
    monkeypatch.setattr(settings, "WRONG_KEY_REFUSALS_PER_SECOND", 20)
    suspect = Refusals(began=time.monotonic())
    waits = [suspect.turn() for _ in range(20 * 60 + 100)]
    assert waits[:3] == pytest.approx([0, 1 / 20, 2 / 20], abs=0.02)
    assert waits[-1] == pytest.approx(60)


def test_another_address_is_not_suspect(call: Call, flooded: None) -> None:
    """It is told 401, as ever; so is a caller without an address."""
    assert call("wrong", NEIGHBOUR)[0] == 401
    assert call("wrong", None)[0] == 401


def test_a_good_key_of_a_suspect_address_opens(call: Call, flooded: None, tenant: Tenant) -> None:
    """Behind one address there may be a whole company."""
    _, secret = services.api_key_create(tenant=tenant)
    assert call(secret)[0] == 200
    assert call("wrong")[0] == 429
    assert call(secret)[0] == 200


def test_a_replaced_key_opens_as_long_as_it_may(call: Call, flooded: None, tenant: Tenant) -> None:
    """A flood cuts no grace short, and lengthens none."""
    key, before = services.api_key_create(tenant=tenant)
    services.api_key_reroll(key=key, grace=timedelta(hours=1), actor="operator")
    assert call(before)[0] == 200
    key, ended = services.api_key_create(tenant=tenant)
    services.api_key_reroll(key=key, grace=timedelta(0), actor="operator")
    assert call(ended)[0] == 429


def test_a_key_that_is_revoked_meanwhile_opens_no_more(call: Call, flooded: None, tenant: Tenant) -> None:
    """At once: that it opened before lets it pass only to the door, which tells the truth."""
    key, secret = services.api_key_create(tenant=tenant)
    assert call(secret)[0] == 200
    services.api_key_revoke(key_id=key.id)
    assert call(secret)[0] == 401
    assert call(secret)[0] == 429


def test_an_expired_key_is_a_wrong_one(call: Call, flooded: None, tenant: Tenant) -> None:
    """It does not get a suspect address to the door."""
    key, secret = services.api_key_create(tenant=tenant)
    now = timezone.now()
    ApiKey.objects.filter(id=key.id).update(created_at=now - timedelta(days=2), expires_at=now)
    assert call(secret)[0] == 429


def test_a_minute_later_the_address_is_as_any_other(call: Call, flooded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held against it."""
    monkeypatch.setattr(wrong_keys, "WINDOW_SECONDS", 0)
    assert call("wrong")[0] == 401


def test_only_so_many_addresses_are_remembered(call: Call, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those heard of last: many addresses cannot fill the memory."""
    monkeypatch.setattr(remembered, "REMEMBERED", 2)
    monkeypatch.setattr(settings, "WRONG_KEYS_PER_MINUTE", 1)
    assert [call("wrong", f"192.0.2.{n}")[0] for n in range(1, 4)] == [401] * 3
    assert call("wrong", "192.0.2.3")[0] == 429
    assert call("wrong", "192.0.2.1")[0] == 401


def test_many_keys_are_asked_for_in_few_questions(
    loop: asyncio.Runner, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one question is on its way, what comes waits for the next one; each gets its own answer."""
    _, good = services.api_key_create(tenant=tenant)
    asked: list[int] = []

    def counted(digests: set[str]) -> set[str]:
        asked.append(len(digests))
        return {keys.digest(good)} & digests

    monkeypatch.setattr(wrong_keys, "digests_that_open", counted)

    async def many() -> list[bool]:
        lookup = wrong_keys.Lookup()
        given = [keys.generate() if n % 2 else good for n in range(100)]
        return await asyncio.gather(*(lookup.opens([keys.digest(each)]) for each in given))

    assert loop.run(many()) == [True, False] * 50
    assert asked == [51]


def test_without_a_database_the_door_has_the_word(
    call: Call, flooded: None, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the keys cannot be looked up makes none of them wrong."""
    _, good = services.api_key_create(tenant=tenant)

    def away(digests: set[str]) -> set[str]:
        raise OperationalError

    monkeypatch.setattr(wrong_keys, "digests_that_open", away)
    assert call(good)[0] == 200
