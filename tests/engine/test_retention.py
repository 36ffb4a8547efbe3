"""Where texts are switched off none is left anywhere; and what is kept for days is gone after them."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from structlog.testing import capture_logs

from accounts.models import Tenant
from accounts.selectors import audit_events
from tests.engine.jobs.conftest import MakeJob
from tests.engine.jobs.conftest import draft as draft
from tests.engine.jobs.conftest import started as started
from tests.factories import ask, make_tenant
from tests.kept import answer_of
from tts_engine import queue, relay, store, telling
from tts_engine.dictionary.services import entry_make, entry_put
from tts_engine.errors import JobStateConflict, SynthesisFailed, TimesNotKept, UnacceptableRetention
from tts_engine.jobs.models import JobItem
from tts_engine.jobs.services import forget_deleted, job_cancel, job_delete, job_retry
from tts_engine.models import Status, Synthesis
from tts_engine.retention import services
from tts_engine.retention.selectors import policy_of
from tts_engine.services import catalog, synthesis_delete
from tts_engine.speech.text.dictionary import Kind
from tts_engine.speech.voice import CharacterTime, Chunk, More, Spoken, Utterance, nobody_more
from tts_engine.subtitles import timeline
from tts_engine.worker import Engine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

SECRET = "张三的保单"
TEXT = f"{SECRET}是八八六。"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    """Policies are carried out when a test means it, and all files are this test's own."""
    from tts_engine import tasks

    monkeypatch.setattr(tasks.keep_to_policies, "delay", lambda: None)
    settings.AUDIO_ROOT, settings.SENTENCES_ROOT = tmp_path, tmp_path / "sentences"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def without_texts(tenant: Tenant) -> Tenant:
    switch(tenant, keep_texts=False)
    return tenant


def switch(tenant: Tenant, *, keep_texts: bool = True, keep_days: int | None = None) -> None:
    services.policy_set(tenant=tenant, keep_texts=keep_texts, keep_days=keep_days, actor="user:olga")


class Teller:
    """A voice that tells when each character is heard, as a real one does."""

    info = catalog().resolve("xiaoxiao")[0]

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        for number, utterance in enumerate(batch):
            times = tuple(CharacterTime(sign, i / 100, (i + 1) / 100) for i, sign in enumerate(utterance.sentence.text))
            yield number, Chunk(np.zeros(24_000, np.float32), times)
            yield number, None


class Breaking:
    """A voice that fails, and says on what."""

    info = Teller.info

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        raise RuntimeError(f"no sound for {batch[0].sentence.text}")
        yield


Work = Callable[..., Synthesis]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """work(): a worker takes the next row and speaks it."""

    def work(voice: Any = Teller) -> Synthesis:
        engine = Engine()
        monkeypatch.setattr(engine.catalog, "load", lambda _voice: voice())
        row = queue.claim()
        assert row
        engine.speak(row)
        relay.writer().delete(relay._key(row.id))  # what is on its way to the listener, and gone minutes later
        row.refresh_from_db()
        return row

    return work


def traces(tenant: Tenant) -> list[str]:
    """Wherever the text is found: any column of any table, any file, any key of Valkey."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{SECRET[:2]}%"])  # noqa: S608
            found += [table] * cursor.fetchone()[0]
    for file in (each for each in Path(settings.AUDIO_ROOT).rglob("*") if each.is_file()):
        content = file.read_bytes()
        # A sentence has its characters one by one; the times are packed.
        signs = (SECRET[0].encode(), SECRET[0].encode("unicode-escape"))
        if file.name == store.TIMES or any(sign in content for sign in signs):
            found.append(file.name)
    return found


def test_with_texts_there_are_traces(tenant: Tenant, work: Work) -> None:
    """What the other tests look for is found where texts are kept: the search is no blind one."""
    ask(tenant, text=TEXT)
    work()
    found = traces(tenant)
    assert "tts_engine_synthesis" in found
    assert "times" in found
    assert len(found) >= 3  # and the sentence in the cache


def test_without_texts_nothing_is_left_of_one(without_texts: Tenant, work: Work) -> None:
    """Spoken with its dictionary, and answered again from the cache: audio and counts are all there is."""
    entry_put(tenant_id=without_texts.id, entry=entry_make("八八六", Kind.REPLACEMENT, "号码"), actor="user:olga")
    asked = ask(without_texts, text=TEXT)
    assert asked.text == TEXT  # as long as it waits
    done = work()
    repeat = ask(without_texts, text=TEXT)
    for row in (done, repeat):
        row.refresh_from_db()
        assert (row.status, row.text, row.dictionary, row.characters) == (Status.DONE, "", None, len(TEXT))
        assert answer_of(row).stat().st_size > 0
        with pytest.raises(TimesNotKept, match="keeps no texts"):
            timeline(row)
    assert repeat.cache_hit
    assert traces(without_texts) == []


def test_the_log_has_a_hash(without_texts: Tenant, work: Work, settings: Any) -> None:
    """In the place of the text, the same for the same text; of a team that keeps its texts the log has the words."""
    other, logs = make_tenant(), []
    for team in (without_texts, without_texts, other):
        ask(team, text=TEXT, use_cache=False)
        with capture_logs() as events:
            work()
        logs.append(events[-1])
    first, again, kept = logs
    assert [event["event"] for event in logs] == ["spoken"] * 3
    assert first["text_hash"] == again["text_hash"]
    assert len(first["text_hash"]) == 64
    assert not any(word in repr(first) for word in (TEXT, SECRET))
    assert kept["text"] == TEXT
    settings.LOG_TEXT_CHARACTERS = 3
    assert telling.of_speech(Synthesis.objects.get(tenant=other))["text"] == f"{TEXT[:3]}…"
    settings.LOG_TEXT_CHARACTERS = 0
    assert "text" not in telling.of_speech(Synthesis.objects.get(tenant=other))


def test_what_fails_or_is_cancelled_leaves_nothing(without_texts: Tenant, work: Work) -> None:
    """Neither in the row, nor in the reason why, nor in the log."""
    ask(without_texts, text=TEXT)
    with capture_logs() as logs:
        failed = work(Breaking)
    assert (failed.status, failed.error_code, failed.error_message) == (Status.FAILED, "synthesis_failed", "")
    assert SECRET not in repr(logs)
    assert "RuntimeError" in repr(logs)
    cancelled = ask(without_texts, text=TEXT)
    queue.cancel(cancelled)
    refused = ask(without_texts, text=TEXT)
    row = queue.claim()
    assert row
    queue.fail(row, SynthesisFailed(f"{SECRET} has no sound", code="text_unspeakable", refused=True))
    assert {Synthesis.objects.get(id=each.id).text for each in (cancelled, refused)} == {""}
    assert traces(without_texts) == []


def test_a_job_keeps_its_texts_until_it_has_ended(without_texts: Tenant, started: MakeJob, work: Work) -> None:
    """Meanwhile a row that failed can be retried; then not, and nothing is left."""
    job = started(TEXT, f"{SECRET}到期。", "你好。", of=without_texts)
    row = queue.claim()
    assert row
    queue.fail(row, SynthesisFailed("no sound", code="text_unspeakable", refused=True))
    job_retry(job)
    for _ in range(2):
        work()
    last = queue.claim()
    assert last
    queue.fail(last, SynthesisFailed("no sound", code="text_unspeakable", refused=True))
    job.refresh_from_db()
    assert job.finished_at is not None
    assert traces(without_texts) == []
    with pytest.raises(JobStateConflict, match="still has its text"):
        job_retry(job)


def test_a_job_that_is_cancelled(without_texts: Tenant, draft: MakeJob, started: MakeJob) -> None:
    """Before its start or after: its texts go with it."""
    for job in (draft(TEXT, of=without_texts), started(TEXT, of=without_texts)):
        job_cancel(job)
    assert traces(without_texts) == []


def test_a_job_without_texts_that_is_deleted(without_texts: Tenant, started: MakeJob, work: Work) -> None:
    """Its recordings are found though no text tells which rows are left to do."""
    job = started(TEXT, of=without_texts)
    done = work()
    job_delete(job)
    assert forget_deleted() == 1
    assert not answer_of(done).exists()


def test_switched_off_the_past_follows(tenant: Tenant, draft: MakeJob, started: MakeJob, work: Work) -> None:
    """What was spoken before, what waits just now, jobs and sentences. Recordings stay, and drafts to be started."""
    ask(tenant, text=TEXT)
    done = work()
    started(TEXT, of=tenant)
    work()
    waits = ask(tenant, text=f"{TEXT}再见。")
    switch(tenant, keep_texts=False)
    services.carry_out()
    assert traces(tenant) == ["tts_engine_synthesis"]  # that still has to be spoken
    work()
    assert traces(tenant) == []
    assert answer_of(done).exists()
    assert Synthesis.objects.get(id=waits.id).status == Status.DONE
    job = draft(TEXT, of=tenant)
    services.carry_out()
    assert JobItem.objects.get(job=job).text == TEXT


def test_some_at_a_time(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and where several were asked for at one moment; once done, nothing is looked at again."""
    monkeypatch.setattr(services, "AT_ONCE", 2)
    for number in range(7):
        queue.cancel(ask(tenant, text=f"{TEXT}{number}"))
    Synthesis.objects.all().update(created_at=timezone.now() - DAY)
    queue.cancel(ask(tenant, text=TEXT))
    switch(tenant, keep_texts=False)
    services.carry_out()
    assert traces(tenant) == []
    upto = policy_of(tenant.id).texts_gone_upto
    assert upto is not None


def test_switched_on_again(without_texts: Tenant, work: Work) -> None:
    """From the next request on; what is gone does not come back."""
    ask(without_texts, text=TEXT)
    work()
    switch(without_texts, keep_texts=True)
    ask(without_texts, text="第二句话。")
    assert (work().text, Synthesis.objects.order_by("created_at")[0].text) == ("第二句话。", "")


def test_other_teams_keep_theirs(without_texts: Tenant, work: Work) -> None:
    """A policy is one team's."""
    other = make_tenant()
    ask(other, text=TEXT)
    services.carry_out()
    assert work().text == TEXT


def age(row: Synthesis, days: int) -> None:
    Synthesis.objects.filter(id=row.id).update(created_at=timezone.now() - days * DAY)


def test_after_its_days_a_request_is_gone(tenant: Tenant, work: Work) -> None:
    """Text, recording and its sentences; what it billed stays. Younger ones stay whole."""
    rows = []
    for text in (TEXT, "今天下雨。"):
        ask(tenant, text=text)
        rows.append(work())
    old, young = rows
    age(old, 8)
    sentences = [each for each in Path(settings.SENTENCES_ROOT).rglob("*") if each.is_file()]
    (its_own,) = [each for each in sentences if "\\u5f20" in each.read_bytes()[:2000].decode("latin-1")]
    os.utime(its_own, times=(0, 0))
    switch(tenant, keep_days=7)
    services.carry_out()
    for row in rows:
        row.refresh_from_db()
    assert (old.deleted_at is None, old.text, answer_of(old).exists()) == (False, "", False)
    assert (young.deleted_at, answer_of(young).exists()) == (None, True)
    assert (old.billed_characters, its_own.exists(), len(sentences)) == (len(TEXT), False, 2)


def test_a_job_goes_as_a_whole(tenant: Tenant, draft: MakeJob, started: MakeJob, work: Work) -> None:
    """Its days count from its end; a draft's from its making; one that still runs stays."""
    ended, waiting, forgotten = started(TEXT, of=tenant), started("你好。", of=tenant), draft("早。", of=tenant)
    work()
    type(ended).objects.filter(id=ended.id).update(finished_at=timezone.now() - 8 * DAY)
    type(ended).objects.filter(id__in=[waiting.id, forgotten.id]).update(created_at=timezone.now() - 8 * DAY)
    switch(tenant, keep_days=7)
    services.carry_out()
    gone = set(type(ended).objects.filter(deleted_at__isnull=False).values_list("id", flat=True))
    assert gone == {ended.id, forgotten.id}


def test_what_was_deleted_before_is_no_fault(tenant: Tenant, work: Work) -> None:
    """By somebody, or by the run before this one."""
    ask(tenant, text=TEXT)
    row = work()
    synthesis_delete(row)
    row.refresh_from_db()
    age(row, 30)
    switch(tenant, keep_days=1)
    for _ in range(2):
        services.carry_out()
    assert Synthesis.objects.get(id=row.id).deleted_at == row.deleted_at


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_days_that_are_refused(tenant: Tenant, days: int) -> None:
    """Nothing is changed, and nothing is in the trail."""
    with pytest.raises(UnacceptableRetention):
        switch(tenant, keep_days=days)
    assert policy_of(tenant.id).keep_days is None
    assert not audit_events(tenant).filter(action="storage.policy").exists()


def test_the_same_again_is_no_change(tenant: Tenant) -> None:
    """One entry of the trail for one change."""
    for _ in range(2):
        switch(tenant, keep_texts=False, keep_days=30)
    (entry,) = audit_events(tenant).filter(action="storage.policy")
    assert (entry.actor, entry.details) == ("user:olga", {"keep_texts": False, "keep_days": 30})
