"""The page of the dictionary: who may open it, what it takes and refuses, in whose language it says so."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, Tenant
from tests.console.visitors import member_of
from tests.factories import make_tenant
from tts_engine.dictionary import selectors

pytestmark = pytest.mark.django_db

PAGE = "/dictionary"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def ann(tenant: Tenant) -> Client:
    """An admin of the team, who reads English."""
    return member_of(tenant, "admin", name="ann")


def words(answer: Any) -> str:
    """What is read on the page, with single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def put(client: Client, word: str, value: str, kind: str = "replacement") -> Any:
    return client.post(f"{PAGE}/put", {"word": word, "kind": kind, "value": value}, follow=True)


def held(tenant: Tenant) -> dict[str, str]:
    return dict(selectors.entries(tenant.id).values_list("word", "value"))


def test_a_word_is_added_changed_and_deleted(ann: Client, tenant: Tenant) -> None:
    """Each told in a line above the page, and in the trail under the member's name."""
    assert "There are no entries yet" in words(ann.get(PAGE))
    assert "“重庆” is said so from now on" in words(put(ann, "重庆", "chong2qing4", "pinyin"))
    assert "chóng qìng" in words(ann.get(PAGE))
    assert 'value="chong2 qing4"' in ann.get(f"{PAGE}?edit=重庆").content.decode()
    put(ann, "重庆", "山城")
    assert held(tenant) == {"重庆": "山城"}
    assert "is deleted" in words(ann.post(f"{PAGE}/delete", {"word": "重庆"}, follow=True))
    assert held(tenant) == {}
    ann.post(f"{PAGE}/delete", {"word": "重庆"}, follow=True)
    trail = AuditEvent.objects.filter(tenant=tenant, action__startswith="dictionary.").values_list("actor", "action")
    assert list(trail.order_by("id")) == [
        ("user:ann", "dictionary.put"),
        ("user:ann", "dictionary.put"),
        ("user:ann", "dictionary.delete"),
    ]


@pytest.mark.parametrize(
    ("language", "told"), [("en", "has 2 Chinese characters and the pinyin 1 syllables"), ("zh-hans", "有 2 个汉字")]
)
def test_what_is_wrong_is_told_at_its_field(tenant: Tenant, language: str, told: str) -> None:
    """In the member's language, with what was typed still there; nothing is changed."""
    answer = put(member_of(tenant, language=language), "重庆", "chong2", "pinyin")
    assert answer.status_code == 400
    assert told in words(answer)
    assert 'value="chong2"' in answer.content.decode()
    assert held(tenant) == {}


def test_search_and_pages(ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those changed last first, so many on a page; the search stays when one turns over."""
    monkeypatch.setattr("console.dictionary.ROWS", 2)
    for word in ("AI", "API", "MAIL"):
        put(ann, word, "x")
    first = words(ann.get(f"{PAGE}?q=a"))
    assert "MAIL" in first
    assert "Delete AI " not in first
    assert 'href="?q=a&amp;page=2"' in ann.get(f"{PAGE}?q=a").content.decode()
    assert "AI" in words(ann.get(f"{PAGE}?q=a&page=2"))
    for part in ("none", "%00"):
        assert "No entry has this part" in words(ann.get(f"{PAGE}?q={part}"))


def test_a_table_is_imported(ann: Client, tenant: Tenant) -> None:
    """What a spreadsheet saved; with `replace` the rest goes."""
    put(ann, "AI", "x")
    table = SimpleUploadedFile("a.csv", "word,pinyin\n重庆,chong2 qing4\n".encode("gbk"))
    answer = ann.post(f"{PAGE}/import", {"file": table, "replace": "on"}, follow=True)
    assert "Added: 1, changed: 0, removed: 1." in words(answer)
    assert held(tenant) == {"重庆": "chong2 qing4"}


@pytest.mark.parametrize(("language", "row"), [("en", "Row 3: “AI” holds no"), ("zh-hans", "第 3 行：“AI”中没有汉字")])
def test_a_faulty_table_is_told_row_by_row(tenant: Tenant, language: str, row: str) -> None:
    """Nothing of it is imported."""
    table = SimpleUploadedFile("a.csv", "word,pinyin\n好,hao3\nAI,a1\n".encode())
    answer = member_of(tenant, language=language).post(f"{PAGE}/import", {"file": table})
    assert answer.status_code == 400
    assert row in words(answer)
    assert held(tenant) == {}


def test_what_is_too_much(ann: Client, tenant: Tenant, settings: Any) -> None:
    """A file, a dictionary: each said in words."""
    settings.DICTIONARY_TABLE_BYTES = 30
    settings.DICTIONARY_ENTRIES = 1
    put(ann, "AI", "x")
    assert "The dictionary is full" in words(put(ann, "API", "x"))
    answers = [
        ann.post(f"{PAGE}/import", {"file": SimpleUploadedFile("a.csv", content)})
        for content in (b"word,replacement\nb,c\n", b"x" * 31)
    ]
    assert [answer.status_code for answer in answers] == [409, 413]
    assert ann.post(f"{PAGE}/import").status_code == 400
    assert held(tenant) == {"AI": "x"}


def test_an_earlier_version_is_restored(ann: Client, tenant: Tenant) -> None:
    """And one that there is not is told so."""
    put(ann, "AI", "x")
    put(ann, "AI", "y")
    assert "changed: 1" in words(ann.post(f"{PAGE}/restore", {"version": "1"}, follow=True))
    assert held(tenant) == {"AI": "x"}
    assert "Nothing had to be changed" in words(ann.post(f"{PAGE}/restore", {"version": "1"}, follow=True))
    for number in ("7", "x", "", "9" * 5000):
        assert "no longer kept" in words(ann.post(f"{PAGE}/restore", {"version": number}, follow=True))


def test_a_sentence_is_tried(ann: Client) -> None:
    """Its reading without the dictionary and with it, and the words that were found."""
    put(ann, "重庆", "zhong4 qing4", "pinyin")
    tried = words(ann.post(f"{PAGE}/try", {"sentence": "在重庆。"}))
    assert re.search(r"Without the dictionary .*重 chóng .*With it .*重 zhòng .*重庆 → zhòng qìng", tried)
    assert "No word of the dictionary occurs" in words(ann.post(f"{PAGE}/try", {"sentence": "你好。"}))
    assert "nothing in this text" in words(ann.post(f"{PAGE}/try", {"sentence": "😀"}))
    assert words(ann.post(f"{PAGE}/try", {"sentence": ""})).strip() == ""


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_it_is_for_admins(tenant: Tenant, role: str) -> None:
    """403 for other members, whatever they send; nothing is changed."""
    client = member_of(tenant, role)
    assert client.get(PAGE).status_code == 403
    for door in ("put", "delete", "import", "restore", "try"):
        assert client.post(f"{PAGE}/{door}", {"word": "AI", "kind": "replacement", "value": "x"}).status_code == 403
    assert held(tenant) == {}


def test_another_teams_words_are_not_seen(ann: Client) -> None:
    """Neither in the list nor in the form nor in a sentence."""
    put(member_of(make_tenant()), "机密词", "x")
    assert "机密词" not in words(ann.get(PAGE))
    assert 'value="x"' not in ann.get(f"{PAGE}?edit=机密词").content.decode()
    assert "No word of the dictionary occurs" in words(ann.post(f"{PAGE}/try", {"sentence": "机密词。"}))


def test_what_is_written_is_shown_as_text(ann: Client) -> None:
    """Markup in a word is no markup of the page."""
    put(ann, "<b>x</b>", "<script>1</script>")
    page = ann.get(PAGE).content.decode()
    assert "<b>x</b>" not in page
    assert "<script>1" not in page
