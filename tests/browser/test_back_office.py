"""What staff do all day, as they do it."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from core.models import Delivery, Job
from merchants.models import Membership, Merchant, Role
from tests.factories import PASSWORD, CustomerFactory, MembershipFactory, OrderFactory, OrderLineFactory, ProductFactory


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


def _sale(merchant: Merchant, number: str, name: str) -> None:
    customer = CustomerFactory(
        merchant=merchant, first_name=name, last_name="Muster", email=f"{name.lower()}@example.org"
    )
    order = OrderFactory(customer=customer, number=number, total=1999, placed_at=datetime(2026, 11, 20, 10, tzinfo=UTC))
    OrderLineFactory(order=order, product=ProductFactory(merchant=merchant, title=f"Tent of {name}"))


def test_a_customer_is_found_and_the_order_opened(page: Page, base_url: str, owner: Membership) -> None:
    for number, name in enumerate(("Ada", "Grace", "Katherine")):
        _sale(owner.merchant, f"A-{number}", name)
    page.get_by_role("link", name="Profiles", exact=True).click()
    expect(page.get_by_role("heading", name="Customers", exact=True, level=1)).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("grace")
    expect(page).to_have_url(re.compile(r"/customers/\?q=grace$"))
    expect(page.get_by_text("1 result", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Ada Muster")).to_be_hidden()
    page.get_by_role("link", name="Grace Muster").click()
    expect(page.get_by_role("heading", name="Grace Muster")).to_be_visible()
    expect(page.get_by_text("Order A-1 placed")).to_be_visible()
    page.get_by_role("link", name="A-1", exact=True).click()
    expect(page.get_by_text("Tent of Grace")).to_be_visible()


def test_going_back_brings_the_search_back(page: Page, base_url: str, owner: Membership) -> None:
    for number, name in enumerate(("Ada", "Grace")):
        _sale(owner.merchant, f"A-{number}", name)
    page.goto("/m/muster/customers/")
    page.get_by_role("searchbox").press_sequentially("grace", delay=50)
    expect(page).to_have_url(re.compile("q=grace"))
    page.get_by_role("link", name="Grace Muster").click()
    expect(page.get_by_role("heading", name="Grace Muster")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("grace")
    expect(page.get_by_role("link", name="Ada Muster")).to_be_hidden()
    page.go_back()  # what was typed is no history of its own
    expect(page).to_have_url(f"{base_url}/m/muster/")


def test_going_back_from_the_next_page_shows_the_first(page: Page, owner: Membership) -> None:
    for number in range(51):
        CustomerFactory(merchant=owner.merchant, last_name=f"No{number:02}", email=None, external_id=None)
    page.goto("/m/muster/customers/")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Ada No00")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Ada No50")).to_be_visible()
    expect(page.get_by_role("link", name="Ada No00")).to_be_hidden()


def test_filters_become_chips_and_go_by_a_click(page: Page, owner: Membership) -> None:
    for number, name in enumerate(("Ada", "Grace")):
        _sale(owner.merchant, f"A-{number}", name)
    page.goto("/m/muster/orders/")
    page.get_by_label("State").select_option("shipped")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("link", name="remove this filter").click()
    expect(page.get_by_role("link", name="A-0")).to_be_visible()


def test_sorting_keeps_the_search(page: Page, owner: Membership) -> None:
    for number, name in enumerate(("Ada", "Grace")):
        _sale(owner.merchant, f"A-{number}", name)
    page.goto("/m/muster/orders/?q=A-")
    page.get_by_role("link", name="Total").click()
    expect(page).to_have_url(re.compile(r"q=A-&sort=-total"))
    page.get_by_label("State").select_option("placed")
    expect(page).to_have_url(re.compile(r"sort=-total"))
    expect(page.get_by_role("link", name="A-0")).to_be_visible()


def test_an_objection_is_asked_for_twice_and_then_recorded(page: Page, owner: Membership) -> None:
    customer = CustomerFactory(merchant=owner.merchant, first_name="Ada")
    page.goto(f"/m/muster/customers/{customer.pk}/")
    page.get_by_role("button", name="Record an objection").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Record an objection").click()
    dialog.get_by_role("button", name="Record the objection").click()
    expect(page.get_by_role("status").filter(has_text="The objection is recorded")).to_be_visible()
    expect(page.get_by_text("This person objected to advertising.").first).to_be_visible()


def test_the_appearance_changes_at_once_and_stays(page: Page, owner: Membership) -> None:
    root = page.locator("html")
    page.get_by_role("button", name="Your menu").click()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Dark").click()
        expect(root).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")


def test_the_language_is_chosen_in_the_menu(page: Page) -> None:
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_a_phone_has_the_navigation_behind_a_button(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    link = page.get_by_label("Main navigation").get_by_role("link", name="Orders", exact=True)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    link.click()
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


def test_the_shop_is_switched_on_top(page: Page, owner: Membership) -> None:
    MembershipFactory(staff=owner.staff, merchant__name="Second shop", merchant__slug="second", role=Role.SUPPORT)
    page.reload()
    page.get_by_role("button", name="Switch shop").click()
    page.get_by_role("link", name="Second shop").click()
    expect(page).to_have_url(re.compile("/m/second/$"))
    expect(page.get_by_role("link", name="Settings", exact=True)).to_be_hidden()  # support may not


def test_a_failed_delivery_is_retried_in_place(page: Page, owner: Membership) -> None:
    Delivery.objects.create(
        merchant=owner.merchant, event="OrderPlaced", handler="a.b", payload={}, state="failed", error="ValueError: no"
    )
    page.goto("/m/muster/operations/deliveries/")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_role("cell", name="waiting")).to_be_visible()
    expect(page.get_by_text("The delivery will be tried again at once.")).to_be_visible()


def test_progress_moves_by_itself(page: Page, owner: Membership) -> None:
    job = Job.objects.create(
        merchant=owner.merchant, kind="train", title="Training", state="running", step="Reading", total=4
    )
    page.goto(f"/m/muster/operations/jobs/{job.pk}/")
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    Job.objects.for_merchant(owner.merchant).update(done=3)
    expect(bar).to_have_attribute("aria-valuenow", "75")
    Job.objects.for_merchant(owner.merchant).update(state="done", result={"rows": 12})
    expect(page.get_by_text("Rows", exact=True)).to_be_visible()


def test_a_new_key_is_shown_once(page: Page, owner: Membership) -> None:
    page.goto("/m/muster/settings/keys/")
    page.get_by_label("Name").fill("Shop")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#new-key")).to_have_value(re.compile(r"^sk_[0-9a-f]{10}_"))
    page.goto("/m/muster/settings/keys/")
    expect(page.locator("#new-key")).to_have_count(0)
