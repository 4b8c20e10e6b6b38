"""Preview with reasons, and a rule from its preview to its effect."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings

from merchants.models import Membership
from recommendations import loading
from recommendations.actions import train_models
from recommendations.models import Rule
from recommendations.serving import recommend
from tests.factories import MembershipFactory
from tests.recommendations.shops import sku, stocked_shop
from tests.recommendations.worlds import Quiet


@pytest.fixture
def owner(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[Membership]:
    """A shop with a trained model."""
    settings.MODELS_DIR = tmp_path / "models"
    loading.forget()
    membership = MembershipFactory(merchant__name="Muster", merchant__slug="muster")
    stocked_shop(membership.merchant)
    train_models(membership.merchant, progress=Quiet())
    yield membership
    loading.forget()


@pytest.fixture
def page(owner: Membership, context: BrowserContext, base_url: str) -> Page:
    browser = Client()
    browser.force_login(owner.staff)
    session = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}])
    return context.new_page()


def test_the_preview_shows_reasons_and_what_was_dropped(page: Page) -> None:
    page.goto("/m/muster/recommendations/preview")
    expect(page.get_by_text("For a visitor nobody knows")).to_be_visible()
    page.locator("#id_customer").fill("c-0")
    page.locator("#id_customer").press("Tab")
    answer = page.locator("#answer")
    expect(answer.get_by_text("For Ada")).to_be_visible()
    expect(answer.get_by_role("cell", name="You bought this before").first).to_be_visible()
    expect(answer.get_by_text("Others promise more").first).to_be_attached()
    assert "customer=c-0" in page.url


def test_the_tab_one_is_on_stays_in_sight_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for address in ("", "audience", "models/", "plan"):
        page.goto(f"/m/muster/recommendations/{address}")
        expect(page.locator(".cx-tabs [aria-current]")).to_be_in_viewport(ratio=1)


def test_a_rule_is_previewed_saved_and_acts(page: Page, owner: Membership) -> None:
    merchant = owner.merchant
    assert recommend(merchant_id=merchant.pk, placement="home").items[0].sku != sku(3, 7)
    page.goto("/m/muster/recommendations/rules/")
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_role("link", name="Pin").click()
    page.get_by_label("Name").fill("November")
    page.locator("#id_products").fill(sku(3, 7))
    page.locator("#id_products").press("Tab")
    effect = page.locator("#effect")
    expect(effect.get_by_text("Pin “Thing 3-7” to place 1")).to_be_visible()
    expect(effect.get_by_text("pinned")).to_be_visible()
    assert not Rule.objects.for_merchant(merchant).exists()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="November")).to_be_visible()
    loading.forget()
    assert recommend(merchant_id=merchant.pk, placement="home").items[0].sku == sku(3, 7)
    page.get_by_role("button", name="Let it rest").click()
    expect(page.get_by_role("button", name="Let it act")).to_be_visible()
    loading.forget()
    assert recommend(merchant_id=merchant.pk, placement="home").items[0].sku != sku(3, 7)


def test_a_boost_asks_for_what_its_kind_of_products_needs(page: Page) -> None:
    page.goto("/m/muster/recommendations/rules/add?action=boost")
    expect(page.locator("#id_products")).to_be_visible()
    expect(page.locator("#id_days")).to_be_hidden()
    page.locator("#id_target").select_option("new")
    expect(page.locator("#id_days")).to_be_visible()
    expect(page.locator("#id_products")).to_be_hidden()
