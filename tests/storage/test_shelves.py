"""Audio is kept alike on disk and in a bucket: whole or not at all, copied, read by the stretch, deleted."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from socket import socket
from typing import cast

import numpy as np
import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Scope, Tenant
from accounts.services import api_key_create
from config import startup
from config.processes import StartError
from tests.factories import make_done, make_queued, make_tenant, make_timeline
from tests.storage.object_store import ObjectStore
from tts_engine import queue, store
from tts_engine.errors import StorageUnavailable
from tts_engine.jobs.results import archive
from tts_engine.models import Synthesis
from tts_engine.services import synthesis_delete
from tts_engine.shelves.bucket import Bucket
from tts_engine.shelves.bucket_file import BUFFER
from tts_engine.shelves.shelf import size_of, version_of
from tts_engine.speech.audio import label as file_label
from tts_engine.speech.voice import Samples
from tts_engine.store import Copy, Draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_wake_ups")]

TONE: Samples = np.sin(np.arange(24_000, dtype=np.float32) / 10).astype(np.float32) / np.float32(2)  # a second
TEXT = "你好。"


@pytest.fixture
def spoken(anywhere: str, tenant: Tenant) -> Synthesis:
    return make_done(tenant, TONE, text=TEXT, timeline=make_timeline(TEXT))


def names(tenant: Tenant) -> list[str]:
    """Of the tenant's files, without their folders."""
    return sorted(each.name.rpartition("/")[2] for each in store.shelf().listed(tenant.id))


def download(synthesis: Synthesis, query: str = "", **headers: str) -> StreamingHttpResponse:
    _, secret = api_key_create(tenant=synthesis.tenant, scopes=list(Scope.values))
    sent = {"authorization": f"Bearer {secret}", **headers}
    return cast(StreamingHttpResponse, Client().get(f"/v1/history/{synthesis.id}/audio{query}", headers=sent))


def body(answer: StreamingHttpResponse) -> bytes:
    async def joined() -> bytes:
        return b"".join([piece async for piece in cast(AsyncIterator[bytes], answer.streaming_content)])

    return async_to_sync(joined)()


def test_what_was_spoken_lies_below_its_tenant_with_its_sums(spoken: Synthesis, tenant: Tenant) -> None:
    assert names(tenant) == ["answer.wav", "master.flac", "times"]
    assert all(each.name.startswith(f"{tenant.id}/") for each in store.shelf().listed())
    answer = store.answer_file(spoken).read_bytes()
    assert size_of(store.answer_file(spoken)) == len(answer)
    assert bytes(spoken.answer_sha256 or b"") == hashlib.sha256(answer).digest()
    assert store.sums(spoken) == store.Sums(bytes(spoken.master_sha256 or b""), bytes(spoken.answer_sha256 or b""))
    assert list(store.shelf().listed(make_tenant().id)) == []


def test_nothing_is_found_before_its_transaction_is_over(anywhere: str, tenant: Tenant) -> None:
    """What a worker has prepared is not what anybody looks at, and without its end nothing of it is left."""
    make_queued(tenant)
    row = queue.claim()
    assert row is not None
    as_the_door_has_it = Synthesis.objects.get(id=row.id)
    as_the_door_has_it.attempt = 0
    with Draft(row, voice_rate=24_000) as draft:
        for _ in draft.master(iter([TONE])):
            pass
        for _ in draft.answer(iter([b"answer"])):
            pass
        draft.prepare()
        assert not store.is_kept(as_the_door_has_it)
    assert names(tenant) == []


def test_a_repeat_has_its_own_which_outlives_the_first(spoken: Synthesis, tenant: Tenant) -> None:
    """The same bytes, of the same version, with the times; each is deleted alone, by whoever deletes."""
    repeat = make_queued(tenant, text=TEXT, audio_format="wav")
    assert Copy(source=spoken, target=repeat).keep() == size_of(store.answer_file(spoken))
    answer = store.answer_file(spoken).read_bytes()
    assert version_of(store.answer_file(repeat)) == version_of(store.answer_file(spoken))
    synthesis_delete(spoken)
    assert not store.is_kept(spoken)
    assert store.answer_file(repeat).read_bytes() == answer
    assert store.timeline(repeat).sentences
    synthesis_delete(repeat)
    assert names(tenant) == []


def test_a_copy_of_what_was_deleted_leaves_nothing(spoken: Synthesis, tenant: Tenant) -> None:
    store.delete(spoken)
    target = make_queued(tenant, audio_format="wav")
    with pytest.raises(FileNotFoundError):
        Copy(source=spoken, target=target).keep()
    assert names(tenant) == []


def test_another_format_is_made_once(spoken: Synthesis, tenant: Tenant) -> None:
    """From the master, with its label."""
    made = store.file_in(spoken, "mp3")
    version = version_of(made)
    assert version_of(store.file_in(spoken, "mp3")) == version
    assert "as.mp3" in names(tenant)
    label = file_label.read(made)
    assert label is not None
    assert label.produce_id == str(spoken.id)


def test_it_is_downloaded_whole_and_by_the_stretch(spoken: Synthesis) -> None:
    whole = store.answer_file(spoken).read_bytes()
    answer = download(spoken)
    assert (answer.status_code, body(answer)) == (200, whole)
    some = download(spoken, range="bytes=1000-1999")
    assert (some.status_code, body(some)) == (206, whole[1000:2000])
    assert some.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
    last = download(spoken, range="bytes=-10")
    assert body(last) == whole[-10:]


def test_it_is_zipped_and_its_times_can_go_alone(spoken: Synthesis, tenant: Tenant) -> None:
    packed = b"".join(archive.recordings_bytes([spoken]))
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        (name,) = found.namelist()
        assert found.read(name) == store.answer_file(spoken).read_bytes()
    store.delete_times(spoken)
    with pytest.raises(FileNotFoundError):
        store.timeline(spoken)
    assert names(tenant) == ["answer.wav", "master.flac"]


def test_a_tenant_goes_with_all_its_files_and_no_others(spoken: Synthesis, tenant: Tenant) -> None:
    other = make_done(make_tenant(), TONE)
    store.shelf().delete_tenant(tenant.id)
    store.shelf().delete_tenant(tenant.id)  # again is no error
    assert names(tenant) == []
    assert store.is_kept(other)


def test_a_file_in_a_bucket_is_read_like_one_on_disk(in_a_bucket: Bucket, tenant: Tenant) -> None:
    """Sought from the start, from here and from the end; longer than what is held of it."""
    content = np.random.default_rng(1).bytes(3 * BUFFER + 17)
    name = f"{tenant.id}/trial"
    in_a_bucket.client.put_object(Bucket=in_a_bucket.name, Key=f"{in_a_bucket.prefix}{name}", Body=content)
    with in_a_bucket.file(name).open("rb") as file:
        assert file.read(10) == content[:10]
        assert file.seek(-17, io.SEEK_END) == len(content) - 17
        assert file.read() == content[-17:]
        assert file.read() == b""
        file.seek(5)
        file.seek(2 * BUFFER, io.SEEK_CUR)
        assert file.read(100) == content[2 * BUFFER + 5 :][:100]
        file.seek(0)
        assert file.read() == content
    with pytest.raises(FileNotFoundError):
        in_a_bucket.file("nothing").open("rb")
    assert not in_a_bucket.file("nothing").is_file()


def test_a_bucket_that_refuses_is_not_one_without_audio(in_a_bucket: Bucket, objects: ObjectStore) -> None:
    with replace(objects, secret_access_key="another").client() as stranger, pytest.raises(StorageUnavailable):
        replace(in_a_bucket, client=stranger).file("x").is_file()


def test_a_start_without_its_bucket_says_so(
    in_a_bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    startup.check_bucket()
    settings.AUDIO_BUCKET = "nowhere"
    monkeypatch.setattr(startup, "bucket", lambda: replace(in_a_bucket, name="nowhere"))
    with pytest.raises(StartError, match="AUDIO_BUCKET"):
        startup.check_bucket()


def test_a_bucket_that_does_not_answer_is_told_with_its_status(
    in_a_bucket: Bucket, tenant: Tenant, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller learns to come again; nothing was changed."""
    spoken = make_done(tenant, TONE)
    with socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with replace(objects, port=nobody.getsockname()[1]).client(retries={"total_max_attempts": 1}) as deaf:
            monkeypatch.setattr(store, "bucket", lambda: replace(in_a_bucket, client=deaf))
            answer = download(spoken)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "storage_unavailable")
    monkeypatch.undo()
    assert store.is_kept(spoken)
