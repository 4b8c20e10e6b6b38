"""A promotion is written for a segment, tried on a past order, published, and decides on carts afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.actions.profiles import Person
from merchants.models import Membership
from orders.actions.placement import place_order
from promotions import active
from promotions.models import Promotion, PromotionVersion
from tests.browser.back_office import at_work, is_clean
from tests.factories import CategoryFactory, MembershipFactory, ProductFactory
from tests.orders.samples import line, order_data
from tests.promotions.shops import launch, percent
from tests.storefront import storefront


@pytest.fixture
def owner(transactional_db: None) -> Iterator[Membership]:
    """Sells sun lotion; somebody bought one yesterday."""
    owner: Membership = MembershipFactory(merchant__name="Muster", merchant__slug="muster")
    category = CategoryFactory(merchant=owner.merchant, name="Sun care", path="Sun care")
    ProductFactory(merchant=owner.merchant, sku="L-1", title="Sun lotion", price=2100, category=category)
    placed_at = timezone.now() - timedelta(days=1)
    bought = order_data(line("L-1", 1, 2100), number="A-1", placed_at=placed_at, customer=Person(external_id="c-1"))
    place_order(owner.merchant, bought)
    yield owner
    active.forget()


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    with at_work(page, base_url, owner):
        yield page


def decided(owner: Membership, quantity: int) -> dict[str, object]:
    """What the API answers to a storefront."""
    active.forget()
    cart = {"lines": [{"sku": "L-1", "quantity": quantity}], "shopper": {"id": "c-1"}}
    answer: dict[str, object] = storefront(owner.merchant).post("/api/v1/promotions/evaluate", cart).json()
    return answer


def test_from_the_first_word_to_a_cart_that_is_decided(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/promotions/")
    is_clean(page)
    page.get_by_role("link", name="Write the first promotion").click()
    is_clean(page)
    # Written by keyboard, for a segment, from a threshold in a category.
    page.get_by_label("Name", exact=True).fill("Sun for first buyers")
    expect(page.get_by_label("Key")).to_have_attribute("placeholder", "sun-for-first-buyers")
    page.get_by_label("Percent off").fill("20")
    page.get_by_label("Segments").first.check()
    page.get_by_label("Lifecycle: first-time buyer").check()
    page.get_by_text("On which products").click()
    target = page.locator("#id_on-target__categories")
    target.fill("Sun care")
    target.press("Enter")
    expect(page.locator("#gives .cx-token")).to_have_text("Sun care")
    page.get_by_label("Kind of condition").select_option("spend")
    page.get_by_role("button", name="Add a condition").press("Enter")
    threshold = page.get_by_label("At least")
    expect(threshold).to_be_focused()
    threshold.fill("28")
    expect(page.locator("#summary")).to_have_text("20% off Sun care, for “Lifecycle: first-time buyer”, from €28.00.")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1500)
    assert asked == []  # nothing goes on by itself
    is_clean(page)
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    is_clean(page)
    assert decided(owner, 2)["discount"] == 0
    # Tried on what somebody bought.
    page.get_by_role("link", name="Try it").click()
    is_clean(page)
    page.get_by_label("Order number").fill("A-1")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".cx-own").first).to_contain_text("€7.00 more")
    expect(page.locator(".cx-own").first).to_contain_text("That would save €4.20.")
    is_clean(page)
    page.get_by_role("link", name="Change this cart").click()
    page.get_by_label("Quantity 1").fill("2")
    page.get_by_label("Customer", exact=True).fill("c-1")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".cx-own").first).to_contain_text("€8.40 off")
    is_clean(page)
    # Published, after the sentence was read once more.
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Publish").first.click()
    question = page.get_by_role("dialog", name="Publish version 1?")
    expect(question).to_contain_text("20% off Sun care, for “Lifecycle: first-time buyer”, from €28.00.")
    question.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    is_clean(page)
    assert decided(owner, 2)["discount"] == 840
    assert Promotion.objects.get(merchant=owner.merchant).status == Promotion.Status.ACTIVE


def put(page: Page, label: str, value: str) -> None:
    page.get_by_label(label).evaluate("(field, value) => { field.value = value; }", value)


def test_a_quantity_stays_with_its_product(page: Page, owner: Membership) -> None:
    ProductFactory(merchant=owner.merchant, sku="L-2", title="After sun", price=1000)
    promotion = launch(owner.merchant, "sun", percent("20"))
    page.goto(f"/m/muster/promotions/{promotion.pk}/try?source=cart")
    # Without a key stroke, so that no suggestion is still on its way when the form is sent.
    put(page, "Product 1", "L-1")  # its quantity is left empty: one
    put(page, "Product 2", "L-2")
    put(page, "Quantity 2", "3")
    page.get_by_role("button", name="Try it").click()
    first = page.get_by_role("table").first
    expect(first.get_by_role("row", name="Sun lotion").get_by_role("cell").nth(1)).to_have_text("1")
    expect(first.get_by_role("row", name="After sun").get_by_role("cell").nth(1)).to_have_text("3")
    put(page, "Product 1", "")  # taken out again
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_label("Product 1")).to_have_value("L-2")
    expect(page.get_by_label("Quantity 1")).to_have_value("3")


def test_a_second_click_sends_nothing(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/promotions/new")
    page.get_by_label("Name", exact=True).fill("Sun")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.get_by_role("button", name="Save as a draft").dblclick()
    expect(page.get_by_text("Saved as a draft.")).to_be_visible()
    assert len([url for url in asked if url.endswith("/new")]) == 1
    assert Promotion.objects.filter(merchant=owner.merchant).count() == 1


def test_two_people_write_at_once_and_versions_are_compared(page: Page, owner: Membership) -> None:
    promotion = launch(owner.merchant, "sun", percent("20"))
    page.goto(f"/m/muster/promotions/{promotion.pk}/edit")
    stale = page.context.new_page()
    stale.goto(f"/m/muster/promotions/{promotion.pk}/edit")
    page.get_by_label("Percent off").fill("25")
    page.get_by_role("button", name="Save as version 2").click()
    stale.get_by_label("Percent off").fill("30")
    stale.get_by_role("button", name="Save as version 2").click()
    expect(stale.get_by_role("alert")).to_contain_text("has written version 2 meanwhile")
    expect(stale.get_by_label("Percent off")).to_have_value("30")
    is_clean(stale)
    stale.close()
    is_clean(page)  # the overview, with a version that is not published
    page.get_by_role("link", name="Change limits").click()
    is_clean(page)
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".cx-diff tbody tr")).to_have_count(1)
    expect(page.locator(".cx-diff del")).to_have_text("Percent off: 20% off the whole purchase")
    page.get_by_text("As JSON").click()
    is_clean(page)
    page.get_by_role("button", name="Bring back version 1").click()
    expect(page.get_by_text("Version 1 is back as version 3.")).to_be_visible()
    newest = PromotionVersion.objects.filter(promotion=promotion).latest("number")
    assert newest.definition["benefit"] == percent("20")


def test_a_mistake_in_the_form_and_in_json_is_shown_where_it_is(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/promotions/new")
    page.get_by_label("Benefit").select_option("tiered")
    page.get_by_label("Step 1: from").fill("0")
    page.get_by_label("Step 1: percent off").fill("120")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("alert")).to_contain_text("Name: This field is required.")
    expect(page.get_by_label("Step 1: percent off")).to_have_value("120")
    is_clean(page)
    page.get_by_label("Step 1: percent off").fill("12.5")
    page.get_by_role("button", name="As JSON").click()
    expect(page.get_by_label("Definition")).to_have_value(_steps())
    page.get_by_label("Definition").fill('{"benefit": {"gift": {}}}')
    page.get_by_label("Name", exact=True).fill("A gift")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.locator(".cx-field-error")).to_have_text("benefit.gift: “sku” is missing here.")
    is_clean(page)
    page.get_by_label("Definition").fill('{"benefit": {"gift": {"sku": "L-1"}}}')
    page.get_by_role("button", name="As a form").click()
    expect(page.get_by_label("Product", exact=True)).to_have_value("L-1")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("Sun lotion as a gift.").first).to_be_visible()


def _steps() -> str:
    return json.dumps({"benefit": {"tiered": {"by": "spend", "steps": [{"from": 0, "percent": "12.5"}]}}}, indent=2)
