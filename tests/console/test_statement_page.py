"""The statement in a real browser, on the screen and as it is printed."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.console.visitors import from_the_menu
from tests.system.instance import Platform


def test_from_the_menu_to_paper(
    open_page: Callable[..., Page], sign_in: Callable[[Page], None], platform: Platform
) -> None:
    """A member finds this month in the menu; on paper there is the table and nothing to press."""
    httpx.post(
        f"{platform.url}/v1/audio/speech",
        json={"model": "tts-1", "voice": "alloy", "input": "对账单上的一行。"},
        headers={"Authorization": f"Bearer {platform.api_key}"},
        timeout=60,
    ).raise_for_status()
    page = open_page()
    sign_in(page)
    from_the_menu(page, "/statement")
    expect(page.locator("tbody tr", has_text="xiaoxiao").first).to_be_visible()
    expect(page.locator(".topbar")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("voxhouse-")
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".sidebar")).to_be_hidden()
    expect(page.locator(".statement-ways")).to_be_hidden()
    expect(page.locator("tfoot")).to_be_visible()
