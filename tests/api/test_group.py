"""Requests of one key that come at once go to the database together, and each is answered as if it came alone."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from redis.commands.core import Script
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import Tenant
from accounts.services import api_key_create, api_key_revoke
from api.group import LARGEST, Group, groups
from api.handler import KeyHandler
from billing.reconciliation import reconcile
from billing.selectors import usage
from billing.services import plan_set
from billing.usage.models import DailyUsage
from tests.api.asgi import Answer, answered
from tests.factories import ORDER, ask, make_plan, make_tenant, speak_queued
from tests.kept import answer_of
from tts_engine import cache, tasks
from tts_engine.models import Status, Synthesis
from tts_engine.repeats import Asking
from tts_engine.services import Caller, synthesis_asking

MakeKey = Callable[..., dict[str, str]]
TEXT, OTHER = "你好吗。", "再见了。"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
    settings.SENTENCES_ROOT = tmp_path


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What any thread asks the database."""
    asked: list[str] = []
    execute = CursorWrapper.execute

    def watched(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        asked.append(str(sql))
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", watched)
    yield asked


def at_once(*calls: tuple[dict[str, str], str]) -> list[Answer]:
    """The answers to these, headers and text, by the doors of one web process."""

    async def all_of_them() -> list[Answer]:
        return await asyncio.gather(*(asked_for(headers, text) for headers, text in calls))

    return asyncio.run(all_of_them())


async def asked_for(headers: dict[str, str], text: str) -> Answer:
    body = json.dumps({"model": "tts-1", "voice": "xiaoxiao", "input": text, "response_format": "wav"}).encode()
    given = {"content-type": "application/json", **headers}
    return await answered(KeyHandler(), "POST", "/v1/audio/speech", given, body)


def spoken(tenant: Tenant, *texts: str) -> list[Synthesis]:
    """Each was spoken for the team and is in its cache."""
    rows = []
    for text in texts:
        asked = ask(tenant, text=text, model="tts-1")
        speak_queued()
        rows.append(Synthesis.objects.get(id=asked.id))
    return rows


def remembered(headers: dict[str, str], *texts: str) -> None:
    """The process has heard each of them with this key, and answered it from the cache."""
    for text in texts:
        ((status, told, _),) = at_once((headers, text))
        assert (status, told["x-cache"]) == (200, "hit")


@pytest.fixture
def repeating(key: MakeKey, tenant: Tenant) -> dict[str, str]:
    """The headers of a key with which the text was spoken, and was repeated once."""
    spoken(tenant, TEXT)
    headers = key("speech")
    remembered(headers, TEXT)
    return headers


def test_repeats_at_once_are_one_statement(key: MakeKey, tenant: Tenant, statements: list[str]) -> None:
    """One look at the key and one statement for all that are there when the first goes, and a row each."""
    (first,) = spoken(tenant, TEXT)
    headers = key("speech")
    remembered(headers, TEXT)
    statements.clear()
    answers = at_once(*[(headers, TEXT)] * 20)
    assert [status for status, _, _ in answers] == [200] * 20
    assert {body for _, _, body in answers} == {answer_of(first).read_bytes()}
    assert len({told["x-request-id"] for _, told, _ in answers}) == 20
    assert sum("INSERT INTO tts_engine_synthesis" in each for each in statements) == 1
    assert sum("accounts_apikey" in each for each in statements) == 1
    rows = Synthesis.objects.filter(tenant=tenant, cache_hit=True)
    assert {str(row.id) for row in rows} > {told["x-request-id"] for _, told, _ in answers}
    assert all(answer_of(row).samefile(answer_of(first)) for row in rows)
    assert DailyUsage.objects.get(tenant=tenant, api_key__isnull=False).cached == rows.count() == 21
    assert reconcile() == []


def test_each_text_is_answered_with_its_own(key: MakeKey, tenant: Tenant) -> None:
    """Two texts in turns, which go together: nobody hears the other's."""
    audio = [answer_of(row).read_bytes() for row in spoken(tenant, TEXT, OTHER)]
    assert audio[0] != audio[1]
    headers = key("speech")
    remembered(headers, TEXT, OTHER)
    answers = at_once(*[(headers, TEXT), (headers, OTHER)] * 10)
    assert [body for _, _, body in answers] == audio * 10
    assert reconcile() == []


def test_two_teams_do_not_go_together(key: MakeKey, tenant: Tenant) -> None:
    """The same text of two teams at once: each has its own audio, its own rows and its own sums."""
    teams = [tenant, make_tenant()]
    keys = [{"Authorization": f"Bearer {api_key_create(tenant=team)[1]}"} for team in teams]
    audio = [answer_of(row).read_bytes() for team in teams for row in spoken(team, TEXT)]
    assert audio[0] != audio[1]
    for own in keys:
        remembered(own, TEXT)
    answers = at_once(*[(own, TEXT) for own in keys] * 8)
    assert [body for _, _, body in answers] == audio * 8
    for team in teams:
        assert Synthesis.objects.filter(tenant=team, cache_hit=True).count() == 9
    assert reconcile() == []


def test_the_rate_is_counted_for_each(repeating: dict[str, str], tenant: Tenant) -> None:
    """Of a crowd as many are let in as the minute has room for, each told what is left after it."""
    plan_set(tenant=tenant, plan_name=make_plan(requests_per_minute=8).name)
    answers = at_once(*[(repeating, TEXT)] * 12)
    assert Counter(status for status, _, _ in answers) in ({200: 7, 429: 5}, {200: 8, 429: 4})  # at a minute's end
    left = [int(told["x-ratelimit-remaining-requests"]) for status, told, _ in answers if status == 200]
    assert sorted(left) == list(range(len(left)))
    assert reconcile() == []


def test_after_a_purge_a_crowd_is_queued(tenant: Tenant) -> None:
    """What the process remembers does not answer any more: every one of them reserves, and none is a repeat."""
    spoken(tenant, TEXT)
    assert ask(tenant, text=TEXT).cache_hit
    cache.purge(tenant_id=tenant.id)
    made: list[Synthesis] = []

    def steps(_: Group) -> Asking[None]:
        order = replace(ORDER, text=TEXT)
        asking = synthesis_asking(
            caller=Caller(tenant_id=tenant.id), order=order, synthesis_id=None, once=None, agreed=None
        )
        made.append((yield from asking))

    async def crowd() -> None:
        await asyncio.gather(*(groups.enter(steps, "a key") for _ in range(5)))

    asyncio.run(crowd())
    assert [(row.status, row.cache_hit) for row in made] == [(Status.QUEUED, False)] * 5
    assert usage(tenant.id).reserved == 5 * 4
    assert reconcile() == []


def test_a_revoked_key_is_refused_in_a_crowd(repeating: dict[str, str], tenant: Tenant) -> None:
    """The look at the key is after they came: from the revocation on nobody is answered."""
    api_key_revoke(key_id=tenant.api_keys.get().id)
    assert [status for status, _, _ in at_once(*[(repeating, TEXT)] * 6)] == [401] * 6


def test_when_the_statement_fails_nobody_is_answered(
    repeating: dict[str, str], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 to all of them, and no row and no sum of any."""
    execute = CursorWrapper.execute

    def broken(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        if "INSERT INTO tts_engine_synthesis" in str(sql):
            raise OperationalError("the server is gone")
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", broken)
    assert [status for status, _, _ in at_once(*[(repeating, TEXT)] * 4)] == [503] * 4
    monkeypatch.undo()
    assert Synthesis.objects.filter(tenant=tenant, cache_hit=True).count() == 1
    assert reconcile() == []


def test_when_the_rate_cannot_be_counted_all_are_told(
    repeating: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valkey is away: each has the answer that it would have had alone."""

    def away(*_: Any, **__: Any) -> Any:
        raise RedisConnectionError("nobody listens")

    monkeypatch.setattr(Script, "__call__", away)
    assert [status for status, _, _ in at_once(*[(repeating, TEXT)] * 3)] == [503] * 3


def test_a_crowd_is_several_groups() -> None:
    """The first of it are answered while the last still wait."""
    entered: list[Group] = []

    def enter(group: Group) -> Asking[None]:
        entered.append(group)
        yield from ()

    async def crowd() -> None:
        await asyncio.gather(*(groups.enter(enter, "a key") for _ in range(2 * LARGEST + 1)))

    asyncio.run(crowd())
    assert sorted(Counter(map(id, entered)).values()) == [1, LARGEST, LARGEST]


def test_one_that_fails_does_not_fail_the_others() -> None:
    """Each is told what its own steps raise, and whoever has gone is not let in."""
    entered: list[int] = []

    def steps(number: int) -> Callable[[Group], Asking[None]]:
        def enter(_: Group) -> Asking[None]:
            entered.append(number)
            if number == 2:
                raise ValueError(number)
            yield from ()

        return enter

    async def crowd() -> list[Any]:
        waiting = [asyncio.create_task(groups.enter(steps(number), "a key")) for number in range(5)]
        await asyncio.sleep(0)
        waiting[3].cancel()
        return await asyncio.gather(*waiting, return_exceptions=True)

    of_two, of_three = ValueError, asyncio.CancelledError
    assert [type(outcome) for outcome in asyncio.run(crowd())] == [type(None), type(None), of_two, of_three, type(None)]
    assert entered == [0, 1, 2, 4]
