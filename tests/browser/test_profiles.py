"""A customer's page, as staff use it all day."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from customers.actions.traits import record_traits
from customers.models import Customer, Event
from merchants.models import Membership
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory, ProductFactory

NOW = timezone.now()


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def customer(owner: Membership) -> Customer:
    """Somebody who looked around for two days and ordered once."""
    customer = CustomerFactory(merchant=owner.merchant, first_name="Ada", last_name="Berg", email="ada@example.org")
    product = ProductFactory(merchant=owner.merchant, sku="T-1", title="Tent, green")
    for number in range(80):
        at = NOW - timedelta(minutes=40 * number + 5)
        kind, name = ("page", f"Page {number}") if number % 4 else ("track", "Product Viewed")
        Event.objects.create(
            merchant=owner.merchant, customer_id=customer.pk, kind=kind, name=name, channel="web",
            message_id=f"m-{number}", occurred_at=at, received_at=at, properties={"sku": product.sku},
        )  # fmt: skip
    OrderFactory(customer=customer, number="A-1", placed_at=NOW - timedelta(hours=1))
    record_traits(customer, {"size": "M"}, source="api", at=NOW - timedelta(days=3))
    return customer


@pytest.fixture
def page(owner: Membership, customer: Customer, context: BrowserContext, base_url: str) -> Page:
    """The customer's page, opened by the owner."""
    browser = Client()
    browser.force_login(owner.staff)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}])
    page = context.new_page()
    page.goto(f"/m/muster/customers/{customer.pk}/")
    return page


def test_the_timeline_is_filtered_by_chips_and_the_address_remembers(page: Page) -> None:
    timeline = page.locator("#timeline")
    expect(timeline.get_by_text("Order A-1 placed")).to_be_visible()
    expect(timeline.get_by_role("link", name="Looked at Tent, green").first).to_be_visible()
    timeline.get_by_role("link", name="Orders", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?kind=orders$"))
    expect(timeline.get_by_text("Looked at")).to_have_count(0)
    expect(timeline.get_by_text("Order A-1 placed")).to_be_visible()
    timeline.get_by_role("link", name="Visits and actions").click()
    expect(page).to_have_url(re.compile(r"\?kind=activity&kind=orders$"))
    expect(timeline.get_by_role("link", name="Looked at Tent, green").first).to_be_visible()
    page.go_back()
    expect(timeline.get_by_text("Looked at")).to_have_count(0)
    page.reload()
    expect(timeline.get_by_role("link", name="Orders", exact=True)).to_have_attribute("aria-current", "true")


def test_older_entries_come_by_scrolling_down_to_the_first(page: Page) -> None:
    views = page.locator("#timeline").get_by_role("link", name="Looked at Tent, green")
    assert views.count() < 20
    older = page.get_by_role("link", name="Show older")
    for _page in range(40):  # the link may go while one scrolls to it
        if not older.count():
            break
        # To the link, not to the end of the page: the column beside the timeline may be the longer one.
        page.evaluate("document.querySelector('.cx-more')?.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(250)
    expect(views).to_have_count(20)
    expect(page.get_by_role("link", name="Show older")).to_have_count(0)
    # Of every day one heading, however many pages it came in.
    headings = page.locator(".cx-day h3").all_inner_texts()
    assert len(headings) == len(set(headings)) >= 2


def test_pages_that_follow_each_other_open_on_demand(page: Page) -> None:
    fold = page.locator("details.cx-fold").first  # which pages it holds depends on when midnight was
    expect(fold.locator("summary")).to_have_text(re.compile(r"Looked at [23] pages"))
    inside = fold.get_by_text(re.compile(r"Looked at the page “Page \d+”")).first
    expect(inside).to_be_hidden()
    fold.locator("summary").click()
    expect(inside).to_be_visible()


def test_details_are_edited_in_place_by_keyboard(page: Page, customer: Customer) -> None:
    page.locator("#details").get_by_role("link", name="Edit").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("First name")).to_be_focused()
    # The browser focuses the field a moment before htmx takes the form over; until then Enter would load a whole page.
    expect(page.locator(".htmx-added")).to_have_count(0)
    page.keyboard.press("Control+A")
    page.keyboard.type("Adele")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Adele Berg")).to_be_visible()
    expect(page.locator("#details")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/customers/{customer.pk}/$"))
    customer.refresh_from_db()
    assert customer.first_name == "Adele"


def test_a_stale_edit_shows_what_others_wrote_and_is_saved_on_purpose(page: Page, customer: Customer) -> None:
    details = page.locator("#details")
    details.get_by_role("link", name="Edit").click()
    details.get_by_label("City").fill("Bonn")
    Customer.objects.for_merchant(customer.merchant).filter(pk=customer.pk).update(city="Köln")
    details.get_by_role("button", name="Save").click()
    expect(details.get_by_text("Somebody else changed this to “Köln” meanwhile.")).to_be_visible()
    expect(details.get_by_label("City")).to_have_value("Bonn")
    customer.refresh_from_db()
    assert customer.city == "Köln"
    details.get_by_role("button", name="Save").click()
    expect(details.get_by_text("Bonn")).to_be_visible()


def test_a_trait_is_edited_and_one_added(page: Page) -> None:
    traits = page.locator("#traits")
    traits.get_by_role("link", name="Edit size").click()
    traits.get_by_label("Value").fill("XL")
    traits.get_by_role("button", name="Save").click()
    expect(traits.get_by_text("XL")).to_be_visible()
    expect(traits.get_by_text("back office")).to_be_visible()
    traits.get_by_role("link", name="Add").click()
    traits.get_by_label("Name").fill("hobby")
    traits.get_by_label("Value").fill("sailing")
    traits.get_by_role("button", name="Save").click()
    expect(traits.get_by_text("sailing")).to_be_visible()


def test_an_identity_is_removed_by_typing_it(page: Page) -> None:
    known = page.locator("#identities")
    known.get_by_role("link", name="Remove ada@example.org").click()
    known.get_by_label("Type it to confirm").fill("ada@example.com")
    known.get_by_role("button", name="Remove").click()
    expect(known.get_by_text("This is not “ada@example.org”.")).to_be_visible()
    known.get_by_label("Type it to confirm").fill("ada@example.org")
    known.get_by_role("button", name="Remove").click()
    expect(known.get_by_text("ada@example.org")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_while_everything_is_open(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.locator("details.cx-fold summary").first.click()
    page.locator("#details").get_by_role("link", name="Edit").click()
    page.locator("#traits").get_by_role("link", name="Edit size").click()
    page.locator("#identities").get_by_role("link", name="Add").click()
    expect(page.get_by_label("Kind")).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [f"{violation['id']}: {violation['nodes'][0]['html'][:160]}" for violation in found] == []


def test_a_phone_reaches_everything(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    page.get_by_label("On this page").get_by_role("link", name="Timeline").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
