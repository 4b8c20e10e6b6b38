"""The stream of events, as somebody watches it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Event
from merchants.models import Membership
from tests.factories import CustomerFactory, MembershipFactory


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__slug="muster")


@pytest.fixture
def stream(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    """Logged in, in front of the stream; what the browser complains of fails the test."""
    browser = Client()
    browser.force_login(owner.staff)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/m/muster/developers/events/")
    yield page
    assert complaints == []


def track(owner: Membership, name: str, customer_id: int | None = None) -> Event:
    at = timezone.now() - timedelta(seconds=5)
    event: Event = Event.objects.create(
        merchant=owner.merchant,
        kind="track",
        name=name,
        channel="web",
        customer_id=customer_id,
        anonymous_id="visitor-1",
        message_id=name,
        occurred_at=at,
        received_at=at,
        properties={"sku": f"SKU of {name}"},
    )
    return event


def test_the_first_event_appears_by_itself_and_so_do_the_next(stream: Page, owner: Membership) -> None:
    expect(stream.get_by_role("heading", name="No events yet")).to_be_visible()
    track(owner, "Product Viewed")
    expect(stream.get_by_role("link", name="Product Viewed")).to_be_visible()
    track(owner, "Product Added")
    track(owner, "Checkout Started")
    expect(stream.get_by_role("link", name="Checkout Started")).to_be_visible()
    names = stream.locator("tbody .cx-row-link")
    expect(names).to_have_text(["Checkout Started", "Product Added", "Product Viewed"])


def test_a_pause_lasts_until_somebody_ends_it(stream: Page, owner: Membership) -> None:
    track(owner, "Product Viewed")
    stream.get_by_role("link", name="Pause").click()
    expect(stream.get_by_text("Paused", exact=True)).to_be_visible()
    stream.get_by_role("combobox", name="Event").select_option("Product Viewed")
    expect(stream).to_have_url(re.compile("name=Product"))
    track(owner, "Product Added")
    stream.wait_for_timeout(3000)
    expect(stream.get_by_role("link", name="Product Added")).to_be_hidden()
    stream.goto("/m/muster/developers/events/?paused=1")
    stream.get_by_role("link", name="Show what arrives").click()
    expect(stream.get_by_role("link", name="Product Added")).to_be_visible()
    expect(stream.get_by_text("Live", exact=True)).to_be_visible()


def test_an_event_opens_beside_the_stream_and_leads_to_its_customer(stream: Page, owner: Membership) -> None:
    ada = CustomerFactory(merchant=owner.merchant, first_name="Ada", last_name="Berg")
    track(owner, "Product Viewed", customer_id=ada.pk)
    stream.get_by_role("link", name="Product Viewed").click()
    beside = stream.get_by_role("dialog", name="Event")
    expect(beside.get_by_text('"sku": "SKU of Product Viewed"')).to_be_visible()
    stream.keyboard.press("Escape")
    expect(beside).to_be_hidden()
    stream.get_by_role("link", name="Product Viewed").click()
    beside.get_by_role("link", name="Ada Berg").click()
    expect(stream.get_by_role("heading", name="Ada Berg")).to_be_visible()


def test_only_the_newest_stay_on_a_screen_that_nobody_closes(stream: Page, owner: Membership) -> None:
    track(owner, "Product Viewed")
    expect(stream.get_by_role("link", name="Product Viewed")).to_be_visible()
    stream.evaluate("document.querySelector('tbody').dataset.keep = 3")
    for number in range(4):
        track(owner, f"E{number}")
    expect(stream.get_by_role("link", name="E3")).to_be_visible()
    expect(stream.locator("tbody .cx-row-link")).to_have_count(2)  # the third row asks for what arrives


def test_the_snippet_is_copied(stream: Page, base_url: str) -> None:
    stream.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stream.get_by_role("link", name="Set up tracking").first.click()
    stream.locator(".cx-snippet").filter(has_text="HTML").get_by_role("button", name="Copy").click()
    expect(stream.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    copied = stream.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("<script>window.cx = window.cx || []</script>\n<script async src=")
