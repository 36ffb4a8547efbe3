"""Both levels of the cache as a request meets them: at the door, in the worker, when it is purged."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_PARAMS

from accounts.models import Tenant
from billing.reconciliation import reconcile
from billing.selectors import usage
from tests.factories import ORDER, ask, make_plan, make_tenant
from tests.kept import answer_of
from tts_engine import cache, listen, queue, sentences, services, store, tasks
from tts_engine.models import Status, Synthesis
from tts_engine.selectors import CacheUse, cache_use
from tts_engine.services import Caller, synthesis_delete
from tts_engine.shelves.shelf import version_of
from tts_engine.speech.audio import wav
from tts_engine.speech.text import read
from tts_engine.speech.voice import Chunk, Utterance
from tts_engine.store import Draft
from tts_engine.worker import Engine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    """No worker is woken, and the sentences are this test's own."""
    monkeypatch.setattr(tasks.speak_next, "delay", lambda: None)
    settings.SENTENCES_ROOT = tmp_path


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def speak(answer: bytes = wav.header(wav.PCM, 24_000) + bytes(480)) -> Synthesis:
    """What a worker would do with the next row, with a beep."""
    row = queue.claim()
    assert row is not None
    with Draft(row, voice_rate=24_000) as draft:
        for _ in draft.master(iter([np.zeros(240, np.float32)])):
            pass
        for _ in draft.answer(iter([answer])):
            pass
        spoken = queue.Outcome(audio_ms=10, first_byte_ms=1, synthesis_ms=2, sentences=3, sentences_cached=1)
        assert queue.finish(row, spoken, draft)
    row.refresh_from_db()
    return row


def keep_sentences(asked: Synthesis) -> list[sentences.Place]:
    """As if a worker had kept each sentence of it."""
    style = services.style_of(asked, asked.voice)
    utterances = [Utterance(sentence, style) for sentence in read(asked.text).sentences]
    places = [sentences.place_of(asked.tenant_id, asked.voice_revision, one) for one in utterances]
    for place in places:
        recording = place.claim()
        assert recording
        recording.put(Chunk(np.zeros(10, np.float32)))
        recording.put(None)
    return places


def test_what_is_read_alike_is_one_result(tenant: Tenant) -> None:
    """Digits or words, full or half width: the bytes are the same, and so is the answer; each counts its own text."""
    ask(tenant, text="共有5个，ABC。")
    speak()
    again = ask(tenant, text="共有五个，ＡＢＣ。 ")
    assert (again.status, again.cache_hit, again.text) == (Status.DONE, True, "共有五个，ＡＢＣ。")


def test_a_repeat_is_one_statement_that_is_known(tenant: Tenant) -> None:
    """What psycopg keeps of a statement it keeps up to a size; beyond, it is parsed for every repeat."""
    given: list[tuple[str, Any]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        given.extend([(sql, params)] if "INSERT" in sql else [])
        return execute(sql, params, many, context)

    ask(tenant)
    speak()
    with connection.execute_wrapper(watch):
        assert ask(tenant).cache_hit
    ((statement, parameters),) = given
    assert len(statement) <= MAX_CACHED_STATEMENT_LENGTH
    assert len(parameters) <= MAX_CACHED_STATEMENT_PARAMS


def test_a_repeat_is_not_looked_for_again(tenant: Tenant) -> None:
    """The statement that stores it makes sure that the one before still answers; once that is deleted, another does."""
    ask(tenant)
    first = speak()
    second = ask(tenant)
    with CaptureQueriesContext(connection) as asked:
        third = ask(tenant)
    assert (second.cache_hit, third.cache_hit) == (True, True)
    assert [query["sql"] for query in asked if "FROM tts_engine_synthesis s WHERE" in query["sql"]] == []
    synthesis_delete(third)
    assert ask(tenant).cache_hit
    synthesis_delete(first)
    assert ask(tenant).cache_hit
    for row in Synthesis.objects.filter(tenant=tenant, deleted_at=None):
        synthesis_delete(row)
    assert ask(tenant).status == Status.QUEUED


def test_what_a_process_remembers_has_an_end() -> None:
    """What was asked for last, by the size of its audio."""
    known = cache.Known()
    audio = bytes(cache.REMEMBERED_BYTES // 4)
    for key in "abcdae":
        known.put(key, cache.Found(uuid4(), uuid4(), 0, "mp3", 10, None, cache.Answer(audio)))
    assert [key for key in "abcde" if known.get(key)] == ["a", "d", "e"]


def test_audio_that_is_held_is_counted(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read after its result was remembered: then the older one goes, where both have no room."""
    monkeypatch.setattr(cache, "REMEMBERED_BYTES", 2 * cache.ROW_BYTES + 700)
    repeats = []
    for text in ("你好。", "再见。"):
        ask(tenant, text=text)
        speak(wav.header(wav.PCM, 24_000) + bytes(480))
        repeat = services.synthesis_request(caller=Caller(tenant_id=tenant.id), order=replace(ORDER, text=text))
        assert listen.stored(repeat) == answer_of(repeat).read_bytes()
        repeats.append(repeat)
    assert [cache.guess(repeat) is not None for repeat in repeats] == [False, True]


def test_a_purge_holds_for_the_repeats(tenant: Tenant) -> None:
    """It is spoken anew, and nothing of the old is left behind for the new."""
    ask(tenant)
    speak()
    assert ask(tenant).cache_hit
    cache.purge(tenant_id=tenant.id)
    asked = ask(tenant)
    assert (asked.status, asked.cache_hit, asked.billed_characters, asked.audio_ms) == (
        Status.QUEUED,
        False,
        None,
        None,
    )
    assert not answer_of(asked).parent.exists()
    assert reconcile() == []


def test_more_repeats_than_a_file_may_have_names(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """ext4 counts 65,000, a busy day's: the next one is a file of its own, which has the names of those after it."""
    link, most = os.link, 3

    def counted(known: str, new: str) -> None:
        if Path(known).stat().st_nlink >= most:
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))
        link(known, new)

    monkeypatch.setattr(os, "link", counted)
    ask(tenant)
    first = speak()
    repeats = [ask(tenant) for _ in range(2 * most + 1)]
    assert all(repeat.cache_hit for repeat in repeats)
    files = [answer_of(row) for row in (first, *repeats)]
    assert {file.read_bytes() for file in files} == {files[0].read_bytes()}
    assert len({file.stat().st_ino for file in files}) == 3
    assert len({version_of(file) for file in files}) == 1


@pytest.mark.parametrize("rate", [0, 50], ids=["free", "billed"])
def test_a_result_that_is_gone_before_it_is_linked(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleted since it was looked for: the request is queued as any other, and reserves its characters once."""
    tenant = make_tenant(plan=make_plan(cached_rate=rate))
    ask(tenant)
    first = speak()
    found = cache.find(first)
    assert found
    store.delete(first)
    monkeypatch.setattr(cache, "find", lambda _row: found)
    asked = ask(tenant)
    assert (asked.status, asked.billed_characters) == (Status.QUEUED, None)
    assert (usage(tenant.id).used, usage(tenant.id).reserved) == (3, 3)
    assert not answer_of(asked).parent.exists()
    assert reconcile() == []


def test_without_the_cache_nothing_is_found_and_nothing_kept(tenant: Tenant) -> None:
    """`cache: false` both ways: it is spoken anew, and it is nobody's answer afterwards."""
    ask(tenant, use_cache=False)
    speak()
    assert ask(tenant).status == Status.QUEUED
    speak()
    assert ask(tenant, use_cache=False).status == Status.QUEUED
    assert ask(tenant).cache_hit


def test_a_purge_hides_results_and_keeps_the_history(tenant: Tenant) -> None:
    """They are spoken anew, those that were in work too; the old ones can still be heard; others' are untouched."""
    other = make_tenant()
    for team in (tenant, other):
        ask(team)
        speak()
    in_work = ask(tenant, text="您好。")
    cache.purge(tenant_id=tenant.id)
    speak()
    assert ask(tenant, text=in_work.text).status == Status.QUEUED
    assert ask(tenant).status == Status.QUEUED
    assert ask(other).cache_hit
    old = Synthesis.objects.filter(tenant=tenant, status=Status.DONE)
    assert [answer_of(row).is_file() for row in old] == [True, True]


def test_after_a_purge_the_cache_fills_again(tenant: Tenant) -> None:
    """What is asked for afterwards is found as ever, and a second purge hides that too."""
    for _ in range(2):
        cache.purge(tenant_id=tenant.id)
        assert ask(tenant).status == Status.QUEUED
        speak()
        assert ask(tenant).cache_hit


def test_a_purge_of_one_voice(tenant: Tenant) -> None:
    """Its results and sentences; the other voices' stay."""
    mine, hers = ask(tenant), ask(tenant, voice="yunxi")
    (my_place,), (her_place,) = keep_sentences(mine), keep_sentences(hers)
    speak()
    speak()
    assert cache.purge(tenant_id=tenant.id, voice="yunxi") == 1
    assert ask(tenant).cache_hit
    assert ask(tenant, voice="yunxi").status == Status.QUEUED
    assert (my_place.is_kept(), her_place.is_kept()) == (True, False)


def test_deleting_a_request_deletes_its_sentences(tenant: Tenant) -> None:
    """Its own, of its own tenant, and no others."""
    asked, same_text, other = (
        ask(tenant, text="你好。再见。"),
        ask(make_tenant(), text="你好。再见。"),
        ask(tenant, text="走了。"),
    )
    own, kept = keep_sentences(asked), keep_sentences(same_text) + keep_sentences(other)
    synthesis_delete(asked)
    assert [place.is_kept() for place in own] == [False, False]
    assert [place.is_kept() for place in kept] == [True] * 3
    synthesis_delete(asked)


def test_what_is_deleted_while_it_is_spoken(tenant: Tenant) -> None:
    """Neither its audio nor its sentences are there when the worker is done; what is not deleted stays."""
    deleted, kept = ask(tenant), ask(tenant, text="再见。")
    row = Synthesis.objects.get(id=deleted.id)
    synthesis_delete(deleted)
    for one in (row, kept):
        answer_of(one).parent.mkdir(parents=True)
        answer_of(one).write_bytes(b"audio")
    (its_place,), (other_place,) = keep_sentences(row), keep_sentences(kept)
    for one in (row, kept):
        services.forget_if_deleted(one)
    assert (answer_of(row).exists(), its_place.is_kept()) == (False, False)
    assert (answer_of(kept).exists(), other_place.is_kept()) == (True, True)


def test_a_hundred_alike_are_spoken_once(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that waited meanwhile are answered with the same bytes, and billed what they were promised."""
    asked = [ask(tenant) for _ in range(100)]
    first = speak()
    engine = Engine()
    monkeypatch.setattr(engine.catalog, "resolve", lambda _name: pytest.fail("it was spoken again"))
    while row := queue.claim():
        engine.speak(row)
    for row in asked:
        row.refresh_from_db()
        assert (row.status, row.billed_characters, row.audio_ms, row.cache_hit) == (Status.DONE, 3, 10, False)
        assert answer_of(row).samefile(answer_of(first))
    assert (usage(tenant.id).used, usage(tenant.id).reserved) == (300, 0)
    assert cache_use(tenant_id=tenant.id, since=first.created_at) == CacheUse(100, 0, 3, 1)
    assert reconcile() == []


def test_a_result_that_is_deleted_just_now(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the link: the row is left as it was, to be spoken."""
    ask(tenant)
    asked = ask(tenant)
    first = speak()
    monkeypatch.setattr(cache, "find", lambda _row: cache.Found(first.id, tenant.id, 1, "wav", 10))
    store.delete(first)
    row = queue.claim()
    assert row
    assert row.id == asked.id
    assert not Engine()._repeat(row)
    row.refresh_from_db()
    assert row.status == Status.RUNNING
    assert not answer_of(row).parent.exists()


def test_use_is_counted_by_tenant(tenant: Tenant) -> None:
    """Repeats among the requests, and cached ones among the sentences that a worker had to find or to speak."""
    first = ask(tenant)
    assert cache_use(tenant_id=tenant.id, since=first.created_at) == CacheUse(0, 0, 0, 0)
    speak()
    ask(tenant)
    ask(tenant)
    assert cache_use(tenant_id=tenant.id, since=first.created_at) == CacheUse(3, 2, 3, 1)
    assert cache_use(tenant_id=UUID(int=0), since=first.created_at) == CacheUse(0, 0, 0, 0)
