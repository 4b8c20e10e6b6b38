"""Notes, tasks and companies, as a sales person works with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Company, Customer, Note, Task
from merchants.models import Membership
from tests.browser.back_office import at_work, is_clean
from tests.factories import CustomerFactory, MembershipFactory, OrderFactory


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def ada(owner: Membership) -> Customer:
    customer: Customer = CustomerFactory(
        merchant=owner.merchant, first_name="Ada", last_name="Berg", email="ada@nordlicht.example"
    )
    OrderFactory(customer=customer, number="A-77", total=1999, email="ada@nordlicht.example")
    return customer


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    with at_work(page, base_url, owner):
        yield page


def test_a_note_is_written_pinned_changed_and_deleted_in_place(page: Page, ada: Customer) -> None:
    address = f"/m/muster/customers/{ada.pk}/"
    page.goto(address)
    notes = page.locator("#notes")
    for text in ("Wants tents of 3 persons.", "Called back on Monday."):
        notes.get_by_label("New note").fill(text)
        notes.get_by_role("button", name="Add note").click()
        expect(notes.get_by_text(text)).to_be_visible()
    first = notes.get_by_role("article").filter(has_text="Wants tents")
    first.get_by_role("button", name="Pin this note").click()
    expect(notes.get_by_role("article").first).to_contain_text("Wants tents")
    notes.get_by_role("article").first.get_by_role("link", name="Edit this note").click()
    notes.get_by_role("textbox", name="Note", exact=True).fill("Wants tents of 4 persons.")
    notes.get_by_role("button", name="Save").click()
    expect(notes.get_by_text("Wants tents of 4 persons.")).to_be_visible()
    is_clean(page)
    page.on("dialog", lambda dialog: dialog.accept())
    notes.get_by_role("article").last.get_by_role("button", name="Delete this note").click()
    expect(notes.get_by_text("Called back on Monday.")).to_have_count(0)
    assert page.url.endswith(address), "nothing left the page"
    assert [note.text for note in Note.objects.for_merchant(ada.merchant)] == ["Wants tents of 4 persons."]


def test_a_task_is_set_done_and_set_again_and_the_list_shows_it(page: Page, owner: Membership, ada: Customer) -> None:
    page.goto(f"/m/muster/customers/{ada.pk}/")
    tasks = page.locator("#tasks")
    tasks.get_by_text("Add a task").click()
    tasks.get_by_label("What is to do").fill("Send the catalogue")
    yesterday = timezone.localdate() - timedelta(days=1)
    tasks.get_by_label("Due").fill(yesterday.isoformat())
    tasks.get_by_label("Assigned to").select_option(label=str(owner.staff))
    tasks.get_by_role("button", name="Add task").click()
    expect(tasks.get_by_role("article")).to_contain_text("Send the catalogue")
    is_clean(page)
    page.goto("/m/muster/customers/tasks/")
    expect(page.locator("#rows").get_by_text("Send the catalogue")).to_be_visible()
    is_clean(page)
    page.locator("#rows").get_by_role("checkbox").last.check()
    page.get_by_role("button", name="Mark the chosen as done").click()
    expect(page.locator("#rows").get_by_text("Send the catalogue")).to_have_count(0)
    assert Task.objects.for_merchant(owner.merchant).get().state == Task.State.DONE
    page.goto(f"/m/muster/customers/{ada.pk}/")
    tasks.get_by_role("button", name="Open again: Send the catalogue").click()
    expect(tasks.get_by_role("button", name="Done: Send the catalogue")).to_be_visible()


def test_a_company_gathers_its_people(page: Page, owner: Membership, ada: Customer) -> None:
    page.goto("/m/muster/customers/companies/")
    is_clean(page)
    page.get_by_role("link", name="Add a company").first.click()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Name", exact=True).fill("Nordlicht Handels GmbH")
    page.get_by_label("E-mail domains").fill("nordlicht.example")
    page.get_by_label("Price group").fill("trade-10")
    is_clean(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nordlicht Handels GmbH")
    page.get_by_role("button", name="Add Ada Berg").click()
    people = page.locator("#people")
    expect(people.get_by_role("link", name="Ada Berg")).to_be_visible()
    people.get_by_label("Role of Ada Berg").select_option("approver")
    people.get_by_role("button", name="Make Ada Berg the primary contact").click()
    expect(people.get_by_text("primary contact")).to_be_visible()
    expect(people.get_by_label("Role of Ada Berg")).to_have_value("approver")
    is_clean(page)
    people.get_by_role("link", name="Ada Berg").click()
    companies = page.locator("#companies")
    expect(companies).to_contain_text("Nordlicht Handels GmbH")
    expect(companies).to_contain_text("price group trade-10")
    companies.get_by_role("link", name="Nordlicht").click()
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("button", name="Delete the company").click()
    expect(page.locator("#rows, .cx-empty").first).to_be_visible()
    assert not Company.objects.for_merchant(owner.merchant).exists()
    assert Customer.objects.for_merchant(owner.merchant).count() == 1
