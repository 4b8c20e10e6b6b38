"""From a search without result to a synonym that helps the next one."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from merchants.models import Membership
from recommendations.models import SearchTerm, Synonym
from recommendations.search import searching, synonyms, understanding
from recommendations.search.actions import index_stale
from tests.browser.back_office import is_clean
from tests.factories import PASSWORD, MembershipFactory, ProductFactory


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    """Of an English shop that sells couches, in which people look for sofas."""
    for remembering in (searching, synonyms, understanding):
        remembering.forget()
    membership = MembershipFactory(merchant__name="Muster", merchant__slug="muster", merchant__language="en")
    for title in ("Couch, blue", "Couch, red", "Table"):
        ProductFactory(merchant=membership.merchant, title=title)
    index_stale(membership.merchant)
    today = timezone.localdate(timezone=membership.merchant.tz)
    for text, searches, missed in [("sofa", 7, 7), ("table", 9, 0)]:
        SearchTerm.objects.create(
            merchant=membership.merchant, day=today, text=text, searches=searches, without_result=missed
        )
    return membership


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Page:
    """Logged in through the form."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(owner.staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{base_url}/m/muster/")
    return page


def test_a_search_without_result_becomes_a_synonym_that_finds(page: Page, owner: Membership) -> None:
    page.get_by_role("link", name="Search in the shop").click()
    rows = page.locator("#rows")
    expect(rows.get_by_role("link", name="sofa", exact=True)).to_be_visible()
    expect(rows.get_by_role("link", name="table", exact=True)).to_have_count(0)
    rows.get_by_role("link", name="sofa", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing is found")).to_be_visible()
    page.get_by_role("link", name="Add a synonym").click()
    expect(page.get_by_label("Words")).to_have_value("sofa")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Two words at least")).to_be_visible()
    page.get_by_label("Words").fill("sofa, couch")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Searches know it within seconds.")).to_be_visible()
    page.get_by_role("link", name="Try a search").click()
    page.get_by_label("Search for").fill("red sofa")
    expect(page.get_by_role("heading", name="1 product")).to_be_visible()
    expect(page.locator("#found").get_by_role("link", name="Couch, red")).to_be_visible()
    page.get_by_label("Search for").fill("coudh")
    expect(page.locator("#found strong")).to_have_text("couch")


def test_a_synonym_is_deleted_after_a_question(page: Page, owner: Membership) -> None:
    Synonym.objects.create(merchant=owner.merchant, words=["sofa", "couch"])
    page.goto("/m/muster/search/synonyms/")
    page.get_by_role("button", name="Delete sofa, couch").click()
    dialog = page.get_by_role("dialog", name="Delete this synonym?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete sofa, couch").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="No synonyms yet")).to_be_visible()
    assert not Synonym.objects.exists()


def test_the_screens_are_accessible_in_both_themes_and_fit_a_phone(page: Page, owner: Membership) -> None:
    Synonym.objects.create(merchant=owner.merchant, words=["sofa" * 20, "couch"], finds=["day bed"])
    for address in ("?show=all", "try?q=couhc", "try?q=nothing", "synonyms/", "synonyms/add?words=sofa"):
        answer = page.goto(f"/m/muster/search/{address}")
        assert answer is not None
        assert answer.status == 200
        is_clean(page)


def test_the_report_narrows_as_one_types(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/search/?show=all")
    rows = page.locator("#rows")
    expect(rows.get_by_role("link", name="table", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Search term").fill("sof")
    expect(rows.get_by_role("link", name="table", exact=True)).to_have_count(0)
    expect(rows.get_by_role("link", name="sofa", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Search term").fill("nobody asked for this")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
