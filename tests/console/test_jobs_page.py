"""The page of jobs as a member meets it: from a file to what was made of it."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import openpyxl
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect


class Platform(Protocol):
    url: str


OpenPage = Callable[..., Page]
SignIn = Callable[[Page], None]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Two rows that nobody has had spoken yet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["name", "文件名"])
    digits = "".join("零一二三四五六七八九"[int(digit, 16) % 10] for digit in uuid4().hex[:6])
    sheet.append([f"张{digits}", "zhang"])
    sheet.append([f"李{digits}", "li"])
    file = tmp_path / f"calls-{digits}.xlsx"
    book.save(file)
    return file


def at_jobs(page: Page, sign_in: SignIn, platform: Platform) -> None:
    sign_in(page)
    page.goto(f"{platform.url}/jobs")
    expect(page.locator("#voice option")).not_to_have_count(0)


def test_from_a_workbook_to_an_archive(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, workbook: Path
) -> None:
    """Choose, write the template, see the rows and the price, start, follow, download."""
    page = open_page()
    at_jobs(page, sign_in, platform)
    page.locator("#file").set_input_files(workbook)
    page.locator(".column", has_text="{name}").click()
    page.locator("#template").press_sequentially("好{nane}")
    expect(page.locator("#preview .is-unknown")).to_have_count(2)
    page.locator("#template").fill("{name}好。")
    expect(page.locator("#preview li").first).to_have_text(re.compile("^张.*好。$"))
    page.locator("#check").click()
    expect(page.locator("#sum-rows")).to_have_text("2 行")
    expect(page.locator("#sum-characters")).to_have_text("18")
    expect(page.locator("#start")).to_be_focused()
    page.keyboard.press("Enter")
    job = page.locator(".job", has_text=workbook.stem)
    expect(job.locator(".badge")).to_have_text("已完成", timeout=60_000)
    expect(job.locator(".job-facts")).to_contain_text("已完成 2 / 2")
    with page.expect_download() as download:
        job.locator("[data-as=zip]").click()
    assert download.value.suggested_filename == f"{workbook.stem}.zip"
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert archive.namelist() == ["zhang.mp3", "li.mp3", "index.csv"]
    job.locator("[data-act=delete]").click()
    expect(job).to_be_visible()
    job.locator("[data-act=delete]").click()
    expect(job).to_have_count(0)


def test_a_book_shows_its_chapters_on_a_telephone(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, tmp_path: Path
) -> None:
    """Nothing is wider than the screen; what was checked and then changed is no longer there to start."""
    page = open_page(width=390, language="en-US", scheme="dark")
    at_jobs(page, sign_in, platform)
    book = tmp_path / "a-book.md"
    book.write_text("# 第一章\n\n他来了。\n\n# 第二章\n\n她走了。\n")
    page.locator("#file").set_input_files(book)
    expect(page.locator("#chapters li")).to_have_text([re.compile("第一章"), re.compile("第二章")])
    expect(page.locator("#table-part")).to_be_hidden()
    page.locator("#check").click()
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator(".job", has_text="a-book").locator(".badge")).to_have_text("Draft")
    page.locator("#job-name").fill("Another name")
    expect(page.locator("#start")).to_be_hidden()
    expect(page.locator(".job", has_text="a-book")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_draft_discarded_while_the_list_is_read_is_not_missed(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, workbook: Path
) -> None:
    """An answer from before it was discarded comes late: nothing is asked of the draft, and it is not shown again."""
    page = open_page()
    at_jobs(page, sign_in, platform)
    late: list[tuple[Route, APIResponse]] = []
    asked: list[str] = []
    page.locator("#file").set_input_files(workbook)
    page.locator("#template").fill("{name}好。")
    page.route("**/v1/jobs?limit=20", lambda route: late.append((route, route.fetch())), times=1)
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    with page.expect_response("**/v1/jobs/files") as made:
        page.locator("#check").click()
    draft = f"{platform.url}/v1/jobs/{made.value.json()['id']}"
    job = page.locator(".job", has_text=workbook.stem)
    expect(page.locator("#discard")).to_be_enabled()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(job).to_be_visible()
    with page.expect_response("**/v1/jobs?limit=20"):
        page.locator("#discard").click()
    (route, answer) = late.pop()
    assert workbook.stem in answer.text()
    assert route.request.failure  # whoever asks anew has given it up
    expect(job).to_have_count(0)
    assert [each for each in asked if draft in each] == [f"DELETE {draft}"]


def test_a_file_that_cannot_be_used_is_told_at_the_form(
    open_page: OpenPage, sign_in: SignIn, platform: Platform, tmp_path: Path
) -> None:
    """What kind it may be, or which cell to mend; the file can be chosen again at once."""
    page = open_page(forgive="status of 4")  # the browser itself notes every refused request
    at_jobs(page, sign_in, platform)
    table = tmp_path / "bad.csv"
    table.write_text("name,voice\n张三,nobody\n")
    page.locator("#file").set_input_files(table)
    page.locator("#template").fill("{name}好。")
    page.locator("#check").click()
    expect(page.locator("#problem")).to_contain_text("Row 2, column 'voice'")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    page.locator("#file").set_input_files(picture)
    expect(page.locator("#problem")).to_contain_text("不支持这种文件")
    table.write_text("name\n张三\n")
    page.locator("#file").set_input_files(table)
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("#preview li")).to_have_text("张三好。")
