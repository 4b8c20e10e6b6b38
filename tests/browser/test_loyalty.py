"""The programme is set up, points appear with an order and roll back with what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from merchants.models import Membership
from promotions.models import LoyaltyProgram, Member
from tests.browser.back_office import at_work, is_clean
from tests.factories import MembershipFactory
from tests.promotions.members import account, customer, order, send_back


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    with at_work(page, base_url, owner):
        yield page


def test_points_appear_and_roll_back(page: Page, owner: Membership) -> None:
    merchant = owner.merchant
    page.goto("/m/muster/loyalty/")
    expect(page.get_by_text("The programme does not run")).to_be_visible()
    is_clean(page)
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Programme runs").check()
    page.get_by_label("100 points are worth").fill("1.00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It counts for orders from now on.")).to_be_visible()
    is_clean(page)
    assert LoyaltyProgram.objects.get(merchant=merchant).value_of_hundred == 100
    sold = order(merchant, "A-1", (3, 1000), days_ago=1)
    page.goto("/m/muster/loyalty/ledger")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows tbody tr")).to_contain_text("+30")
    send_back(sold, "R-1", 2)
    page.goto(f"/m/muster/customers/{customer(merchant).pk}/")
    page.get_by_role("link", name="Statement").click()
    expect(page.locator("#rows tbody tr").first).to_contain_text("−20")
    is_clean(page)
    page.get_by_label("Points", exact=True).fill("-5")
    page.get_by_label("Reason").fill("A mistake")
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_text("There are 0 points to spend.")).to_be_visible()
    page.get_by_label("Points", exact=True).fill("50")
    page.get_by_role("button", name="Book").click()
    expect(page.locator("#rows tbody tr").first).to_contain_text("+50")
    assert account(merchant) == (50, 10)


def test_tiers_and_rewards_are_written(page: Page, owner: Membership) -> None:
    LoyaltyProgram.objects.create(merchant=owner.merchant, is_active=True)
    page.goto("/m/muster/loyalty/levels")
    is_clean(page)
    page.get_by_role("link", name="Add a tier").first.click()
    page.get_by_label("Name").fill("Gold")
    page.get_by_label("Key").fill("gold")
    page.get_by_label("From so many points").fill("20")
    page.get_by_label("Points are multiplied by").fill("1.5")
    is_clean(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Add a reward").first.click()
    page.get_by_label("Name").fill("Five off")
    page.get_by_label("Key").fill("five")
    page.get_by_label("Costs points").fill("500")
    page.get_by_label("Takes off").fill("5.00")
    is_clean(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Five off Its code")).to_be_visible()
    is_clean(page)
    order(owner.merchant, "A-1", (1, 2500))
    member = Member.objects.select_related("tier").get(merchant=owner.merchant)
    assert member.tier is not None
    assert (member.tier.key, member.tier.hundredths) == ("gold", 150)
