"""Codes are made, used by a checkout, booked and returned; a draft is replayed and checked before it is published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.measuring.holdout import HOLDOUT, TREATED
from merchants.models import Membership
from promotions import active
from promotions.actions.coupons import COUPONS
from promotions.actions.offers import PromotionData, VersionData, activate_promotion, create_promotion
from promotions.measuring.figures import make_report
from promotions.models import Coupon, Exposure
from promotions.replaying.running import REPLAY
from tests.browser.back_office import at_work, is_clean, work
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory, OrderLineFactory, ProductFactory
from tests.promotions.shops import amount, launch, percent
from tests.storefront import storefront


@pytest.fixture
def owner(transactional_db: None) -> Iterator[Membership]:
    active.forget()
    yield MembershipFactory(merchant__name="Muster", merchant__slug="muster")
    active.forget()


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    with at_work(page, base_url, owner):
        yield page


def test_codes_are_made_used_booked_and_returned(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/coupons/")
    is_clean(page)
    page.get_by_role("link", name="Make the first batch").click()
    expect(page.get_by_label("The shared code")).to_be_hidden()
    page.get_by_label("One code that many people use").check()
    expect(page.get_by_label("The shared code")).to_be_visible()
    expect(page.get_by_label("Begins with")).to_be_hidden()
    page.get_by_label("Many different codes, for whoever has one").check()
    page.get_by_label("Name", exact=True).fill("Flyer")
    page.get_by_label("Key", exact=True).fill("flyer")
    page.get_by_label("How many").fill("20")
    page.get_by_label("Begins with").fill("F-")
    is_clean(page)
    page.get_by_role("button", name="Make the codes").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    work(owner, COUPONS)
    expect(page.get_by_text("all made")).to_be_visible()
    expect(page.get_by_text("No promotion asks for these codes")).to_be_visible()
    is_clean(page)
    _use_one(page, owner)


def _use_one(page: Page, owner: Membership) -> None:
    """A checkout reserves a code, orders, and sends everything back."""
    launch(owner.merchant, "flyer", amount(500), when={"code": ["@FLYER"]})
    active.forget()
    api, coupon = storefront(owner.merchant), Coupon.objects.for_merchant(owner.merchant).order_by("code")[0]
    cart = {
        "lines": [{"sku": "MUG", "quantity": 2, "unit_price": 2000}],
        "codes": [coupon.code.lower()],
        "shopper": {"email": "ada@example.org"},
    }
    held = api.post("/api/v1/reservations", {"cart": cart}).json()
    assert held["decision"]["discount"] == 500
    assert api.post(f"/api/v1/reservations/{held['id']}/confirm", {"order": "A-1"}).status_code == 200
    page.reload()
    expect(page.get_by_text("5.0% of the codes were used")).to_be_visible()
    expect(page.get_by_role("cell", name="A-1")).to_be_visible()
    is_clean(page)
    page.get_by_role("link", name=coupon.code).click()
    expect(page.get_by_text("All its uses are gone.")).to_be_visible()
    is_clean(page)
    back = {"reference": "R-1", "lines": [{"line": "1", "quantity": 2}]}
    assert api.post(f"/api/v1/redemptions/{held['id']}/returns", back).json()["refund"] == 3500
    page.reload()
    expect(page.get_by_text("The code can be used on a cart")).to_be_visible()
    expect(page.get_by_role("cell", name="rolled back")).to_be_visible()
    page.get_by_role("button", name="Revoke this code").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("Staff revoked it.")).to_be_visible()
    is_clean(page)
    page.get_by_role("link", name="Abuse").click()
    is_clean(page)


def _sell(owner: Membership) -> None:
    product = ProductFactory(merchant=owner.merchant, title="Tent", price=10000, cost=7000)
    for number in range(6):
        order = OrderFactory(
            customer=CustomerFactory(merchant=owner.merchant),
            total=10000,
            placed_at=timezone.now() - timedelta(days=number),
        )
        OrderLineFactory(order=order, product=product, unit_price=10000, unit_cost=7000)


def test_a_draft_is_replayed_and_checked(page: Page, owner: Membership) -> None:
    _sell(owner)
    version = VersionData(definition={"benefit": percent("25"), "when": {"spend": {"at_least": 5000}}})
    data = PromotionData(key="deep", name="Deep", version=version, limits={"budget": 50_000})
    promotion = create_promotion(owner.merchant, data)
    page.goto(f"/m/muster/promotions/{promotion.pk}")
    expect(page.get_by_text("“Deep” sells “Tent” below what it costs.")).to_be_visible()
    page.get_by_text("A cart that shows it").click()
    is_clean(page)
    page.get_by_role("link", name="Replay").click()
    expect(page.get_by_text("Not replayed yet")).to_be_visible()
    is_clean(page)
    page.get_by_label("On the last orders").fill("100")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    work(owner, REPLAY)
    expect(page.get_by_text("Budget lasts until")).to_be_visible()
    expect(page.get_by_text("100.0% of all, 6 customers")).to_be_visible()
    is_clean(page)
    activate_promotion(promotion)  # drafts sell nothing: the check of all leaves them out of its carts
    page.goto("/m/muster/promotions/check")
    page.get_by_text("A cart that shows it").click()
    is_clean(page)


def test_results_with_people_held_out(page: Page, owner: Membership) -> None:
    promotion = launch(owner.merchant, "sale", percent("10"), holdout=50)
    page.goto(f"/m/muster/promotions/{promotion.pk}/results")
    expect(page.get_by_text("Not used in this time")).to_be_visible()
    is_clean(page)
    for number in range(20):
        customer = CustomerFactory(merchant=owner.merchant)
        arm = (TREATED, HOLDOUT)[number % 2]
        Exposure.objects.create(merchant=owner.merchant, promotion=promotion, arm=arm, customer_id=customer.pk)
    make_report(promotion)
    page.reload()
    expect(page.get_by_text("not enough data yet").first).to_be_visible()
    is_clean(page)
