"""Every page of the project in a real Chromium, on a desk and on a telephone: nothing to complain about."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, Request
from pytest_django.live_server_helper import LiveServer

from billing.price_book.services import price_book_load_shipped
from tests.console.addresses import addresses
from tests.console.conftest import chromium, write_down
from tests.console.teams import filled, make_team

DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "zh-CN", "color_scheme": "light"}
TELEPHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "locale": "en-US", "color_scheme": "dark"}
AXE = Axe()


def test_every_page_is_fit_to_be_opened(live_server: LiveServer, quiet: None) -> None:
    """In both languages and colours: no error, nothing against the content security policy, no foreign address.

    Of pages in our own frame, axe finds nothing serious and nothing runs off the side.
    """
    price_book_load_shipped()
    team = make_team(operator=True)
    team.fill(2)
    visitor, member = Client(), team.member()
    paths = [filled(address, team) for address in addresses()]
    open_to_all = [path for path in paths if is_page(path, visitor)]
    open_to_members = [path for path in paths if path not in open_to_all and is_page(path, member)]
    session: Any = {"name": "sessionid", "value": member.cookies["sessionid"].value, "url": live_server.url}
    complaints: list[str] = []
    with chromium() as browser:
        for look in (DESK, TELEPHONE):
            for visited, cookies in ((open_to_all, []), (open_to_members, [session])):
                context = browser.new_context(**look)
                context.add_cookies(cookies)
                inspector = Inspector(context.new_page(), live_server.url)
                complaints += [
                    f"{path} ({look['locale']}): {fault}" for path in visited for fault in inspector.faults(path)
                ]
                context.close()
    assert not complaints, "\n".join(complaints)


def is_page(path: str, client: Client) -> bool:
    answer = client.get(path)
    return answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


class Inspector:
    """Opens addresses one after the other in one page."""

    def __init__(self, page: Page, origin: str) -> None:
        self._page, self._origin = page, origin
        self._noted: list[str] = []
        self._awaited: set[Request] = set()
        write_down(page, origin, self._noted)
        page.on("request", lambda request: self._awaited.add(request))
        page.on("requestfinished", lambda request: self._awaited.discard(request))
        page.on("requestfailed", lambda request: self._awaited.discard(request))

    def faults(self, path: str) -> list[str]:
        self._noted.clear()
        self._awaited.clear()
        self._page.goto(self._origin + path)
        self._wait_for_what_scripts_ask()
        ours = self._page.locator(".topbar").count() > 0
        return self._noted + (self._unfit() if ours else [])

    def _wait_for_what_scripts_ask(self) -> None:
        """Unlike Playwright's `networkidle` without half a second of silence; a stream of events goes on."""
        while [request for request in self._awaited if request.resource_type != "eventsource"]:
            self._page.wait_for_timeout(10)

    def _unfit(self) -> list[str]:
        found = AXE.run(self._page).response["violations"]
        grave = [fault for fault in found if fault["impact"] in {"serious", "critical"}]
        faults = [f"{fault['help']}: {node['html']}" for fault in grave for node in fault["nodes"]]
        wide = self._page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return faults + ([f"runs {wide} pixels off the side"] if wide > 0 else [])
