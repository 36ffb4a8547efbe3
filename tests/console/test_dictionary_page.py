"""The page of the dictionary in a real browser, on a desk and on a telephone, in both languages."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.console.visitors import from_the_menu


@pytest.mark.parametrize(
    ("width", "language", "scheme", "heading", "delete"),
    [(1440, "zh-CN", "light", "发音词典", "删除"), (390, "en-US", "dark", "Dictionary", "Delete")],
    ids=["wide-zh", "narrow-en"],
)
def test_from_the_menu_to_a_word_that_is_said_otherwise(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page], None],
    width: int,
    language: str,
    scheme: Literal["light", "dark"],
    heading: str,
    delete: str,
) -> None:
    """By the keyboard alone a word is added, heard of in the sentence that is being tried, and deleted."""
    word = f"词{width}"
    page = open_page(width=width, language=language, scheme=scheme)
    sign_in(page)
    from_the_menu(page, "/dictionary", by_key=True)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.locator("#sentence").press_sequentially(f"有{word}。")
    expect(page.locator("#trial-result rt").first).to_have_text("yǒu")
    page.locator("[name=word]").first.focus()
    page.locator("form#entry [name=word]").press_sequentially(word)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("别的字")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text(word)
    expect(page.locator("#trial-result .matches")).to_have_text(f"{word} → 别的字")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=f"{delete} {word}").press("Enter")
    expect(page.locator(".entries")).not_to_contain_text(word)


def test_out_as_a_file_and_in_again(
    open_page: Callable[..., Page], sign_in: Callable[[Page], None], tmp_path: Path
) -> None:
    """What is exported can be changed and imported; a fault is told with its row, above the file."""
    page = open_page(language="en-US", forgive="400")
    sign_in(page)
    page.goto(f"{page.url}dictionary")
    page.get_by_text("Import a CSV file").click()
    table = tmp_path / "table.csv"
    table.write_text("word,pinyin\n表,biao\n", "utf-8")
    page.locator("[name=file]").set_input_files(table)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Row 2: “biao” is no syllable of pinyin")
    table.write_text("word,pinyin\n表,biao3\n", "utf-8")
    page.locator("[name=file]").set_input_files(table)
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".messages")).to_contain_text("Added: 1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert "表,biao3," in Path(download.value.path()).read_text("utf-8-sig")
    page.get_by_role("button", name="Delete 表").click()
    expect(page.locator(".messages")).to_contain_text("is deleted")
