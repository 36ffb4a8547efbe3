"""The doors to jobs: a draft and what it tells, the way to its end, and what another team sees of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Tenant
from accounts.services import api_key_create
from billing import selectors as billing
from billing.models import LedgerEntry
from billing.price_book.services import SHIPPED, price_book_load
from tests.factories import make_plan, make_tenant, speak_queued
from tts_engine import queue, tasks
from tts_engine.errors import SynthesisFailed
from tts_engine.jobs.services import forget_deleted
from tts_engine.models import InputType, Job, Status, Synthesis
from tts_engine.scripts import Written
from tts_engine.services import counted_of, read_late
from tts_engine.speech.text.script import Manner, Passage

pytestmark = pytest.mark.usefixtures("no_wake_ups")

MakeKey = Callable[..., dict[str, str]]
Ask = Callable[..., Any]
COMMON = {"model": "kokoro", "voice": "xiaoxiao", "response_format": "wav"}
TABLE = COMMON | {"items": [{"text": "你好。"}, {"text": "再见！", "voice": "yunxi", "file_name": "bye"}]}


def asking(headers: dict[str, str]) -> Ask:
    def ask(method: str, path: str = "", body: Any = None, *, status: int = 200, once: str | None = None) -> Any:
        more = {"Idempotency-Key": once} if once else {}
        answer = Client().generic(
            method,
            f"/v1/jobs{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers | more,
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    return ask


@pytest.fixture
def ask(key: MakeKey) -> Ask:
    """ask(method, path, body=..., status=200, once=...): the answer's JSON, of this team's key."""
    return asking(key("speech"))


def key_of(tenant: Tenant) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key_create(tenant=tenant)[1]}"}


def test_from_a_table_to_its_end(ask: Ask) -> None:
    """The draft says what it will bill, the end that it did."""
    draft = ask("POST", body=TABLE | {"name": "calls"}, status=201)
    assert (draft["object"], draft["kind"], draft["status"], draft["name"]) == ("job", "table", "draft", "calls")
    assert (draft["rows"], draft["characters"], draft["progress"]) == (2, 6, None)
    assert [(row["number"], row["text"], row["voice"], row["characters"]) for row in draft["preview"]] == [
        (1, "你好。", "", 3),
        (2, "再见！", "yunxi", 3),
    ]
    path = f"/{draft['id']}"
    running = ask("POST", f"{path}/start")
    assert (running["status"], running["progress"]["rows"]["queued"], running["preview"]) == ("running", 2, None)
    first, second = speak_queued(), speak_queued()
    assert (first.voice, second.voice) == ("xiaoxiao", "yunxi")
    done = ask("GET", path)
    assert (done["status"], done["progress"]["billed_characters"]) == ("done", draft["characters"])
    rows = ask("GET", f"{path}/items")["data"]
    assert [(row["status"], row["synthesis"], row["file_name"]) for row in rows] == [
        ("done", str(first.id), ""),
        ("done", str(second.id), "bye"),
    ]


def test_a_long_text_is_cut_and_nothing_is_lost(ask: Ask) -> None:
    """Its parts, one after the other, are the text."""
    text = "第一段。\n" + "很长的一句话，" * 400 + "完了。\n"
    job = ask("POST", body=COMMON | {"input": text}, status=201)
    rows = ask("GET", f"/{job['id']}/items")["data"]
    assert (job["kind"], job["rows"]) == ("text", len(rows))
    assert len(rows) > 2
    assert "".join(row["text"] for row in rows) == text
    assert job["characters"] == sum(row["characters"] for row in rows)


def test_started_at_once(ask: Ask) -> None:
    """For programs that need no look at the draft."""
    assert ask("POST", body=TABLE | {"start": True}, status=201)["status"] == "running"


def test_paused_resumed_cancelled_deleted(ask: Ask) -> None:
    """Each answers with the job as it is then; what is gone is 404."""
    path = f"/{ask('POST', body=TABLE | {'start': True}, status=201)['id']}"
    assert ask("POST", f"{path}/pause")["progress"]["rows"]["held"] == 2
    assert ask("POST", f"{path}/pause", status=409)["code"] == "job_state_conflict"
    assert ask("POST", f"{path}/resume")["progress"]["rows"]["queued"] == 2
    assert ask("POST", f"{path}/cancel")["progress"]["rows"]["cancelled"] == 2
    assert ask("GET", "")["data"][0]["status"] == "cancelled"
    ask("DELETE", path, status=204)
    assert ask("GET", path, status=404)["code"] == "job_not_found"
    assert ask("GET", "")["data"] == []


def test_failed_rows_are_listed_and_retried(ask: Ask) -> None:
    """With why they failed; a page at a time."""
    path = f"/{ask('POST', body=TABLE | {'start': True}, status=201)['id']}"
    for _ in range(2):
        row = queue.claim()
        assert row is not None
        queue.fail(row, SynthesisFailed("no sound", code="text_unspeakable", refused=True))
    page = ask("GET", f"{path}/items?status=failed&limit=1")
    assert [(row["number"], row["error_code"]) for row in page["data"]] == [(1, "text_unspeakable")]
    rest = ask("GET", f"{path}/items?status=failed&limit=1&cursor={page['next']}")
    assert ([row["number"] for row in rest["data"]], rest["has_more"]) == ([2], False)
    assert ask("POST", f"{path}/retry")["progress"]["rows"]["queued"] == 2
    assert ask("GET", f"{path}/items?status=failed")["data"] == []


def test_a_draft_tells_quota_and_cost(tenant: Tenant) -> None:
    """Whether it fits, and what vendors would ask for it."""
    price_book_load(SHIPPED)
    small = asking(key_of(make_tenant(plan=make_plan(characters=5))))
    draft = small("POST", body=TABLE, status=201)
    assert (draft["quota"]["limit"], draft["quota"]["remaining"], draft["quota"]["fits"]) == (5, 5, False)
    assert draft["cost"]["cheapest"]["cost"] <= draft["cost"]["default"]["cost"] <= draft["cost"]["dearest"]["cost"]
    assert small("POST", f"/{draft['id']}/start", status=429)["code"] == "insufficient_quota"
    assert not LedgerEntry.objects.exists()
    assert not Synthesis.objects.exists()


def test_sent_again_with_its_key(ask: Ask) -> None:
    """The first one's job, once, unless it was deleted; another request with that key is refused."""
    first = ask("POST", body=TABLE | {"start": True}, status=201, once="monday")
    assert ask("POST", body=TABLE | {"start": True}, status=201, once="monday")["id"] == first["id"]
    assert ask("POST", body=TABLE, status=422, once="monday")["code"] == "idempotency_key_reused"
    assert Job.objects.count() == 1
    ask("DELETE", f"/{first['id']}", status=204)
    assert ask("POST", body=TABLE | {"start": True}, status=410, once="monday")["code"] == "idempotent_answer_gone"
    Job.objects.update(created_at=timezone.now() - settings.IDEMPOTENCY_KEEP)
    tasks.tidy()
    assert ask("POST", body=TABLE, status=201, once="monday")["id"] != first["id"]


@pytest.mark.parametrize(
    ("changed", "param", "code"),
    [
        ({"items": []}, "items", "invalid_type"),
        ({"items": [{"text": "好。"}, {"text": " "}]}, "items.1.text", "empty_string"),
        ({"items": [{"text": "好\0。"}]}, "items.0.text", "invalid_value"),
        ({"items": [{"text": "好" * 4097}]}, "items.0.text", "string_above_max_length"),
        ({"items": [{"text": "好。", "voice": "nobody"}]}, "items.0.voice", "voice_not_found"),
        ({"items": [{"text": "好。", "emotion": "fear"}]}, "items.0.emotion", "unsupported_by_voice"),
        ({"items": [{"text": "好。", "file_name": "f" * 201}]}, "items.0.file_name", "string_above_max_length"),
        ({"items": [{"voice": "yunxi"}]}, "items.0.text", "missing_required_parameter"),
        ({"items": [{"text": "好。", "colour": "red"}]}, "items.0.colour", "unknown_parameter"),
        ({"items": [{"text": 5}]}, "items.0.text", "missing_required_parameter"),
        ({"items": ["好。"]}, "items.0.text", "missing_required_parameter"),
        ({"input": "好。"}, "input", "invalid_value"),  # beside the items
        ({"voice": "nobody"}, "voice", "voice_not_found"),
        ({"stream_format": "sse"}, "stream_format", "unknown_parameter"),
    ],
)
def test_what_is_no_job(ask: Ask, changed: dict[str, Any], param: str, code: str) -> None:
    """400 names the row's member, and nothing is kept of the others."""
    refused = ask("POST", body=TABLE | changed, status=400)
    assert (refused["param"], refused["code"]) == (param, code)
    assert not Job.objects.exists()


def test_another_team_finds_no_job(ask: Ask, tenant: Tenant) -> None:
    """Whatever it tries is a 404, and its list is empty."""
    path = f"/{ask('POST', body=TABLE, status=201)['id']}"
    theirs = asking(key_of(make_tenant()))
    for method, action in [
        ("GET", ""), ("DELETE", ""), ("GET", "/items"), *(("POST", f"/{act}") for act in ("start", "cancel", "retry")),
    ]:  # fmt: skip
        assert theirs(method, path + action, status=404)["code"] == "job_not_found"
    assert theirs("GET", "")["data"] == []


def test_the_history_of_a_job(ask: Ask, key: MakeKey) -> None:
    """Its Syntheses are requests like others, found by `job`."""
    job = ask("POST", body=TABLE | {"start": True}, status=201)
    ask("POST", body=TABLE | {"start": True}, status=201)
    rows = Client().get("/v1/history", {"job": job["id"]}, headers=key("history")).json()["data"]
    assert [row["job"] for row in rows] == [job["id"]] * 2


SSML = '<speak>你好<break time="1s"/><prosody rate="slow">再见</prosody>。</speak>'


def test_rows_of_ssml_bill_what_is_heard(ask: Ask, tenant: Tenant) -> None:
    """The draft counts as the door for speech does, and the worker as the draft."""
    job = ask("POST", body=COMMON | {"items": [{"text": SSML}, {"text": SSML}], "input_type": "ssml"}, status=201)
    assert (job["characters"], job["preview"][0]["characters"]) == (10, 5)
    ask("POST", f"/{job['id']}/start")
    for _ in range(2):
        row = Synthesis.objects.filter(status=Status.QUEUED).earliest("start_tag")
        read_late(row)  # as the worker does before it speaks
        row = speak_queued()
        assert (row.input_type, row.billed_characters) == ("ssml", 5)
        assert counted_of(Written.of(row)).characters == 5
    assert ask("GET", f"/{job['id']}")["progress"]["billed_characters"] == job["characters"]
    assert billing.usage(tenant.id).used == job["characters"]


def test_rows_with_tags_and_a_cast(ask: Ask) -> None:
    """Names of the cast are voices in every row."""
    body = COMMON | {"items": [{"text": "[voice:旁白]他说[pause:1s]走。"}], "voice_aliases": {"旁白": "yunxi"}}
    job = ask("POST", body=body | {"allow_voice_tags": True, "start": True}, status=201)
    assert job["characters"] == 4
    row = Synthesis.objects.get()
    assert (row.input_type, row.voice_aliases) == ("tags", {"旁白": "yunxi"})
    assert [line.manner.voice for line in Written.of(row).script().items if isinstance(line, Passage)] == ["yunxi"] * 2
    ask("DELETE", f"/{job['id']}", status=204)
    forget_deleted()
    row.refresh_from_db()
    assert (row.text, row.voice_aliases) == ("", None)


def test_a_long_text_with_tags_sounds_as_if_it_were_not_cut(ask: Ask) -> None:
    """Each part begins with the tags that hold there; what is billed is the text without tags."""
    sentence = "很长的一句话，说了很久很久。" * 100
    text = f"[rate:1.2]{sentence}[voice:yunxi][rate:]{sentence}[voice:]{sentence}"
    job = ask("POST", body=COMMON | {"input": text, "allow_voice_tags": True}, status=201)
    rows = ask("GET", f"/{job['id']}/items")["data"]
    assert job["characters"] == sum(row["characters"] for row in rows) == 3 * len(sentence)
    heard = [(manner.voice, manner.speed, len(said)) for row in rows for manner, said in passages(row["text"])]
    parts: dict[tuple[str | None, float], int] = {}
    for voice, speed, length in heard:
        parts[voice, speed] = parts.get((voice, speed), 0) + length
    assert parts == {(None, 1.2): len(sentence), ("yunxi", 1.0): len(sentence), (None, 1.0): len(sentence)}
    assert len(rows) > 3


def passages(text: str) -> list[tuple[Manner, str]]:
    items = Written(text, InputType.TAGS).script().items
    return [(item.manner, item.text.text) for item in items if isinstance(item, Passage)]


@pytest.mark.parametrize(
    ("changed", "param", "code"),
    [
        ({"input": SSML, "items": ..., "input_type": "ssml"}, "input_type", "unsupported_value"),
        ({"input_type": "ssml", "allow_voice_tags": True}, "allow_voice_tags", "unsupported_value"),
        ({"voice_aliases": {"a": "yunxi"}}, "voice_aliases", "unsupported_value"),
        ({"items": [{"text": "<speak>\n<bad/></speak>"}], "input_type": "ssml"}, "items.0.text", "markup_invalid"),
        ({"items": [{"text": "[voice:nobody]好"}], "allow_voice_tags": True}, "items.0.text", "voice_not_found"),
        ({"items": [{"text": "[pause:1s]"}], "allow_voice_tags": True}, "items.0.text", "empty_string"),
    ],
)
def test_markup_that_cannot_be_spoken(ask: Ask, changed: dict[str, Any], param: str, code: str) -> None:
    """Refused with the row before anything is kept."""
    body = {name: value for name, value in (TABLE | changed).items() if value is not ...}
    problem = ask("POST", body=body, status=400)
    assert (problem["param"], problem["code"]) == (param, code)
    assert not Job.objects.exists()
