"""The pages of webhooks and destinations in a real browser, on a desk and on a telephone, in both languages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.visitors import from_the_menu
from tests.system.instance import Platform
from tests.webhooks.receiver import listening


@pytest.mark.parametrize(
    ("width", "language", "words"),
    [
        (1440, "zh-CN", ("创建", "发送测试", "已送达", "删除", "连同日志一起删除")),
        (390, "en-US", ("Make it", "Send a test", "Delivered", "Delete", "Delete it with its log")),
    ],
    ids=["wide-zh", "narrow-en"],
)
def test_a_webhook_from_its_making_to_its_end(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page], None],
    platform: Platform,
    width: int,
    language: str,
    words: tuple[str, ...],
) -> None:
    """The secret that the page shows signs the test it sends; the log has it; nothing runs off the side."""
    make, test, delivered, delete, sure = words
    page = open_page(width=width, language=language, scheme="dark" if width < 1000 else "light")
    sign_in(page)
    from_the_menu(page, "/webhooks")
    with listening() as receiver:
        page.locator("[name=url]").fill(receiver.url)
        page.locator("[value='job.delivered']").check()
        page.get_by_role("button", name=make).click()
        secret = page.locator("#secret").input_value()
        page.locator(".receivers a", has_text=receiver.url).click()
        page.get_by_role("button", name=test).click()
        expect(page.locator(".delivery")).to_have_count(1)
        while not page.get_by_text(delivered, exact=True).count():
            page.wait_for_timeout(200)
            page.reload()
        assert receiver.received[0].verified(secret)["type"] == "webhook.test"
    page.locator(".delivery summary").click()
    expect(page.locator(".delivery pre").first).to_contain_text("webhook.test")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".sure summary", has_text=delete).click()
    page.get_by_role("button", name=sure).click()
    page.wait_for_url(f"{platform.url}/webhooks")


def test_each_kind_of_destination_has_its_own_fields(
    open_page: Callable[..., Page], sign_in: Callable[[Page], None]
) -> None:
    """Chosen without a script."""
    page = open_page(width=390, language="en-US")
    sign_in(page)
    page.goto(f"{page.url}destinations")
    expect(page.locator("[name=header]")).to_be_visible()
    expect(page.locator("[name=bucket]")).to_be_hidden()
    page.get_by_text("S3 bucket", exact=True).click()
    expect(page.locator("[name=header]")).to_be_hidden()
    expect(page.locator("[name=bucket]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_job_s_files_are_put_where_its_form_says(
    open_page: Callable[..., Page], sign_in: Callable[[Page], None], platform: Platform, tmp_path: Path
) -> None:
    """Nowhere, or at a destination of the team."""
    page = open_page()
    sign_in(page)
    table = tmp_path / "calls.csv"
    table.write_text("text\n你好。\n")
    with listening() as receiver:
        page.goto(f"{platform.url}/destinations")
        page.locator("[name=url]").fill(receiver.url)
        page.get_by_role("button", name="保存").click()
    page.wait_for_url(f"{platform.url}/destinations/*")
    destination = page.url
    page.goto(f"{platform.url}/jobs")
    expect(page.locator("#voice option")).not_to_have_count(0)
    assert draft_of(page, table) is None
    page.locator("#destination").select_option(label=receiver.url)
    assert destination.endswith(f"/{draft_of(page, table)}")
    page.goto(destination)  # the other tests' jobs shall not meet it
    page.locator(".sure summary").click()
    page.get_by_role("button", name="连同日志一起删除").click()
    page.wait_for_url(f"{platform.url}/destinations")


def draft_of(page: Page, table: Path) -> str | None:
    """The destination of the draft that the form makes; it is discarded."""
    page.locator("#file").set_input_files(table)
    with page.expect_response(lambda answer: answer.url.endswith("/v1/jobs/files")) as made:
        page.locator("#check").click()
    page.locator("#discard").click()
    expect(page.locator("#check")).to_be_visible()
    destination: str | None = made.value.json()["destination"]
    return destination
