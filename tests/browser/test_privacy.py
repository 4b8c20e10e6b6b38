"""A person asks for their data, and to be erased: what staff do in the browser, and what the person opens."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from core.models import Job
from customers.models import Customer, PrivacyRequest
from merchants.models import Membership
from tests.browser.back_office import at_work, is_clean, work
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def ada(owner: Membership) -> Customer:
    customer: Customer = CustomerFactory(
        merchant=owner.merchant, first_name="Ada", last_name="Berg", email="ada@example.org"
    )
    OrderFactory(customer=customer, number="A-77", total=1999, email="ada@example.org")
    return customer


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    with at_work(page, base_url, owner):
        yield page


def ask(page: Page, ada: Customer, link: str) -> None:
    """From the customer's page to a request whose identity is checked."""
    page.goto(f"/m/muster/customers/{ada.pk}/")
    page.locator("#privacy").get_by_role("link", name=link).click()
    expect(page.get_by_label("Contact")).to_have_value("ada@example.org")
    is_clean(page)
    page.get_by_role("button", name="Write down").click()
    expect(page.get_by_role("heading", name="Next: check who asks")).to_be_visible()
    is_clean(page)
    page.get_by_label("How the identity was checked").fill("Wrote from the address on file.")
    page.get_by_role("button", name="The identity is checked").click()


def test_an_export_is_collected_and_opened_by_the_person(
    page: Page, owner: Membership, ada: Customer, browser: Browser, base_url: str
) -> None:
    ask(page, ada, "Export everything")
    page.get_by_role("button", name="Collect the data").click()
    expect(page.get_by_role("heading", name="In progress")).to_be_visible()
    work(owner, "privacy_export")
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".zip")
    page.get_by_role("button", name="Make a link for the person").click()
    link = page.locator("#privacy-link").input_value()
    is_clean(page)
    person = browser.new_context(base_url=base_url, accept_downloads=True).new_page()
    person.goto(link)
    expect(person.get_by_role("heading", level=1)).to_be_visible()
    expect(person.get_by_text("Berg")).to_have_count(0)
    is_clean(person)
    with person.expect_download() as download:
        person.locator("a[href*=download]").click()
    assert download.value.suggested_filename.endswith(".zip")
    person.context.close()
    page.get_by_label("What was done").fill("Sent a link.")
    page.get_by_role("button", name="It is answered").click()
    expect(page.get_by_text("Sent a link.")).to_be_visible()
    is_clean(page)
    assert PrivacyRequest.objects.get().state == "done"


def test_a_person_is_erased_with_the_typed_word_and_there_is_a_receipt(
    page: Page, owner: Membership, ada: Customer
) -> None:
    ask(page, ada, "Erase…")
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    is_clean(page)
    page.get_by_label("Type it to confirm").fill("erase")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", name="Next: erase")).to_be_visible()
    assert not Job.objects.exists()
    page.get_by_label("Type it to confirm").fill("ERASE")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", name="In progress")).to_be_visible()
    work(owner, "privacy_erasure")
    page.reload()
    expect(page.get_by_role("heading", name="What was done")).to_be_visible()
    expect(page.get_by_text("Berg")).to_have_count(0)
    is_clean(page)
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("heading", name=re.compile("Receipt"))).to_be_visible()
    is_clean(page)
    page.goto("/m/muster/customers/")
    expect(page.get_by_text("Berg")).to_have_count(0)
    page.goto(f"/m/muster/customers/{ada.pk}/")
    expect(page.get_by_role("heading", name="This person was erased")).to_be_visible()
    is_clean(page)
