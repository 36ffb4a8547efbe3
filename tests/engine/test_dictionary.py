"""A team's dictionary: what changes it, its versions, and what a request is read with."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accounts.models import AuditEvent, Tenant
from tests.factories import ask, make_tenant, speak_queued
from tests.threads import at_once
from tts_engine import queue
from tts_engine.dictionary import selectors
from tts_engine.dictionary.models import DictionaryEntry, DictionaryVersion
from tts_engine.dictionary.services import entries_import, entry_delete, entry_make, entry_put, version_restore
from tts_engine.errors import (
    DictionaryEntryNotFound,
    DictionaryFull,
    DictionaryTextTooLong,
    DictionaryVersionNotFound,
)
from tts_engine.models import Status, Synthesis
from tts_engine.scripts import Written
from tts_engine.services import catalog, synthesis_delete
from tts_engine.speech.errors import EntryError
from tts_engine.speech.text import read_script, reading_of
from tts_engine.speech.text.dictionary import Kind
from tts_engine.speech.voice import Chunk, More, Spoken, Utterance, nobody_more
from tts_engine.worker import Engine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def put(tenant: Tenant, word: str, value: str, kind: Kind = Kind.REPLACEMENT) -> DictionaryVersion | None:
    return entry_put(tenant_id=tenant.id, entry=entry_make(word, kind, value), actor="user:ann")


def take_in(tenant: Tenant, said: dict[str, str], *, replace: bool = False) -> DictionaryVersion | None:
    entries = [entry_make(word, Kind.REPLACEMENT, value) for word, value in said.items()]
    return entries_import(tenant_id=tenant.id, entries=entries, replace=replace, actor="user:ann")


def held(tenant: Tenant, number: int | None = None) -> dict[str, str]:
    return dict(selectors.entries(tenant.id, number).values_list("word", "value"))


def spoken(row: Synthesis) -> str:
    """What a worker will say."""
    return reading_of(read_script(Written.of(row).script())).text


# --- Changes and versions ---


def test_every_change_is_a_version(tenant: Tenant) -> None:
    """Put, said in another way, deleted: each is told apart, and each version stays what it was."""
    changes = [put(tenant, "甲", "一"), put(tenant, "乙", "二"), put(tenant, "甲", "三")]
    changes.append(entry_delete(tenant_id=tenant.id, word="乙", actor="key:1"))
    told = [(v.number, v.action, v.actor, v.added, v.changed, v.removed, v.entries) for v in changes if v]
    assert told == [
        (1, "put", "user:ann", 1, 0, 0, 1),
        (2, "put", "user:ann", 1, 0, 0, 2),
        (3, "put", "user:ann", 0, 1, 0, 2),
        (4, "delete", "key:1", 0, 0, 1, 1),
    ]
    assert [held(tenant, number) for number in (1, 2, 3, 4)] == [
        {"甲": "一"},
        {"甲": "一", "乙": "二"},
        {"甲": "三", "乙": "二"},
        {"甲": "三"},
    ]
    assert held(tenant) == held(tenant, 4)


def test_what_changes_nothing_is_no_version(tenant: Tenant) -> None:
    """The same again, the same table, the version that is the newest."""
    put(tenant, "甲", "一")
    assert put(tenant, "甲", " 一 ") is None
    assert take_in(tenant, {"甲": "一"}, replace=True) is None
    assert version_restore(tenant_id=tenant.id, number=1, actor="user:ann") is None
    assert selectors.current_number(tenant.id) == 1


def test_a_table_is_one_version(tenant: Tenant) -> None:
    """Merged, what it does not name stays; replaced, that goes."""
    take_in(tenant, {"甲": "一", "乙": "二"})
    merged = take_in(tenant, {"乙": "三", "丙": "四"})
    assert merged
    assert (merged.number, merged.added, merged.changed, merged.removed, merged.entries) == (2, 1, 1, 0, 3)
    replaced = take_in(tenant, {"丙": "四"}, replace=True)
    assert replaced
    assert (replaced.added, replaced.changed, replaced.removed, replaced.entries) == (0, 0, 2, 1)
    assert held(tenant) == {"丙": "四"}


def test_an_earlier_version_comes_back_as_a_new_one(tenant: Tenant) -> None:
    """Nothing between is lost; what there is not cannot be restored."""
    take_in(tenant, {"甲": "一", "乙": "二"})
    take_in(tenant, {"甲": "三", "丙": "四"}, replace=True)
    restored = version_restore(tenant_id=tenant.id, number=1, actor="user:ann")
    assert restored
    assert (restored.number, restored.added, restored.changed, restored.removed) == (3, 1, 1, 1)
    assert held(tenant) == held(tenant, 1) == {"甲": "一", "乙": "二"}
    assert held(tenant, 2) == {"甲": "三", "丙": "四"}
    for number in (0, 4, 10**30):
        with pytest.raises(DictionaryVersionNotFound):
            version_restore(tenant_id=tenant.id, number=number, actor="user:ann")


def test_only_so_many_versions_are_kept(tenant: Tenant, settings: Any) -> None:
    """With the entries they need; the others are gone from the tables."""
    settings.DICTIONARY_VERSIONS = 2
    for value in "一二三四":
        put(tenant, "甲", value)
    assert [version.number for version in selectors.versions(tenant.id)] == [4, 3]
    assert (held(tenant, 3), held(tenant, 4)) == ({"甲": "三"}, {"甲": "四"})
    assert DictionaryEntry.objects.filter(tenant=tenant).count() == 2
    with pytest.raises(DictionaryVersionNotFound):
        version_restore(tenant_id=tenant.id, number=2, actor="user:ann")


def test_a_word_that_there_is_not_cannot_be_deleted(tenant: Tenant) -> None:
    """Nor another team's."""
    put(make_tenant(), "甲", "一")
    for word in ("甲", "", "\x00"):
        with pytest.raises(DictionaryEntryNotFound):
            entry_delete(tenant_id=tenant.id, word=word, actor="user:ann")


def test_a_dictionary_has_so_many_entries(tenant: Tenant, settings: Any) -> None:
    """Beyond it nothing is written; what is there can still be changed."""
    settings.DICTIONARY_ENTRIES = 2
    take_in(tenant, {"甲": "一", "乙": "二"})
    with pytest.raises(DictionaryFull):
        take_in(tenant, {"甲": "三", "丙": "四"})
    assert held(tenant) == {"甲": "一", "乙": "二"}
    assert put(tenant, "甲", "三")
    assert take_in(tenant, {"丙": "四"}, replace=True)


@pytest.mark.parametrize(("word", "value", "param"), [("甲" * 51, "一", "word"), ("甲", "一" * 301, "replacement")])
def test_words_and_what_is_said_are_short(word: str, value: str, param: str) -> None:
    """So that no dictionary outgrows its team's share of memory."""
    with pytest.raises(EntryError) as refusal:
        entry_make(word, Kind.REPLACEMENT, value)
    assert (refusal.value.param, refusal.value.reason) == (param, "too_long")


def test_the_trail_has_every_change(tenant: Tenant) -> None:
    """Who did what to which version; the word where it was one, for a table the counts."""
    put(tenant, "甲", "一")
    take_in(tenant, {"乙": "二", "丙": "四"})
    version_restore(tenant_id=tenant.id, number=1, actor="key:1")
    trail = AuditEvent.objects.filter(tenant=tenant).order_by("id").values_list("action", "actor", "details")
    counts = {"added": 0, "changed": 0, "removed": 0}
    assert list(trail)[-3:] == [
        ("dictionary.put", "user:ann", {"version": 1, **counts, "added": 1, "word": "甲"}),
        ("dictionary.import", "user:ann", {"version": 2, **counts, "added": 2}),
        ("dictionary.restore", "key:1", {"version": 3, **counts, "removed": 2, "restored": 1}),
    ]


def test_changes_at_once_are_counted_one_after_the_other(tenant: Tenant) -> None:
    """Eight at the same moment make eight versions, and the last has all their words."""
    words = "甲乙丙丁戊己庚辛"
    coming = iter(words)
    at_once(len(words), lambda: put(tenant, next(coming), "一"))
    assert selectors.current_number(tenant.id) == 8
    assert sorted(held(tenant)) == sorted(words)


# --- What a request is read with ---


def test_a_request_keeps_the_entries_that_occur(tenant: Tenant) -> None:
    """As they were when it was taken in, whatever happens to the dictionary while it waits."""
    put(tenant, "AI", "人工智能")
    put(tenant, "行长", "hang2 zhang3", Kind.PINYIN)
    put(tenant, "别的", "无")
    row = ask(tenant, text="AI行长。")
    assert row.dictionary == [["AI", "replacement", "人工智能"], ["行长", "pinyin", "hang2 zhang3"]]
    put(tenant, "AI", "机器")
    entry_delete(tenant_id=tenant.id, word="行长", actor="user:ann")
    assert spoken(Synthesis.objects.get(id=row.id)) == "人工智能行长。"
    assert spoken(ask(tenant, text="AI行长。")) == "机器行长。"


def test_a_change_counts_from_the_next_request_on(tenant: Tenant) -> None:
    """In this process and in every other: each asks for the newest version."""
    assert ask(tenant, text="AI。").dictionary is None
    put(tenant, "AI", "人工智能")
    assert spoken(ask(tenant, text="AI。")) == "人工智能。"
    entry_delete(tenant_id=tenant.id, word="AI", actor="user:ann")
    assert ask(tenant, text="AI。").dictionary is None


class Parrot:
    """A voice that remembers what it was given to speak."""

    info = catalog().resolve("xiaoxiao")[0]

    def __init__(self) -> None:
        self.heard: list[str] = []

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        for number, utterance in enumerate(batch):
            self.heard.append(utterance.sentence.text)
            yield number, Chunk(np.zeros(240, np.float32))
            yield number, None


def test_a_worker_speaks_a_row_as_it_was_taken_in(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """With the entries of its moment, though the dictionary has others by now."""
    settings.SENTENCES_ROOT = tmp_path
    put(tenant, "AI", "人工智能")
    asked = ask(tenant, text="AI。")
    put(tenant, "AI", "机器")
    engine, voice = Engine(), Parrot()
    monkeypatch.setattr(engine.catalog, "load", lambda _voice: voice)
    row = queue.claim()
    assert row
    engine.speak(row)
    asked.refresh_from_db()
    assert (asked.status, voice.heard) == (Status.DONE, ["人工智能。"])


def test_only_texts_in_which_an_entry_occurs_are_spoken_anew(tenant: Tenant) -> None:
    """Their cache key changes, and comes back with the version; the others' results stay good."""
    with_it, without = "AI很好。", "天很好。"
    for text in (with_it, without):
        ask(tenant, text=text)
        speak_queued()
    put(tenant, "AI", "人工智能")
    assert ask(tenant, text=without).cache_hit
    row = ask(tenant, text=with_it)
    assert (row.status, row.cache_hit) == (Status.QUEUED, False)
    speak_queued()
    assert ask(tenant, text=with_it).cache_hit
    entry_delete(tenant_id=tenant.id, word="AI", actor="user:ann")
    assert ask(tenant, text=with_it).cache_hit


def test_the_dictionary_changes_nothing_of_the_bill(tenant: Tenant) -> None:
    """What was written is counted, however long what is said."""
    put(tenant, "AI", "人工智能" * 10)
    put(tenant, "重庆", "chong2 qing4", Kind.PINYIN)
    row = ask(tenant, text="AI在重庆。")
    assert (row.characters, row.normalised_characters) == (6, 44)


def test_another_teams_entries_are_not_met(tenant: Tenant) -> None:
    """The same words of two teams are two things."""
    other = make_tenant()
    put(other, "AI", "人工智能")
    assert ask(tenant, text="AI。").dictionary is None
    assert held(tenant) == {}


def test_a_text_that_grows_too_long_is_refused(tenant: Tenant, settings: Any) -> None:
    """Nothing is reserved or queued."""
    settings.DICTIONARY_SPOKEN_CHARACTERS = 20
    put(tenant, "甲", "一" * 10)
    ask(tenant, text="甲甲")
    with pytest.raises(DictionaryTextTooLong):
        ask(tenant, text="甲甲甲")
    assert Synthesis.objects.filter(tenant=tenant).count() == 1
    assert ask(tenant, text="乙" * 30).status == Status.QUEUED


def test_what_is_deleted_leaves_no_entries(tenant: Tenant) -> None:
    """They say what was in the text."""
    put(tenant, "AI", "人工智能")
    row = ask(tenant, text="AI。")
    synthesis_delete(row)
    row.refresh_from_db()
    assert row.dictionary is None
