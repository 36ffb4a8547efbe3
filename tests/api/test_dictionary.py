"""The doors to a team's dictionary, and what another team sees of it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import AuditEvent, Tenant
from accounts.services import api_key_create, member_add, user_create
from tests.factories import make_tenant

MakeKey = Callable[..., dict[str, str]]
Ask = Callable[..., Any]


@pytest.fixture
def ask(key: MakeKey) -> Ask:
    """ask(method, path, body=..., status=200): the answer's JSON, or its text; of this team's key."""
    headers = key("admin")

    def ask(method: str, path: str = "", body: Any = None, *, status: int = 200, by: dict[str, str] = headers) -> Any:
        sent, media_type = (body, "text/csv") if isinstance(body, bytes) else (json.dumps(body), "application/json")
        answer = Client().generic(
            method, f"/v1/dictionary{path}", "" if body is None else sent, content_type=media_type, headers=by
        )
        assert answer.status_code == status, answer.content
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content.decode()

    return ask


@pytest.fixture
def stranger() -> dict[str, str]:
    _, secret = api_key_create(tenant=make_tenant(), scopes=["admin"])
    return {"Authorization": f"Bearer {secret}"}


def words(page: dict[str, Any]) -> list[str]:
    return [entry["word"] for entry in page["data"]]


def test_a_word_s_life(ask: Ask, tenant: Tenant) -> None:
    """Put, seen, said in another way, listed, deleted; the trail names the key."""
    assert ask("GET") == {"object": "list", "data": [], "has_more": False, "next": None, "version": 0}
    made = ask("PUT", "/entries/重庆", {"pinyin": "chóng qìng"})
    assert made == {
        "object": "dictionary.entry",
        "word": "重庆",
        "pinyin": "chong2 qing4",
        "replacement": None,
        "ssml": None,
        "since": 1,
    }
    changed = ask("PUT", "/entries/重庆", {"replacement": "山城", "pinyin": None})
    assert (changed["pinyin"], changed["replacement"], changed["since"]) == (None, "山城", 2)
    assert ask("GET", "/entries/重庆") == changed
    assert ask("GET") == {"object": "list", "data": [changed], "has_more": False, "next": None, "version": 2}
    ask("DELETE", "/entries/重庆", status=204)
    assert ask("GET", "/entries/重庆", status=404)["code"] == "dictionary_entry_not_found"
    actors = AuditEvent.objects.filter(tenant=tenant, action__startswith="dictionary.").values_list("actor", flat=True)
    assert [actor.partition(":")[0] for actor in actors] == ["key"] * 3


@pytest.mark.parametrize("word", ["24/7", "R&D", "100%", "import", "a b", "C#", "什么?", "//"])
def test_any_word_is_an_address(ask: Ask, word: str) -> None:
    """Percent-encoded; slashes too."""
    path = f"/entries/{quote(word, safe='')}"
    assert ask("PUT", path, {"replacement": "x"})["word"] == word
    assert ask("GET", path)["word"] == word
    ask("DELETE", path, status=204)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, None, "missing_required_parameter"),
        ({"pinyin": "hao3", "replacement": "x"}, None, "missing_required_parameter"),
        ({"pinyin": 3}, "pinyin", "invalid_type"),
        ({"pinyin": ""}, "pinyin", "empty_string"),
        ({"pinyin": "hao"}, "pinyin", "dictionary_entry_invalid"),
        ({"pinyin": "hao3 de5"}, "pinyin", "dictionary_entry_invalid"),
        ({"replacement": " "}, "replacement", "dictionary_entry_invalid"),
        ({"replacement": "x" * 301}, "replacement", "dictionary_entry_invalid"),
        ({"replacement": "\x00"}, "replacement", "invalid_value"),
        ({"ssml": "<voice>"}, "ssml", "dictionary_entry_invalid"),
        ({"ipa": "x"}, "ipa", "unknown_parameter"),
        ([], None, "invalid_type"),
    ],
)
def test_what_is_no_entry(ask: Ask, body: Any, param: str | None, code: str) -> None:
    """Refused with the member at fault; nothing is made."""
    problem = ask("PUT", "/entries/好", body, status=400)
    assert (problem["param"], problem["code"]) == (param, code)
    assert ask("GET")["version"] == 0


def test_search_and_pages(ask: Ask) -> None:
    """What was changed last comes first; a part of the word or of what is said finds it."""
    for word, said in (("AI", "人工智能"), ("API", "接口"), ("MAIL", "邮件"), ("智", "x")):
        ask("PUT", f"/entries/{word}", {"replacement": said})
    assert words(ask("GET", "?q=ai")) == ["MAIL", "AI"]
    assert words(ask("GET", "?q=智")) == ["智", "AI"]
    assert words(ask("GET", "?q=%25")) == []
    first = ask("GET", "?limit=3")
    assert (words(first), first["has_more"]) == (["智", "MAIL", "API"], True)
    rest = ask("GET", f"?limit=3&cursor={first['next']}")
    assert (words(rest), rest["has_more"]) == (["AI"], False)
    assert ask("GET", "?limit=0", status=400)["param"] == "limit"
    assert ask("GET", "?word=AI", status=400)["code"] == "unknown_parameter"


def test_out_and_in_again(ask: Ask, stranger: dict[str, str]) -> None:
    """What one team exports another imports; formulas come through as the text they are."""
    ask("PUT", "/entries/%3D1%2B1", {"replacement": "-二"})
    ask("PUT", "/entries/重庆", {"pinyin": "chong2 qing4"})
    table = ask("GET", "/export")
    assert table == "\ufeffword,pinyin,replacement,ssml\r\n'=1+1,,'-二,\r\n重庆,chong2 qing4,,\r\n"
    version = ask("POST", "/import", table.encode(), by=stranger)
    assert (version["number"], version["added"], version["entries"]) == (1, 2, 2)
    assert ask("GET", "/export", by=stranger) == table


def test_an_import_merges_or_replaces(ask: Ask) -> None:
    """Merging is the rule; an import that changes nothing answers the newest version."""
    ask("PUT", "/entries/AI", {"replacement": "x"})
    table = "word,pinyin\n重庆,chong2 qing4\n".encode("gbk")
    assert ask("POST", "/import", table)["entries"] == 2
    assert ask("POST", "/import?mode=replace", table)["removed"] == 1
    assert ask("POST", "/import", table)["number"] == 3
    assert ask("POST", "/import?mode=append", table, status=400)["param"] == "mode"


@pytest.mark.parametrize(
    ("table", "status", "code"),
    [
        (b"word,pinyin\n\xe5\xa5\xbd,hao3\n\xe5\xa5\xbd\xe4\xba\xba,hao3\nAI,a1\n", 400, "dictionary_table_invalid"),
        (b"", 400, "dictionary_table_invalid"),
        (b"x" * 1_000_001, 413, "dictionary_table_too_large"),
        ({"word": "AI"}, 415, "unsupported_media_type"),
    ],
)
def test_a_faulty_table_changes_nothing(ask: Ask, table: Any, status: int, code: str) -> None:
    """Not even its sound rows."""
    assert ask("POST", "/import", table, status=status)["code"] == code
    assert ask("GET")["version"] == 0


def test_every_fault_of_a_table_names_its_row(ask: Ask) -> None:
    """A line each in the detail."""
    problem = ask("POST", "/import", "word,pinyin\n好,hao3\n好人,hao3\nAI,a1\n".encode(), status=400)
    assert [line.partition(":")[0] for line in problem["detail"].splitlines()] == ["Row 3", "Row 4"]
    assert problem["param"] == "file"


def test_a_full_dictionary(ask: Ask, settings: Any) -> None:
    """409 beyond what a team may have."""
    settings.DICTIONARY_ENTRIES = 1
    ask("PUT", "/entries/AI", {"replacement": "x"})
    assert ask("PUT", "/entries/API", {"replacement": "x"}, status=409)["code"] == "dictionary_full"


def test_versions(ask: Ask) -> None:
    """Listed, looked into, exported, restored."""
    ask("PUT", "/entries/AI", {"replacement": "x"})
    ask("PUT", "/entries/AI", {"replacement": "y"})
    listed = ask("GET", "/versions")["data"]
    assert [(version["number"], version["action"], version["changed"]) for version in listed] == [
        (2, "put", 1),
        (1, "put", 0),
    ]
    assert ask("GET", "?version=1")["data"][0]["replacement"] == "x"
    assert "AI,,x" in ask("GET", "/export?version=1")
    assert ask("POST", "/versions/1/restore")["number"] == 3
    assert ask("GET", "/entries/AI")["replacement"] == "x"
    for path in ("?version=9", "/export?version=9"):
        assert ask("GET", path, status=404)["code"] == "dictionary_version_not_found"
    assert ask("POST", "/versions/9/restore", status=404)["code"] == "dictionary_version_not_found"


def test_trying_a_text(ask: Ask) -> None:
    """How it is read without the dictionary and with it, and what of it was found where."""
    ask("PUT", "/entries/重庆", {"pinyin": "zhong4 qing4"})
    ask("PUT", "/entries/AI", {"replacement": "智能"})
    tried = ask("POST", "/test", {"input": "重(chong2)庆的AI。"})
    assert tried["version"] == 2
    assert [(match["start"], match["end"], match["word"], match["pinyin"]) for match in tried["matches"]] == [
        (0, 2, "重庆", "zhong4 qing4"),
        (3, 5, "AI", None),
    ]
    assert (tried["before"]["normalized_text"], tried["after"]["normalized_text"]) == ("重庆的AI。", "重庆的智能。")
    assert tried["after"]["characters"][0] == {"char": "重", "pinyin": "chong2"}
    assert ask("POST", "/test", {"input": "😀"}, status=400)["code"] == "text_unspeakable"
    assert ask("POST", "/test", {}, status=400)["param"] == "input"


def test_the_preview_reads_with_the_dictionary(ask: Ask, key: MakeKey) -> None:
    """As it will be spoken; the count is of what was written."""
    ask("PUT", "/entries/AI", {"replacement": "人工智能"})
    body = {"input": "AI。", "voice": "xiaoxiao"}
    answer = Client().post("/v1/text/preview", body, content_type="application/json", headers=key("speech"))
    assert (answer.json()["normalized_text"], answer.json()["billable_characters"]) == ("人工智能。", 3)


def test_a_word_as_ssml(ask: Ask, key: MakeKey) -> None:
    """In plain text and in SSML alike; a mistake is told with its place."""
    made = ask("PUT", "/entries/AI", {"ssml": "<sub alias='人工智能'>AI</sub>"})
    assert made["ssml"] == "<speak><sub alias='人工智能'>AI</sub></speak>"
    for body in ({"input": "AI。"}, {"input": "<speak>AI。</speak>", "input_type": "ssml"}):
        answer = Client().post("/v1/text/preview", body, content_type="application/json", headers=key("speech"))
        assert (answer.json()["normalized_text"], answer.json()["billable_characters"]) == ("人工智能。", 3)
    problem = ask("PUT", "/entries/AI", {"ssml": "<speak>AI<voice name='x'>y</speak>"}, status=400)
    assert "Line 1, column 29" in problem["detail"]


def test_another_team_sees_nothing(ask: Ask, stranger: dict[str, str]) -> None:
    """Its dictionary is its own, and ours is as if it were not there."""
    ask("PUT", "/entries/AI", {"replacement": "人工智能"})
    assert ask("GET", by=stranger)["data"] == []
    assert ask("GET", "/versions", by=stranger)["data"] == []
    assert ask("GET", "/export", by=stranger) == "\ufeffword,pinyin,replacement,ssml\r\n"
    assert ask("POST", "/test", {"input": "AI"}, by=stranger)["matches"] == []
    for method, path in (
        ("GET", "/entries/AI"),
        ("DELETE", "/entries/AI"),
        ("GET", "?version=1"),
        ("GET", "/export?version=1"),
        ("POST", "/versions/1/restore"),
    ):
        assert ask(method, path, status=404, by=stranger)["code"].startswith("dictionary_")
    ask("PUT", "/entries/AI", {"replacement": "别的"}, by=stranger)
    assert ask("GET", "/entries/AI")["replacement"] == "人工智能"


def test_an_owner_at_the_console_may_too(tenant: Tenant) -> None:
    """With a session; the trail names the person."""
    user = user_create(username="otto", password="a long word to guess")
    member_add(tenant=tenant, user=user, role="owner")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    put = client.put("/v1/dictionary/entries/AI", {"replacement": "x"}, content_type="application/json")
    assert put.status_code == 200
    assert AuditEvent.objects.get(action="dictionary.put").actor == "user:otto"
