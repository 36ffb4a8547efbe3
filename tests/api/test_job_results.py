"""What a job has made: an archive, one recording with chapters, lists; sent while it is made."""

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import av
import numpy as np
import pytest
import soundfile
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import Client

from accounts.models import Tenant
from tests.factories import make_done, make_tenant, make_timeline, speak_queued
from tests.kept import answer_of
from tts_engine import queue, store
from tts_engine.errors import SynthesisFailed
from tts_engine.jobs.drafts import Row, job_create
from tts_engine.jobs.models import Job, JobKind
from tts_engine.jobs.services import job_cancel, job_start
from tts_engine.services import Caller, Order
from tts_engine.speech.voice import Samples

pytestmark = pytest.mark.usefixtures("no_wake_ups")

MakeKey = Callable[..., dict[str, str]]
Download = Callable[..., Any]
RATE = 24_000
ORDER = Order(text="", voice="xiaoxiao", model="tts-1", audio_format="wav")


def level(height: float, seconds: float = 0.1) -> Samples:
    return np.full(round(seconds * RATE), height, np.float32)


def make_job(tenant: Tenant, rows: list[Row], *, kind: JobKind = JobKind.TABLE, name: str = "保单") -> Job:
    draft = job_create(caller=Caller(tenant_id=tenant.id), name=name, kind=kind, order=ORDER, rows=rows)
    return job_start(draft)


@pytest.fixture
def book(tenant: Tenant) -> Job:
    """Two chapters of two rows and one, 0.1 s each, at different levels."""
    rows = [Row("甲。", chapter="上"), Row("乙。", chapter="上"), Row("丙。", chapter="下")]
    job = make_job(tenant, rows, kind=JobKind.TEXT, name="书")
    for height in (0.2, 0.4, 0.6):
        speak_queued(level(height))
    job.refresh_from_db()
    return job


@pytest.fixture
def download(key: MakeKey) -> Download:
    """download(job, query, status=200): the answer, its body in `content`."""
    headers = key("history")

    def download(job: Job, query: str = "", *, status: int = 200) -> Any:
        answer: Any = Client().get(f"/v1/jobs/{job.id}/download{query}", headers=headers)
        assert answer.status_code == status, answer.content
        if answer.streaming:
            answer.body = body(answer)
        return answer

    return download


def body(answer: StreamingHttpResponse) -> bytes:
    async def joined() -> bytes:
        return b"".join([piece async for piece in cast(AsyncIterator[bytes], answer.streaming_content)])

    return async_to_sync(joined)()


def test_an_archive_has_every_spoken_row_under_its_name(tenant: Tenant, download: Download) -> None:
    """And a list of all rows; names of rows that nobody named are their numbers, none is unsafe or there twice."""
    rows = [Row("一。", file_name="/甲"), Row("二。", file_name="_甲"), Row("=三。"), Row("四。")]
    job = make_job(tenant, rows)
    spoken = [speak_queued(level(0.1)) for _ in range(3)]
    failing = queue.claim()
    assert failing is not None
    queue.fail(failing, SynthesisFailed("the voice broke", code="synthesis_failed"))
    answer = download(job)
    assert "filename*=UTF-8''%E4%BF%9D%E5%8D%95.zip" in answer.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    assert archive.namelist() == ["_甲.wav", "_甲 (2).wav", "3.wav", "index.csv"]
    assert archive.read("3.wav") == answer_of(spoken[2]).read_bytes()
    listed = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
    assert [(line["row"], line["file"], line["text"], line["status"], line["seconds"]) for line in listed] == [
        ("1", "_甲.wav", "一。", "done", "0.1"),
        ("2", "_甲 (2).wav", "二。", "done", "0.1"),
        ("3", "3.wav", "'=三。", "done", "0.1"),
        ("4", "", "四。", "failed", ""),
    ]


def test_failed_rows_are_listed_as_a_table(tenant: Tenant, download: Download) -> None:
    """With the columns of an upload, so that it can be mended and sent again."""
    job = make_job(tenant, [Row("一。", voice="yunxi", file_name="a")])
    failing = queue.claim()
    assert failing is not None
    queue.fail(failing, SynthesisFailed("the voice broke", code="synthesis_failed"))
    listed = download(job, "?as=failed").body.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(listed))) == [
        ["row", "text", "voice", "emotion", "file_name", "error_code", "error"],
        ["1", "一。", "yunxi", "", "a", "synthesis_failed", "the voice broke"],
    ]


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
def test_a_job_joins_into_one_recording_that_knows_its_length(book: Job, download: Download, audio_format: str) -> None:
    """Silence between rows and more before a chapter, each row at its place to the sample."""
    answer = download(book, f"?as=joined&format={audio_format}&silence_ms=50&chapter_silence_ms=200")
    assert (answer.headers["x-audio-duration-ms"], answer.headers["x-missing-rows"]) == ("550", "0")
    samples, rate = soundfile.read(io.BytesIO(answer.body), dtype="float32")
    assert (rate, len(samples)) == (RATE, 550 * RATE // 1000)
    wanted = [level(0.2), level(0, 0.05), level(0.4), level(0, 0.2), level(0.6)]
    np.testing.assert_allclose(samples, np.concatenate(wanted), atol=1e-4)


def test_a_joined_mp3_has_its_chapters(book: Job, download: Download) -> None:
    """In the file, and the same as JSON."""
    content = download(book, "?as=joined&format=mp3&silence_ms=50&chapter_silence_ms=200").body
    with av.open(io.BytesIO(content)) as container:
        found = [
            (each["metadata"]["title"], round(float(each["start"] * each["time_base"]), 3))
            for each in container.chapters()
        ]
    assert found == [("上", 0.0), ("下", 0.45)]
    listed = download(book, "?as=chapters&silence_ms=50&chapter_silence_ms=200").content
    assert json.loads(listed)["chapters"][1] == {"title": "下", "start_ms": 450, "end_ms": 550}


@pytest.mark.parametrize(("audio_format", "delay"), [("wav", 0), ("mp3", 1105 / RATE)])
def test_a_job_s_subtitles_are_those_of_its_recording(
    tenant: Tenant, download: Download, audio_format: str, delay: float
) -> None:
    """Each row at its place in the whole, in that format; where rows have several voices it is told who speaks."""
    job = make_job(tenant, [Row("甲。"), Row("乙。", voice="yunxi")])
    spoken = [
        speak_queued(level(0.2, seconds=0.6), timeline=make_timeline(text, speakers=[speaker]))
        for text, speaker in (("甲。", "晓晓"), ("乙。", "云希"))
    ]
    query = f"?as=subtitles&format={audio_format}&silence_ms=1400"
    listed = json.loads(download(job, f"{query}&subtitles=json").body)["sentences"]
    starts = [round(start + delay, 3) for start in (0.1, 2.1)]
    assert [(each["text"], each["start"]) for each in listed] == [("甲。", starts[0]), ("乙。", starts[1])]
    shown = download(job, query)
    assert shown.headers["Content-Type"] == "application/x-subrip; charset=utf-8"
    assert "云希：乙\n" in shown.body.decode()
    answer_of(spoken[0]).with_name(store.TIMES).unlink()
    assert download(job, query, status=409).json()["code"] == "times_not_kept"


def test_what_is_not_there_yet_is_refused(tenant: Tenant, download: Download, book: Job) -> None:
    """A running job joins to nothing; a job of which nothing was spoken has no files; another team has none at all."""
    running = make_job(tenant, [Row("一。"), Row("二。")])
    for kind in ("zip", "joined"):
        assert download(running, f"?as={kind}", status=409).json()["code"] == "job_audio_not_ready"
    speak_queued(level(0.1))
    assert zipfile.ZipFile(io.BytesIO(download(running).body)).namelist() == ["1.wav", "index.csv"]
    assert download(running, "?as=joined", status=409).json()["code"] == "job_audio_not_ready"
    job_cancel(running)
    assert download(running, "?as=joined&format=wav").headers["x-missing-rows"] == "1"
    assert download(running, "?as=everything", status=400).json()["param"] == "as"
    foreign = Job.objects.create(tenant=make_tenant(), kind=JobKind.TABLE, order={})
    download(foreign, status=404)


def test_a_reader_who_leaves_frees_what_was_made_for_him(book: Job, key: MakeKey) -> None:
    """The generator behind the answer is closed, its files with it (an open one would fail this test)."""

    answer: Any = Client().get(f"/v1/jobs/{book.id}/download", headers=key("history"))
    pieces = answer.streaming_content

    async def leave() -> None:
        await anext(pieces)
        await pieces.aclose()

    async_to_sync(leave)()


def test_chosen_recordings_of_the_history_are_one_archive(tenant: Tenant, key: MakeKey) -> None:
    """In the order they were asked for; all of them or none."""
    first, second = make_done(tenant, level(0.1)), make_done(tenant, level(0.2))
    foreign = make_done(make_tenant(), level(0.3))

    def ask(*ids: str, status: int = 200) -> Any:
        answer = Client().post(
            "/v1/history/download", {"ids": ids}, content_type="application/json", headers=key("history")
        )
        assert answer.status_code == status
        return answer

    archive = zipfile.ZipFile(io.BytesIO(body(ask(str(second.id), str(first.id)))))
    assert [archive.read(name) for name in archive.namelist()] == [
        answer_of(each).read_bytes() for each in (second, first)
    ]
    assert ask(str(first.id), str(foreign.id), status=404).json()["code"] == "synthesis_not_found"
    ask(status=400)
