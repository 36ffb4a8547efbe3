"""The history's page without a browser: what is found, and who may do what with it."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from accounts.services import api_key_create
from tests.console.visitors import member_of
from tests.factories import A_MOMENT, make_done, make_queued, make_tenant
from tts_engine import store
from tts_engine.models import Status, Synthesis
from tts_engine.retention.services import policy_set

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_wake_ups")]

PART = {"HX-Request": "true"}


def ids(html: bytes) -> list[str]:
    """Of the rows that are shown, in their order."""
    return [part.split('"')[0] for part in html.decode().split('<li class="entry" data-id="')[1:]]


def older(html: bytes) -> str:
    """The address of the rows that follow; empty where there are none."""
    _, found, rest = html.decode().partition('rel="next" href="')
    return rest.partition('"')[0].replace("&amp;", "&") if found else ""


def body(answer: Any) -> bytes:
    """What was streamed."""
    assert answer.status_code == 200

    async def joined() -> bytes:
        return b"".join([piece async for piece in cast(AsyncIterator[bytes], answer.streaming_content)])

    return async_to_sync(joined)()


def spoken_at(tenant: Tenant, *moments: datetime, **made: Any) -> list[str]:
    """Ids of rows made at these moments, as they are found: the newest first."""
    rows = [make_queued(tenant, at=at, **made) for at in moments]
    return [str(row.id) for row in sorted(rows, key=lambda row: row.created_at, reverse=True)]


def test_pages_follow_each_other_without_gap_or_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pages of two rows are the five that there are, two of them of one moment."""
    monkeypatch.setattr("console.history.ROWS", 2)
    tenant, now = make_tenant(), timezone.now()
    made = spoken_at(tenant, *(now - timedelta(minutes=minute) for minute in (1, 2, 2, 3, 4)))
    client, address, seen = member_of(tenant), "", []
    for _ in range(3):
        answer = client.get(f"/history{address}")
        seen += ids(answer.content)
        address = older(answer.content)
    assert address == ""
    assert len(seen) == 5
    assert set(seen) == set(made)


def test_search_for_what_is_rare_stops_and_goes_on(settings: Settings) -> None:
    """A page looks through so many rows and no more, tells how far it came, and the next one looks further."""
    settings.HISTORY_LOOK = 3
    tenant, now = make_tenant(), timezone.now()
    [rare] = spoken_at(tenant, now - timedelta(days=9), text="罕见的话。")
    spoken_at(tenant, *(now - timedelta(minutes=minute) for minute in range(4)))
    client = member_of(tenant)
    first = client.get("/history", {"q": "见的"})
    assert ids(first.content) == []
    assert "Search further" in first.content.decode()
    second = client.get(f"/history{older(first.content)}")
    assert ids(second.content) == [rare]
    assert older(second.content) == ""


def test_filters_narrow() -> None:
    """By time in the team's days, by voice, state, key, member and cache; an unknown value is told of."""
    tenant = make_tenant()
    client = member_of(tenant)
    key, _ = api_key_create(tenant=tenant, name="shop")
    person = tenant.members.get()
    noon = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo(tenant.time_zone))
    [yunxi] = spoken_at(tenant, noon, voice="yunxi", api_key=key)
    [failed] = spoken_at(tenant, noon + timedelta(hours=11), member=person)
    Synthesis.objects.filter(id=failed).update(status=Status.FAILED, finished_at=noon, billed_characters=0)

    def found(**asked: str) -> list[str]:
        return ids(client.get("/history", asked).content)

    assert found(since="2026-03-01", until="2026-03-01") == [failed, yunxi]
    assert found(since="2026-03-02") == found(until="2026-02-28") == []
    assert found(voice="yunxi") == found(by=f"key:{key.id}") == found(status="queued") == [yunxi]
    assert found(status="failed") == found(by=f"member:{person.pk}") == [failed]
    assert found(emotion="happy") == found(cached="yes") == []
    assert client.get("/history", {"voice": "nobody"}).status_code == 400


def test_number_of_queries_does_not_grow() -> None:
    """With rows, keys and members."""
    tenant = make_tenant()
    client = member_of(tenant)
    counts = []
    for names in ("abc", "defghi", ""):
        for name in names:
            key, _ = api_key_create(tenant=tenant, name=name)
            spoken_at(tenant, timezone.now(), api_key=key)
        with CaptureQueriesContext(connection) as asked:
            client.get("/history")
        counts.append(len(asked))
    assert counts[1] == counts[2] <= 10


def test_htmx_gets_a_part_and_the_address_is_kept() -> None:
    """Filters answer with results and an address without empty fields; a page to go back to is a whole one."""
    client = member_of(make_tenant())
    part = client.get("/history", {"q": "", "voice": "yunxi"}, headers=PART)
    assert b"<html" not in part.content
    assert part["HX-Push-Url"] == "/history?voice=yunxi"
    whole = client.get("/history", headers={**PART, "HX-History-Restore-Request": "true"})
    assert b"<html" in whole.content
    assert "HX-Request" in whole["Vary"]


def test_chosen_recordings_are_one_archive() -> None:
    """Those whose audio is there; what is not the team's is not found, and nothing of it is sent."""
    tenant = make_tenant()
    first, second = (make_done(tenant, A_MOMENT, text=text) for text in ("一。", "二。"))
    chosen = {"id": [str(first.id), str(second.id)]}
    client = member_of(tenant)
    assert len(zipfile.ZipFile(io.BytesIO(body(client.post("/history/zip", chosen)))).namelist()) == 2
    store.delete(first)
    assert len(zipfile.ZipFile(io.BytesIO(body(client.post("/history/zip", chosen)))).namelist()) == 1
    assert "no longer kept" in client.get(f"/history/{first.id}").content.decode()
    store.delete(second)
    assert client.post("/history/zip", {**chosen, "back": "voice=a"})["Location"] == "/history?voice=a"
    assert member_of(make_tenant()).post("/history/zip", chosen).status_code == 404


def test_chosen_are_deleted() -> None:
    """Text and audio for good; one of another team's among them, and nothing is deleted."""
    tenant = make_tenant()
    first, second = (make_done(tenant, A_MOMENT, text=text) for text in ("一。", "二。"))
    foreign = make_done(make_tenant(), A_MOMENT)
    client = member_of(tenant)
    assert client.post("/history/delete", {"id": [str(first.id), str(foreign.id)]}).status_code == 404
    assert store.is_kept(first)
    only = {"only": str(first.id), "id": [str(second.id)], "back": "q=a"}
    assert client.post("/history/delete", only)["Location"] == "/history?q=a"
    first.refresh_from_db()
    assert (first.text, store.is_kept(first)) == ("", False)
    assert ids(client.get("/history").content) == [str(second.id)]


def test_page_tells_how_long_things_are_kept() -> None:
    """The team's retention, the day on which a recording goes, and to whom may change it where that is done."""
    tenant = make_tenant()
    [made] = spoken_at(tenant, timezone.now().replace(year=2026, month=1, day=1, hour=3))
    client = member_of(tenant)
    assert "kept until it is deleted" in client.get("/history").content.decode()
    policy_set(tenant=tenant, keep_texts=True, keep_days=30, actor="operator")
    page = client.get("/history").content.decode()
    assert "30 days after" in page
    assert 'href="/settings"' in page
    assert "2026-01-31" in client.get(f"/history/{made}").content.decode()
    assert 'href="/settings"' not in member_of(tenant, "viewer").get("/history").content.decode().split("<main", 1)[1]


@pytest.mark.django_db(transaction=True)
def test_table_has_all_that_is_looked_for() -> None:
    """Read some rows at a time; what a table would compute is text."""
    tenant, now = make_tenant(), timezone.now()
    spoken_at(tenant, *(now - timedelta(minutes=minute) for minute in range(3)), text="=1+1。")
    spoken_at(tenant, now, voice="yunxi")
    read = list(
        csv.DictReader(io.StringIO(body(member_of(tenant).get("/history/csv?voice=xiaoxiao")).decode("utf-8-sig")))
    )
    assert [row["text"] for row in read] == ["'=1+1。"] * 3
    assert read[0]["created_at"] > read[1]["created_at"]


def test_empty_history_says_the_next_step() -> None:
    """Nothing yet leads to the studio; nothing that fits, to everything."""
    tenant = make_tenant()
    client = member_of(tenant)
    assert "Open the studio" in client.get("/history").content.decode()
    assert "Show everything" in client.get("/history?voice=yunxi").content.decode()
