"""Every screen in Chromium: accessible in light and dark, no wider than a small phone, without complaints."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from merchants.models import Membership
from tests.architecture.shop import rows_of, stock_up
from tests.architecture.test_doors import BACK_OFFICE, ROWS, Address
from tests.factories import MembershipFactory

# Parts of pages, and documents for a frame.
NO_SCREENS = {
    "event_arrivals",
    "job_progress",
    "message_preview",
    "message_source",
    "promotion_suggest",
    "rule_preview",
}
PUBLIC = ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/nowhere"]
PERSONAL = ["/accounts/2fa/", "/accounts/password/change/"]


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    membership = MembershipFactory(merchant__name="Wäschekörbe & Weinregale Süddeutschland", merchant__slug="muster")
    stock_up(membership, 1)
    return membership


@pytest.fixture
def screens(owner: Membership) -> list[str]:
    """The addresses of every screen that this shop has."""
    return [_url(address, owner) for address in BACK_OFFICE if _is_screen(address, owner)]


def _url(address: Address, owner: Membership) -> str:
    ids = {}
    if address.arguments:
        row = rows_of(ROWS[address.name], owner.merchant).first()
        assert row is not None
        ids = {"pk": row.pk}
    return address.url(owner, **ids)


def _is_screen(address: Address, owner: Membership) -> bool:
    browser = Client()
    browser.force_login(owner.staff)
    answer = browser.get(_url(address, owner))
    return address.name not in NO_SCREENS and answer.status_code == 200 and "html" in answer["Content-Type"]


@pytest.fixture
def inside(owner: Membership, context: BrowserContext, base_url: str) -> Iterator[Page]:
    """A page in which the owner is logged in; what the browser complains of fails the test."""
    browser = Client()
    browser.force_login(owner.staff)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [text for text in complaints if "404" not in text] == []


def _serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(inside: Page, screens: list[str], theme: str) -> None:
    inside.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    found = []
    for url in [*screens, *PERSONAL]:
        inside.goto(url)
        found += _serious(inside)
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_before_the_login(
    page: Page, base_url: str, theme: str, transactional_db: None
) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    found = []
    for url in PUBLIC:
        page.goto(url)
        found += _serious(page)
    assert found == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_screen_is_wider_than_a_small_phone(inside: Page, screens: list[str], base_url: str, language: str) -> None:
    inside.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": base_url}])
    inside.set_viewport_size({"width": 320, "height": 800})
    too_wide = []
    for url in [*screens, *PERSONAL]:
        inside.goto(url)
        excess = inside.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if excess > 0:
            too_wide.append(f"{url}: {excess} px")
    assert too_wide == []
