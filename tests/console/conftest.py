"""A real headless Chromium, and a page that objects to whatever a member should never meet."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from celery import Task
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from pytest_django.fixtures import Settings

from tests.console.visitors import operator
from webhooks.courier import Courier

# What every buffer sent to the loudspeakers holds, seen from the browser's own API.
SPY_ON_LOUDSPEAKERS = """
window.heard = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  const peak = this.buffer.getChannelData(0).reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
  window.heard.push({ seconds: this.buffer.duration, peak });
  return start.apply(this, when);
};
"""

# Chromium's headless shell, which Playwright's own is too, costs a third of the whole: it has no windows to make.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_SWITCHES = [
    "--disable-background-networking",  # the browser's own calls home would be ours to explain
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium refuses its sandbox to root
]


class Platform(Protocol):
    """What the `platform` fixture tells of the running instance."""

    url: str
    user: str
    password: str


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's, or where there is none Playwright's own. Meanwhile Django takes this thread for async."""
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=CHROMIUM_SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module's, not the session's, for the tests of others work with the database."""
    with chromium() as browser:
        yield browser


def write_down(page: Page, origin: str, complaints: list[str]) -> None:
    """Every error, warning and failed request of the page from now on, and every address outside of `origin`."""

    def told(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def asked(request: Request) -> None:
        if not request.url.startswith((origin, "data:", "blob:")):
            complaints.append(f"left the machine: {request.url}")

    page.on("console", told)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("request", asked)


@pytest.fixture
def open_page(browser: Browser, platform: Platform) -> Iterator[Callable[..., Page]]:
    """Opens a page of the platform; at the end no error, no failed request and no foreign address may be on record."""
    complaints: list[str] = []
    forgiven: list[str] = []
    pages: list[Page] = []

    def open_page(
        *, width: int = 1440, language: str = "zh-CN", scheme: Literal["light", "dark"] = "light", forgive: str = ""
    ) -> Page:
        forgiven.extend([forgive] if forgive else [])
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, color_scheme=scheme, accept_downloads=True
        )
        context.add_init_script(SPY_ON_LOUDSPEAKERS)
        page = context.new_page()
        write_down(page, platform.url, complaints)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert [said for said in complaints if not any(pardon in said for pardon in forgiven)] == []


@pytest.fixture(scope="session")
def member_cookies() -> list[Any]:
    """Those of the demo member's newest session, once somebody has signed in."""
    return []


@pytest.fixture
def sign_in(platform: Platform, member_cookies: list[Any]) -> Callable[[Page], None]:
    """Has the demo member in the studio: through the door that people use, the first time and whenever it asks."""

    def sign_in(page: Page) -> None:
        page.context.add_cookies(member_cookies)
        page.goto(platform.url)
        if page.locator("[name=login]").count():
            page.locator("[name=login]").fill(platform.user)
            page.locator("[name=password]").fill(platform.password)
            page.locator("main button.is-primary").click()
            page.locator(".voice").first.wait_for()
            member_cookies[:] = page.context.cookies()
        page.locator(".voice").first.wait_for()

    return sign_in


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """No message goes to a worker or to anybody else, and a team may have more of everything than it has use for."""
    monkeypatch.setattr(Task, "apply_async", lambda *_args, **_options: None)
    monkeypatch.setattr(Courier, "wake", lambda _: None)
    settings.WEBHOOK_ENDPOINTS = settings.DELIVERY_DESTINATIONS = settings.INVITATIONS = 1000
    settings.WEBHOOK_ALLOW_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True


@pytest.fixture
def sun() -> Client:
    """An operator, who is in no team and reads English."""
    return operator()
