"""The way in."""

import pytest
from playwright.sync_api import Page, expect

from tests.factories import MembershipFactory


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console and failed requests say."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", lambda request: found.append(f"{request.url}: {request.failure}"))
    return found


def test_an_owner_logs_in_and_sees_the_shop(page, base_url, complaints):
    owner = MembershipFactory(merchant__name="Muster")
    owner.staff.set_password("a long enough password")
    owner.staff.save()
    page.goto("/")
    page.get_by_label("Email").fill(owner.staff.email)
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_label("Password").press("Enter")
    expect(page).to_have_url(f"{base_url}/m/{owner.merchant.slug}/")
    expect(page.get_by_text("Muster").first).to_be_visible()
    assert complaints == []
