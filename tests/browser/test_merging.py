"""Who is who, as staff decide it."""

import re

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from merchants.models import Membership
from tests.factories import PASSWORD, CustomerFactory, MembershipFactory, OrderFactory


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Page:
    """Logged in through the form."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(owner.staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{base_url}/m/muster/")
    return page


def test_two_profiles_are_merged_and_parted_again(page: Page, owner: Membership) -> None:
    kept, other = (
        CustomerFactory(merchant=owner.merchant, first_name="Ada", last_name="Berg", postal_code="10115", email=email)
        for email in ("ada@example.org", "berg@example.org")
    )
    OrderFactory(customer=other, number="A-77", total=1999)
    page.goto("/m/muster/")
    page.get_by_role("link", name="Duplicates").click()
    page.get_by_role("button", name="Look again now").click()
    expect(page.get_by_text("Ada Berg, 10115")).to_be_visible()
    page.get_by_role("link", name="Compare and merge").click()
    expect(page.get_by_role("heading", name="What moves")).to_be_visible()
    page.get_by_label("Ada Berg and Ada Berg are one person").check()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/customers/{kept.pk}/$"))
    expect(page.locator("#identities").get_by_text("berg@example.org")).to_be_visible()
    assert not Customer.objects.filter(pk=other.pk).exists()
    page.goto(f"/m/muster/customers/{other.pk}/")
    expect(page).to_have_url(re.compile(rf"/customers/{kept.pk}/$"))
    page.get_by_role("button", name="Undo this merge").click()
    page.get_by_role("button", name="Undo the merge").click()
    expect(page).to_have_url(re.compile(rf"/customers/{other.pk}/$"))
    expect(page.get_by_text("A-77").first).to_be_visible()
    assert Customer.objects.get(pk=other.pk).email == "berg@example.org"
