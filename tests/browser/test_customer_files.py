"""People come in as a file and go out as one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from customers.models import ConsentRecord, Customer
from merchants.models import Membership
from tests.browser.back_office import at_work, is_clean, work
from tests.factories import CustomerFactory, MembershipFactory

FILE = (
    "Kundennummer;E-Mail;Vorname;Nachname;Land;Lieblingsfarbe;Newsletter;Einwilligung am;Quelle;Textfassung;Wortlaut\n"
    "K-1;ada@example.org;Ada;Berg;DE;blau;ja;24.12.2025 14:30;Bestellseite;2025-1;Ich möchte den Newsletter.\n"
    "K-2;grace@example.org;Grace;Muster;AT;rot;;;;;\n"
    "K-3;nonsense;Linus;Muster;DE;;;;;;\n"
)


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return MembershipFactory(merchant__name="Muster", merchant__slug="muster")


@pytest.fixture
def page(page: Page, base_url: str, owner: Membership) -> Iterator[Page]:
    with at_work(page, base_url, owner):
        yield page


def test_a_file_is_mapped_tried_and_imported(page: Page, owner: Membership, tmp_path: Path) -> None:
    path = tmp_path / "kunden.csv"
    path.write_text(FILE, encoding="utf-8")
    page.goto("/m/muster/customers/imports/")
    is_clean(page)
    page.get_by_role("link", name="Import customers").first.click()
    is_clean(page)
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("kunden.csv")
    expect(page.get_by_label("Kundennummer", exact=True)).to_have_value("external_id")
    expect(page.get_by_label("Newsletter", exact=True)).to_have_value("consent_state")
    page.get_by_label("Lieblingsfarbe", exact=True).select_option("trait:Lieblingsfarbe")
    page.get_by_label("Purpose", exact=True).select_option("newsletter")
    page.get_by_label("Channel", exact=True).select_option("email")
    is_clean(page)
    page.get_by_role("button", name="Try it").click()
    work(owner, "import_customers")
    page.reload()
    expect(page.get_by_text("This was a trial")).to_be_visible()
    expect(page.get_by_text("K-3 · nonsense")).to_be_visible()
    assert not Customer.objects.for_merchant(owner.merchant).exists()
    is_clean(page)
    page.get_by_role("button", name="Import now").click()
    work(owner, "import_customers")
    page.reload()
    expect(page.get_by_text("This was a trial")).to_have_count(0)
    is_clean(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Rejected rows").click()
    assert "K-3" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.goto("/m/muster/customers/")
    expect(page.locator("#rows").get_by_role("link", name="Ada Berg")).to_be_visible()
    consent = ConsentRecord.objects.for_merchant(owner.merchant).get()
    assert (consent.purpose, consent.channel, consent.text_version) == ("newsletter", "email", "2025-1")


def test_what_the_list_shows_is_exported(page: Page, owner: Membership) -> None:
    CustomerFactory(merchant=owner.merchant, first_name="Ada", last_name="Berg", country="DE", email="ada@example.org")
    CustomerFactory(
        merchant=owner.merchant, first_name="Grace", last_name="Muster", country="AT", email="g@example.org"
    )
    page.goto("/m/muster/customers/?country=AT")
    page.get_by_role("link", name="Export this list").click()
    expect(page.get_by_text("1 customer, as the list shows.")).to_be_visible()
    is_clean(page)
    page.get_by_label("Customer number").uncheck()
    page.get_by_label("City").check()
    page.get_by_role("button", name="Export").click()
    work(owner, "export_customers")
    page.reload()
    is_clean(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    # In the language of whoever asked for it: the staff's own, here German.
    [header, row] = csv.reader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines())
    assert "Grace" in row
    assert "Ort" in header
    assert "Kundennummer" not in header
