"""Who opens the pages, and how they get there."""

from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Tenant, User
from accounts.services import member_add, user_create


def member_of(tenant: Tenant, role: str = "owner", *, language: str = "en", name: str | None = None) -> Client:
    """The console in the hands of one with this role, who reads that language."""
    user = user_create(username=name or f"{role}-{tenant.name}", password="a long word to guess")
    member_add(tenant=tenant, user=user, role=role)
    return signed_in(user, language)


def operator(*, language: str = "en") -> Client:
    """In the hands of one who runs the platform and is in no team."""
    return signed_in(user_create(username="sun", password="a long word to guess", operator=True), language)


def signed_in(user: User, language: str) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def from_the_menu(page: Page, address: str, *, by_key: bool = False) -> None:
    """Goes where the menu leads; on a telephone the menu is a drawer that a button opens."""
    opener = page.locator(".sidebar-opener")
    link = page.locator(f".sidebar a[href='{address}']")
    if opener.is_visible():
        opener.press("Enter") if by_key else opener.click()
    link.press("Enter") if by_key else link.click()
    expect(page.locator(f".sidebar a[href='{address}']")).to_have_attribute("aria-current", "page")
