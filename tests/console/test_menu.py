"""The menu of the console: what is in it for whom."""

import re

import pytest
from django.test import Client

from accounts.models import Role
from accounts.services import user_create
from billing.price_book.services import price_book_load_shipped
from console.menu import MENU, current
from tests.console.visitors import member_of
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db

ALL = [entry.address for group in MENU for entry in group.entries]


def operator() -> Client:
    """Who runs the platform and is in no team; there is one, to look at."""
    make_tenant()
    client = Client()
    client.force_login(user_create(username="olga", password="a long word to guess", operator=True))
    return client


@pytest.mark.parametrize("who", [*Role.values, "operator"])
def test_the_menu_is_what_its_reader_may_open(who: str) -> None:
    """Each page that the menu shows opens, and each that it does not show refuses."""
    price_book_load_shipped()
    client = operator() if who == "operator" else member_of(make_tenant(), who)
    page = client.get("/" if who != "operator" else "/operators/savings").content.decode()
    shown = re.findall(r'<a class="sidebar-link" href="([^"]+)"', page)
    assert shown == [address for address in ALL if client.get(address).status_code == 200]


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "studio"),
        ("/statement/2026-11", "statement"),
        ("/webhooks/5d0c7c1e-0000-4000-8000-000000000000", "webhooks"),
        ("/accounts/password/change/", None),
    ],
)
def test_a_page_below_another_belongs_to_it(path: str, page: str | None) -> None:
    """The menu marks where its reader is, on the pages of single things too."""
    entry = current(MENU, path)
    assert (entry and entry.page) == page
