"""Take the README's picture of the studio from the running demo instance: `python docs/take_screenshots.py`.

Reads the address and the demo member from $VOXHOUSE_HOME/demo.env (`var/demo.env` by default).
"""

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
TEXT = "各位同事，今天下午三点半，银行行长将在重庆分行重新讲解2026年的服务标准，请提前10分钟到会议室。"
SWITCHES = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def demo_access() -> dict[str, str]:
    file = Path(os.environ.get("VOXHOUSE_HOME", DOCS.parent / "var")) / "demo.env"
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def take_studio(access: dict[str, str], picture: Path) -> None:
    """Sign in, have a sentence spoken, stop in the middle of it and take the window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, locale="zh-CN")
        page.goto(access["VOXHOUSE_URL"])
        page.locator("[name=login]").fill(access["VOXHOUSE_ADMIN_USER"])
        page.locator("[name=password]").fill(access["VOXHOUSE_ADMIN_PASSWORD"])
        page.locator("main button").click()
        page.locator(".voice").first.wait_for()
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
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take_studio(demo_access(), DOCS / "studio.png")
