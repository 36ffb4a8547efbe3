"""The page of the history in a real browser, on a desk and on a telephone, in both languages."""

import re
from collections.abc import Callable
from typing import Literal
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.system.instance import until

NAMES = {
    "zh-CN": {
        "history": "历史记录",
        "again": "再次合成",
        "delete": "删除",
        "sure": "永久删除",
        "play": "播放",
        "pause": "暂停",
    },
    "en-US": {
        "history": "History",
        "again": "Speak again",
        "delete": "Delete",
        "sure": "Delete for good",
        "play": "Play",
        "pause": "Pause",
    },
}


def speak(page: Page, *texts: str) -> None:
    """As the signed-in member, through the API."""
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    for text in texts:
        body = {"model": "tts-1", "voice": "xiaoxiao", "input": text, "response_format": "mp3"}
        answer = page.request.post(
            urljoin(page.url, "/v1/audio/speech"), data=body, headers={"X-CSRFToken": token, "Referer": page.url}
        )
        assert answer.ok, answer.text()


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    [(1440, "zh-CN", "light"), (390, "en-US", "dark")],
    ids=["wide-zh", "narrow-en"],
)
def test_found_heard_taken_away_spoken_again_and_deleted(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page], None],
    width: int,
    language: str,
    scheme: Literal["light", "dark"],
) -> None:
    """What was spoken is searched for, played in its row, downloaded, taken to the studio and deleted."""
    names = NAMES[language]
    page = open_page(width=width, language=language, scheme=scheme)
    sign_in(page)
    speak(page, f"甲{width}号。", f"乙{width}号。")
    if width < 640:
        page.locator(".sidebar-opener").click()
    page.get_by_role("link", name=names["history"], exact=True).click()
    page.locator("#id_q").press_sequentially(f"甲{width}")
    row = page.locator(".entry")
    expect(row).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/history\?q=%E7%94%B2"))
    page.reload()
    expect(row).to_have_count(1)

    row.get_by_role("button", name=names["play"], exact=True).click()
    until(lambda: page.evaluate("window.heard.some(({ peak }) => peak > 0.01)"))  # to wait in the page takes eval
    expect(page.locator("#player-title")).to_have_text(f"甲{width}号。")

    row.locator("summary").first.press("Enter")
    with page.expect_download() as download:
        row.get_by_role("link", name="SRT").click()
    assert f"甲{width}号" in download.value.path().read_text("utf-8")
    row.get_by_role("checkbox").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="ZIP").click()
    assert download.value.suggested_filename == "voxhouse.zip"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    row.get_by_role("link", name=names["again"]).click()
    expect(page.locator("textarea#text")).to_have_value(f"甲{width}号。")
    page.go_back()
    row.get_by_role("checkbox").check()
    page.locator(".results-head summary").click()
    page.get_by_role("button", name=names["sure"]).click()
    expect(page.locator(".messages li")).to_be_visible()
    expect(page.locator(".empty")).to_be_visible()


def test_older_rows_are_added_below(open_page: Callable[..., Page], sign_in: Callable[[Page], None]) -> None:
    """Without leaving the page; what was chosen stays so, and all that are shown can be chosen at once."""
    page = open_page(language="en-US")
    sign_in(page)
    speak(page, *["再来一遍。"] * 60)
    page.goto(f"{page.url}history?q=再来一遍")
    expect(page.locator(".entry")).to_have_count(50)
    page.locator(".entry [name=id]").first.check()
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".entry")).to_have_count(60)
    expect(page.locator("#chosen-count")).to_have_text("1 chosen")
    page.locator("#all").check()
    expect(page.locator("#chosen-count")).to_have_text("60 chosen")
