"""The pages of keys, members and settings in a real browser, on a desk and on a telephone, in both languages."""

from collections.abc import Callable
from typing import Literal
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.system.instance import Platform

OpenPage = Callable[..., Page]
SignIn = Callable[[Page], None]
Scheme = Literal["light", "dark"]
WAYS = pytest.mark.parametrize(
    ("width", "language", "scheme"), [(1440, "zh-CN", "light"), (390, "en-US", "dark")], ids=["wide-zh", "narrow-en"]
)


def go(page: Page, path: str) -> None:
    """By the menu, which a telephone opens first."""
    link = page.locator(f".sidebar-link[href='{path}']")
    if not link.is_visible():
        page.locator(".sidebar-opener").click()
    link.click()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def opens(platform: Platform, secret: str) -> bool:
    """Whether a program speaks with it: the voices are listed."""
    request = Request(f"{platform.url}/v1/audio/voices", headers={"Authorization": f"Bearer {secret}"})  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310 - raises for 401
        return bool(answer.status == 200)


@WAYS
def test_a_key_is_made_copied_and_rerolled(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, width: int, language: str, scheme: Scheme
) -> None:
    """The key that is copied opens the API, and so does the one before it after a reroll."""
    words = {
        "zh-CN": ("创建密钥", "更换密钥", "吊销", "永久吊销"),
        "en-US": ("Make the key", "Reroll the key", "Revoke", "Revoke it for good"),
    }
    make, reroll, revoke, sure = words[language]
    page = open_page(width=width, language=language, scheme=scheme)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page)
    go(page, "/keys")
    name = f"phone line {width}"
    page.locator("[name=name]").fill(name)
    page.locator("[name=characters_per_period]").fill("50000")
    page.get_by_role("button", name=make).click()
    page.locator("[data-copy]").click()
    first = page.evaluate("navigator.clipboard.readText()")
    assert opens(platform, first)
    assert fits(page)
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name=reroll).click()
    second = page.locator("#once").inner_text()
    assert second != first
    assert opens(platform, first)
    assert opens(platform, second)
    expect(page.locator(".notice.is-caution")).to_contain_text(first[-4:])
    assert fits(page)
    page.locator(".sure summary", has_text=revoke).click()
    page.get_by_role("button", name=sure).click()
    expect(page.locator(".lines").first).not_to_contain_text(name)


@WAYS
def test_an_invitation_is_accepted(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, width: int, language: str, scheme: Scheme
) -> None:
    """Somebody else opens the link, makes an account and is in the studio; the inviter sees and removes them."""
    words = {
        "zh-CN": ("邀请", "创建账号并加入", "移出团队"),
        "en-US": ("Invite", "Make an account and join", "from the team"),
    }
    invite, join, sure = words[language]
    page = open_page(width=width, language=language, scheme=scheme)
    sign_in(page)
    go(page, "/members")
    page.locator(".side").get_by_role("button", name=invite, exact=True).click()
    link = page.locator("#once").inner_text()
    assert fits(page)
    guest = open_page(width=width, language=language, scheme=scheme, forgive="403")  # once they are removed
    guest.goto(link)
    name = f"mei-{width}"
    guest.locator("[name=username]").fill(name)
    guest.locator("[name=password]").fill("a long word to guess")
    guest.get_by_role("button", name=join).click()
    guest.locator(".voice").first.wait_for()
    page.reload()
    row = page.locator(".people li", has_text=name)
    row.locator("select").select_option("viewer")
    row.get_by_role("button", name=name).first.click()
    expect(page.locator(".messages")).to_contain_text(name)
    row.locator(".sure summary").click()
    row.get_by_role("button", name=sure).click()
    expect(page.locator(".people")).not_to_contain_text(name)
    guest.reload()
    expect(guest.locator("h1")).to_be_visible()


@WAYS
def test_what_is_kept_is_told_and_in_the_trail(
    open_page: OpenPage, sign_in: SignIn, width: int, language: str, scheme: Scheme
) -> None:
    """A number of days is saved and stays; the audit trail has it. Put back, as others use this instance."""
    page = open_page(width=width, language=language, scheme=scheme)
    sign_in(page)
    go(page, "/settings")
    for days in ("3650", ""):
        page.locator("[name=keep_days]").fill(days)
        page.locator("#storage button").click()
        expect(page.locator(".messages")).to_be_visible()
        expect(page.locator("[name=keep_days]")).to_have_value(days)
        expect(page.locator("[name=keep_texts]")).to_be_checked()
    assert fits(page)
    go(page, "/audit")
    expect(page.locator("tbody tr").nth(1)).to_contain_text("3650")
    assert fits(page)
