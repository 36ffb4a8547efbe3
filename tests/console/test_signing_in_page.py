"""Signing in as people do: by the company's account, with a code, with a passkey; and the first steps after it."""

import re
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from tests.console.conftest import Platform
from tests.system.identity_provider import IdentityProvider
from tests.system.instance import Platform as Instance

OpenPage = Callable[..., Page]
SignIn = Callable[[Page], None]


def digits(secret: str) -> str:
    """What an authenticator app shows now."""
    counters = list(yield_hotp_counters_from_time())
    code: str = format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))
    return code


def fill(page: Page, name: str, password: str) -> None:
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(password)
    page.locator("main button.is-primary").click()


@pytest.fixture(scope="module")
def newcomers(platform: Instance) -> None:
    """A team that has not taken a step yet."""
    platform.manage("tenant", "create", "newcomers")


@pytest.mark.parametrize(("width", "language", "words"), [(1440, "zh-CN", "入门步骤"), (390, "en", "First steps")])
def test_a_colleague_comes_by_the_company_account(
    open_page: OpenPage,
    platform: Platform,
    newcomers: None,
    identity_provider: IdentityProvider,
    width: int,
    language: str,
    words: str,
) -> None:
    """One click, the company's own page, and they are in the studio of their team, with their first steps."""
    sub = f"bob-{language}"
    claims = {"email": f"{sub}@example.net", "email_verified": True, "preferred_username": sub}
    identity_provider.people[sub] = claims
    page = open_page(width=width, language=language, forgive=identity_provider.url)
    page.goto(platform.url)
    page.locator("#company").click()
    page.locator("[name=sub]").fill(sub)
    page.locator("button").click()
    page.locator(".voice").first.wait_for()
    expect(page.locator(".account-name")).to_have_text(sub)
    expect(page.locator("#first-steps")).to_have_text(words)
    page.goto(f"{platform.url}/security")
    expect(page.locator(".badge.is-good").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def second_factor_goes(platform: Instance) -> Iterator[None]:
    """The demo member is others' too."""
    yield
    platform.manage("mfa", "reset", platform.user)


@pytest.mark.parametrize(("width", "language"), [(1440, "zh-CN"), (390, "en")])
def test_an_authenticator_app_is_set_up_and_asked_for(
    open_page: OpenPage, platform: Platform, second_factor_goes: None, width: int, language: str
) -> None:
    """Scanned, confirmed, recovery codes shown; the next sign-in asks for the code, and a recovery code does too."""
    page = open_page(width=width, language=language)
    page.goto(platform.url)
    fill(page, platform.user, platform.password)
    page.locator(".voice").first.wait_for()
    page.goto(f"{platform.url}/accounts/2fa/totp/activate/")
    page.locator("[name=password]").fill(platform.password)
    page.locator("main button.is-primary").click()
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator("#authenticator_secret").text_content() or ""
    page.locator("[name=code]").fill(digits(secret))
    page.locator("main form button.is-primary").click()
    recovery = page.locator("#recovery_codes li").first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    elsewhere = open_page(width=width, language=language)
    elsewhere.goto(platform.url)
    fill(elsewhere, platform.user, platform.password)
    elsewhere.locator("[name=code]").fill(recovery)
    elsewhere.locator("main button.is-primary").click()
    elsewhere.locator(".voice").first.wait_for()


def test_a_passkey_signs_in_alone(open_page: OpenPage, platform: Platform, second_factor_goes: None) -> None:
    """Where the address has a name, a key of the device is added and signs in without a name or a password."""
    named = platform.url.replace("127.0.0.1", "localhost")
    page = open_page(forgive=named)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})
    page.goto(f"{named}/accounts/login/?next=/security")
    fill(page, platform.user, platform.password)
    page.locator("[data-passkeys] a").last.click()
    page.locator("[name=password]").fill(platform.password)
    page.locator("main button.is-primary").click()
    page.locator("[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    expect(page.locator("#recovery_codes")).to_be_visible()
    page.goto(f"{named}/accounts/2fa/webauthn/")
    expect(page.locator(".ways li")).to_have_count(1)
    page.context.clear_cookies()
    page.goto(f"{named}/accounts/login/?next=/security")
    page.locator("#passkey_login").click()
    expect(page.locator("#factors")).to_be_visible()


def test_the_first_steps_go_when_they_are_not_wanted(
    open_page: OpenPage, platform: Platform, newcomers: None, identity_provider: IdentityProvider
) -> None:
    """For this member, and for good."""
    identity_provider.people["carol"] = {"email": "carol@example.net", "email_verified": True}
    page = open_page(forgive=identity_provider.url)
    page.goto(platform.url)
    page.locator("#company").click()
    page.locator("[name=sub]").fill("carol")
    page.locator("button").click()
    page.locator(".first-steps form button").click()
    page.locator(".voice").first.wait_for()
    expect(page.locator(".first-steps")).to_have_count(0)


def test_the_guide_s_javascript_works(open_page: OpenPage, sign_in: SignIn, platform: Instance) -> None:
    """As it is printed, but for the file: a browser has none, so what would be written is counted."""
    page = open_page()
    sign_in(page)
    page.goto(f"{platform.url}/guide")
    page.locator(".switch label").last.click()
    code = page.locator(".languages-of-code pre:visible").inner_text()
    body = re.sub(r"^import .*$", "", code, flags=re.MULTILINE)
    assert body != code
    size = page.evaluate(
        f"""async (key) => {{
            const process = {{ env: {{ VOXHOUSE_API_KEY: key }} }};
            let size = 0;
            const writeFile = async (_, bytes) => {{ size = bytes.length; }};
            {body}
            return size;
        }}""",
        platform.api_key,
    )
    assert size > 5_000
