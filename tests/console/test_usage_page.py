"""The usage page in a real browser, on a desk and on a telephone, in both languages."""

from collections.abc import Callable
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.system.instance import Platform


@pytest.mark.parametrize(
    ("width", "language", "scheme", "menu", "today", "voice", "table"),
    [
        (1440, "zh-CN", "light", "用量", "今天", "音色", "以表格查看"),
        (390, "en-US", "dark", "Usage", "Today", "Voice", "The same figures as a table"),
    ],
    ids=["wide-zh", "narrow-en"],
)
def test_from_the_menu_to_who_used_it(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page], None],
    platform: Platform,
    width: int,
    language: str,
    scheme: Literal["light", "dark"],
    menu: str,
    today: str,
    voice: str,
    table: str,
) -> None:
    """What was just spoken is in the chart, its table and the file; a choice is swapped in and is in the address."""
    httpx.post(
        f"{platform.url}/v1/audio/speech",
        json={"model": "tts-1", "voice": "alloy", "input": "用量页面上的一行。"},
        headers={"Authorization": f"Bearer {platform.api_key}"},
        timeout=60,
    ).raise_for_status()
    page = open_page(width=width, language=language, scheme=scheme)
    sign_in(page)
    if width < 960:
        page.locator(".sidebar-opener").click()
    page.get_by_role("link", name=menu, exact=True).click()
    expect(page.locator("#usage-plot canvas")).to_be_visible()
    page.evaluate("window.same = true")
    page.get_by_role("link", name=today, exact=True).press("Enter")
    page.wait_for_url("**/usage?range=today*")
    page.get_by_role("main").get_by_role("link", name=voice, exact=True).press("Enter")
    page.wait_for_url("**&by=voice*")
    expect(page.get_by_role("main").get_by_role("link", name=voice, exact=True)).to_be_focused()
    expect(page.get_by_role("row", name="xiaoxiao")).to_be_visible()
    assert page.evaluate("window.same")  # nothing was loaded anew
    page.get_by_text(table).click()
    expect(page.locator(".usage-table tbody tr").last).to_be_visible()
    page.locator("#usage-plot .u-over").hover()
    expect(page.locator(".usage-tip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith("-voice.csv")
