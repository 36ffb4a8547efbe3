"""The operators' dashboard, savings and visits in a real browser, on a desk and on a telephone, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

EVERYWHERE = pytest.mark.parametrize(
    ("width", "language"), [(1440, "zh-CN"), (390, "en-US")], ids=["wide-zh", "narrow-en"]
)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@EVERYWHERE
def test_the_dashboard_lives(
    open_page: Callable[..., Page], sign_in: Callable[[Page], None], width: int, language: str
) -> None:
    """Its chart is drawn, the worker is told, and the live part is asked for again by itself."""
    page = open_page(width=width, language=language)
    sign_in(page)
    page.goto(f"{page.url}operators")
    expect(page.locator("#days canvas")).to_be_visible()
    expect(page.locator(".workers li").first).to_be_visible()
    with page.expect_response("**/operators/live"):
        pass
    expect(page.locator("#live")).to_be_visible()
    assert fits(page)


@EVERYWHERE
def test_what_if(open_page: Callable[..., Page], sign_in: Callable[[Page], None], width: int, language: str) -> None:
    """A slider moved by the keyboard tells its new value at once, and the figures follow; finance's sheet is a PDF."""
    page = open_page(width=width, language=language)
    sign_in(page)
    page.goto(f"{page.url}operators/savings?team=demo")
    expect(page.locator("#curve canvas")).to_be_visible()
    there = page.locator("#imagined .tiles dd").nth(2)
    before = there.inner_text()
    calls = page.locator("#what-if [name=calls]")
    calls.focus()
    page.keyboard.press("End")
    expect(page.locator("#what-if output").first).to_have_text("500,000")
    expect(there).not_to_have_text(before)
    with page.expect_download() as download:
        page.locator("a[href*='savings.pdf']").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert fits(page)


@EVERYWHERE
def test_a_visit(open_page: Callable[..., Page], sign_in: Callable[[Page], None], width: int, language: str) -> None:
    """From the team's page into its console, under a banner that stays, and back."""
    page = open_page(width=width, language=language)
    sign_in(page)
    origin = page.url
    page.goto(f"{origin}operators/teams/demo")
    page.locator("[name=reason]").fill("测试")
    page.locator("form[action$='/visit'] button").click()
    expect(page.locator(".visit")).to_contain_text("demo")
    page.goto(f"{origin}jobs")
    expect(page.locator(".visit")).to_be_visible()
    assert fits(page)
    page.locator(".visit button").click()
    page.wait_for_url("**/operators/teams/demo")
    expect(page.locator(".visit")).to_have_count(0)


def test_the_tables_keep_the_policy(open_page: Callable[..., Page], sign_in: Callable[[Page], None]) -> None:
    """Django's admin runs under the console's own content security policy: nothing is refused."""
    page = open_page(language="en-US")
    sign_in(page)
    origin = page.url
    for path in ("", "accounts/auditevent/", "accounts/tenant/"):
        page.goto(f"{origin}operators/tables/{path}")
        expect(page.locator("#content")).to_be_visible()
