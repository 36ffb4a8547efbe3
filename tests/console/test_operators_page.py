"""The operators' page of savings in a real browser, on a desk and on a telephone, in both languages."""

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.console.visitors import from_the_menu


@pytest.mark.parametrize(
    ("width", "language", "words"),
    [
        (1440, "zh-CN", ("按月", "保存", "尚未保存", "已保存")),
        (390, "en-US", ("By the month", "Save", "not saved yet", "is saved")),
    ],
    ids=["wide-zh", "narrow-en"],
)
def test_an_operator_says_what_it_costs(
    open_page: Callable[..., Page], sign_in: Callable[[Page], None], width: int, language: str, words: tuple[str, ...]
) -> None:
    """From the menu to the page; figures follow what is typed, and stay once it is saved; nothing runs off the side."""
    by_the_month, save, unsaved, saved = words
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    until_today = f"¥{Decimal(31_000) * today.day / monthrange(today.year, today.month)[1]:,.2f}"
    page = open_page(width=width, language=language)
    sign_in(page)
    from_the_menu(page, "/operators/savings")
    page.get_by_text(by_the_month, exact=True).click()
    here = page.locator(".tiles dd").first
    page.locator("[name=one_off_months]").fill("6")
    page.locator("[name=one_off]").fill("0")
    page.locator("[name=server]").fill("31000")
    expect(here).to_have_text(until_today)
    expect(page.get_by_text(unsaved)).to_be_visible()
    page.get_by_role("button", name=save, exact=True).click()
    expect(page.locator(".messages")).to_contain_text(saved)
    expect(page.locator("#unsaved")).to_be_hidden()
    expect(here).to_have_text(until_today)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_one_way_of_counting_at_a_time(open_page: Callable[..., Page], sign_in: Callable[[Page], None]) -> None:
    """By the hour there is one field, and what was left wrong in the others keeps nothing from being saved."""
    page = open_page(language="en-US")
    sign_in(page)
    page.goto(f"{page.url}operators/savings?team=demo")
    page.get_by_text("By the month", exact=True).click()
    page.locator("[name=server]").fill("-5")
    page.get_by_text("By the busy hour", exact=True).click()
    expect(page.locator("[name=server]")).to_be_hidden()
    page.locator("[name=busy_hour]").fill("12.5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messages")).to_be_visible()
    expect(page.locator("[name=busy_hour]")).to_have_value("12.5")


def test_another_month_at_once(open_page: Callable[..., Page], sign_in: Callable[[Page], None]) -> None:
    """Choosing is enough; the address names team, month and vendor, so that it can be sent to somebody."""
    page = open_page(language="en-US")
    sign_in(page)
    page.goto(f"{page.url}operators/savings?team=demo")
    expect(page.get_by_role("button", name="Show")).to_be_hidden()
    other = page.locator("#month option").nth(3).inner_text()
    page.locator("#month").select_option(other)
    page.wait_for_url(f"**/operators/savings?team=demo&month={other}&vendor=*")
    expect(page.locator("#month")).to_have_value(other)
