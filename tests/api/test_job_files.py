"""Jobs of files: what a draft has of a book or a table, and refusals that leave nothing behind."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.manuscripts.conftest import epub
from tts_engine.models import Job, JobItem, Synthesis

pytestmark = pytest.mark.usefixtures("no_wake_ups")

MakeKey = Callable[..., dict[str, str]]
Upload = Callable[..., Any]
JOB = {"model": "kokoro", "voice": "xiaoxiao"}
TABLE = "name,policy,音色,文件名\n张三,P-1,,zhang\n李四,P-2,yunxi,\n".encode("gbk")


@pytest.fixture
def upload(key: MakeKey) -> Upload:
    """upload(name, content, job=..., path="", status=201): the answer's JSON, of this team's key."""
    headers = key("speech")

    def upload(
        name: str, content: bytes, *, job: Any = None, path: str = "", status: int = 201, once: str | None = None
    ) -> Any:
        form = {"file": SimpleUploadedFile(name, content)} | ({} if job is None else {"job": json.dumps(job)})
        more = {"Idempotency-Key": once} if once else {}
        answer = Client().post(f"/v1/jobs/files{path}", form, headers=headers | more)
        assert answer.status_code == status, answer.content
        return answer.json()

    return upload


def test_a_table_becomes_a_draft_with_a_text_a_row(upload: Upload) -> None:
    """Names and voices of rows are kept; the draft is named after its file and counts what it will bill."""
    draft = upload("保单.csv", TABLE, job=JOB | {"template": "尊敬的{name}，保单{policy}到期。"})
    assert (draft["name"], draft["kind"], draft["status"], draft["rows"]) == ("保单", "table", "draft", 2)
    assert [(row["text"], row["voice"], row["file_name"]) for row in draft["preview"]] == [
        ("尊敬的张三，保单P-1到期。", "", "zhang"),
        ("尊敬的李四，保单P-2到期。", "yunxi", ""),
    ]
    assert draft["characters"] == sum(row["characters"] for row in draft["preview"]) == 28
    assert not Synthesis.objects.exists()


def test_a_book_becomes_a_draft_with_its_chapters(upload: Upload) -> None:
    """Each part knows whose chapter it is of; at once if the request says so."""
    content = epub({"a.xhtml": "<h1>上</h1><p>甲。</p>", "b.xhtml": "<h1>下</h1><p>乙。</p>"}).getvalue()
    job = upload("书.epub", content, job=JOB | {"name": "我的书", "start": True})
    assert (job["name"], job["kind"], job["status"]) == ("我的书", "text", "running")
    assert job["progress"]["rows"]["queued"] == 2
    assert list(JobItem.objects.order_by("number").values_list("chapter", "text")) == [
        ("上", "上\n甲。\n"),
        ("下", "下\n乙。\n"),
    ]


def test_a_glimpse_of_a_file_keeps_nothing(upload: Upload) -> None:
    """Columns and first rows of a table, chapters and sizes of a book."""
    table = upload("a.csv", b"a,b\n" + b"1,2\n" * 9, path="/preview", status=200)
    assert table == {"kind": "table", "chapters": [], "columns": ["a", "b"], "rows": [["1", "2"]] * 5}
    book = upload("a.md", "# 一\n甲乙".encode(), path="/preview", status=200)
    assert (book["kind"], book["chapters"]) == ("text", [{"title": "一", "characters": 4}])
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "job", "status", "code", "message"),
    [
        ("a.csv", b"name\n\xff\xff", JOB, 400, "file_encoding_unknown", "Save it as UTF-8"),
        ("a.pdf", b"%PDF", JOB, 415, "file_kind_unknown", ".epub"),
        ("a.xlsx", b"PK\x03\x04", JOB, 400, "file_damaged", "ZIP"),
        ("a.csv", b"text\n\n", JOB, 400, "file_empty", "no rows"),
        ("a.csv", b"name\nx\n", JOB | {"template": "{nane}"}, 400, "template_invalid", "{nane}"),
        ("a.csv", b"text,voice\na,\nb,nobody\n", JOB, 400, "rows_invalid", "Row 3, column 'voice'"),
        ("a.csv", b"text,emotion\na,furious\n", JOB, 400, "rows_invalid", "Row 2, column 'emotion'"),
        ("a.csv", b"name\nx\n", JOB | {"template": "{name}" + "x" * 4096}, 400, "string_above_max_length", "4096"),
        (
            "a.csv",
            b"name\nten letters\n",
            JOB | {"template": "{name}" + "x" * 4090},
            400,
            "rows_invalid",
            "Row 2: its text",
        ),
        ("a.csv", b"text\na\n", "no object", 400, "invalid_type", "JSON object"),
        ("a.csv", b"text\na\n", JOB | {"input": "x"}, 400, "unknown_parameter", "input"),
        ("a.csv", b"text\na\n", None, 400, "missing_required_parameter", "required"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(
    upload: Upload, name: str, content: bytes, job: Any, status: int, code: str, message: str
) -> None:
    """Each refusal says what to change, and no job, no row, no reservation is there afterwards."""
    refused = upload(name, content, job=job, status=status)
    assert (refused["code"], message in refused["detail"]) == (code, True), refused
    assert not Job.objects.exists()
    assert not JobItem.objects.exists()


def test_the_same_file_sent_again_is_the_same_job(upload: Upload) -> None:
    """By its Idempotency-Key; another file under the same key is refused."""
    first = upload("a.csv", b"text\na1\n", job=JOB, once="k-1")
    again = upload("a.csv", b"text\na1\n", job=JOB, once="k-1")
    assert first["id"] == again["id"]
    assert upload("a.csv", b"text\na2\n", job=JOB, once="k-1", status=422)["code"] == "idempotency_key_reused"
    assert Job.objects.count() == 1


def test_a_template_of_ssml(upload: Upload) -> None:
    """What a cell says is text in it; the cell that is all of the text is SSML itself."""
    template = '<speak>尊敬的{name}<break time="1s"/>您好。</speak>'
    table = "name,ssml\n张&李,<speak>好</speak>\n".encode()
    job = JOB | {"input_type": "ssml"}
    filled = upload("a.csv", table, job=job | {"template": template})
    assert filled["preview"][0]["text"] == '<speak>尊敬的张&amp;李<break time="1s"/>您好。</speak>'
    assert filled["characters"] == len("尊敬的张&李您好。")
    assert upload("a.csv", table, job=job | {"template": "{ssml}"})["characters"] == 1
    refused = upload("a.txt", "<speak>好</speak>".encode(), job=job, status=400)
    assert (refused["param"], refused["code"]) == ("input_type", "unsupported_value")


def test_a_book_with_tags(upload: Upload) -> None:
    """They hold over the end of a chapter."""
    book = "第一章 风\n[voice:yunxi]甲。\n第二章 雪\n乙。\n".encode()
    draft = upload("a.txt", book, job=JOB | {"allow_voice_tags": True})
    texts = [row["text"] for row in draft["preview"]]
    assert texts == ["第一章 风\n[voice:yunxi]甲。\n", "[voice:yunxi]第二章 雪\n乙。\n"]
