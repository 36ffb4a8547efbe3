"""Take the README's pictures from the running demo instance: `python docs/pictures/take.py [studio history …]`.

The address and the demo member are those of $VOXHOUSE_HOME/demo.env (`var/demo.env` by default). What the pages
show is what the instance has: `manage.py demo fill` gives it a believable year, and prints whose it is: sign in as
them by VOXHOUSE_ADMIN_USER and VOXHOUSE_ADMIN_PASSWORD.
"""

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
TEXT = "各位同事，今天下午三点半，银行行长将在重庆分行重新讲解2026年的服务标准，请提前10分钟到会议室。"
SWITCHES = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
COLOURS = 128  # of a picture: a third of its size, and no eye finds the difference


def demo_access() -> dict[str, str]:
    lines = (settings.VOXHOUSE_HOME / "demo.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line) | os.environ


def sign_in(page: Page, access: dict[str, str]) -> None:
    page.goto(access["VOXHOUSE_URL"])
    page.locator("[name=login]").fill(access["VOXHOUSE_ADMIN_USER"])
    page.locator("[name=password]").fill(access["VOXHOUSE_ADMIN_PASSWORD"])
    page.locator("[name=password]").press("Enter")
    page.locator(".voice").first.wait_for()


def in_the_middle_of_a_sentence(page: Page) -> None:
    """The studio, with a text that is read, spoken and stopped."""
    page.locator("#text").fill(TEXT)
    page.locator("#reading summary").click()
    page.locator("#reading-text ruby").first.wait_for()
    page.locator("#speak").click()
    page.locator("#downloads a").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    page.locator("#toggle").click()
    page.locator("#seek").press("Home")
    page.locator("#seek").click(position={"x": 320, "y": 20})
    page.mouse.move(0, 0)
    page.locator(".recent-row").first.wait_for()


def as_it_is(_: Page) -> None:
    """Nothing needs to be done to see it."""


# A picture's name: the name of the page's address, and what to do there first.
PICTURES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "studio": ("studio", in_the_middle_of_a_sentence),
    "history": ("history", as_it_is),
    "usage": ("usage", as_it_is),
    "savings": ("operators_savings", as_it_is),
}


def save(screenshot: bytes, file: Path) -> None:
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def take(names: list[str]) -> None:
    access = demo_access()
    with sync_playwright() as playwright:
        installed = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=installed, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1440, "height": 960}, locale="zh-CN", color_scheme="light")
        sign_in(page, access)
        for name in names:
            address, prepare = PICTURES[name]
            page.goto(access["VOXHOUSE_URL"] + reverse(address), wait_until="networkidle")
            prepare(page)
            save(page.screenshot(), HERE / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    take(sys.argv[1:] or list(PICTURES))
