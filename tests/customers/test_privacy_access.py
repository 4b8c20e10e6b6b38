"""The answer to an access request: complete, readable, and in bounded memory."""

import json
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from core.errors import DomainError
from core.jobs import run
from customers.actions.consent import record_consent
from customers.actions.privacy import open_request
from customers.actions.privacy.access import issue_link, letterhead, link_token, request_export, request_of_link
from customers.actions.privacy.requests import check_identity
from customers.models import Customer, Event, Note, PrivacyRequest
from merchants.models import Membership
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def customer(membership: Membership) -> Customer:
    person = CustomerFactory(
        merchant=membership.merchant, first_name="Ada", last_name="Lovelace", email="ada@example.org"
    )
    order = OrderFactory(customer=person, number="A-7", total=1999, email="ada@example.org")
    OrderLineFactory(order=order, title="Zelt „Nord“")
    record_consent(
        person, purpose="newsletter", channel="email", text_version="2026-01", source="checkout",
        evidence={"form": "footer <script>"}, given_at=AT,
    )  # fmt: skip
    Note.objects.create(merchant=person.merchant, customer=person, text="Prefers <b>mail</b>")
    other = CustomerFactory(merchant=membership.merchant, first_name="Grace", email="grace@example.org")
    Note.objects.create(merchant=other.merchant, customer=other, text="Somebody else")
    return person


@pytest.fixture
def request_(customer: Customer, membership: Membership) -> PrivacyRequest:
    found = open_request(customer.merchant, kind="access", channel="email", staff=membership.staff)
    return check_identity(found, customer=customer, evidence="wrote from the address on file", staff=membership.staff)


def export(request: PrivacyRequest, membership: Membership) -> zipfile.ZipFile:
    job = run(request_export(request, staff=membership.staff))
    assert job.state == "done", job.error
    request.refresh_from_db()
    with default_storage.open(request.file) as file:
        return zipfile.ZipFile(BytesIO(file.read()))


def test_the_json_holds_everything_about_the_person_and_nothing_about_others(
    request_: PrivacyRequest, membership: Membership
) -> None:
    archive = export(request_, membership)
    found = json.loads(archive.read("data.json"))
    tables = found["tables"]
    assert found["about"]["controller"] == "Testladen GmbH"
    assert tables["customers.Customer"][0]["first_name"] == "Ada"
    assert {identity["value"] for identity in tables["customers.Identity"]} >= {"ada@example.org"}
    assert tables["orders.Order"][0]["number"] == "A-7"
    assert (
        tables["orders.OrderLine"][0] | {"order": "A-7", "title": "Zelt „Nord“", "total": 1999}
        == tables["orders.OrderLine"][0]
    )
    assert tables["customers.ConsentRecord"][0]["evidence"] == {"form": "footer <script>"}
    assert [note["text"] for note in tables["customers.Note"]] == ["Prefers <b>mail</b>"]
    assert "Somebody else" not in json.dumps(found)
    assert "grace@example.org" not in json.dumps(found)


def test_the_documents_are_readable_in_both_languages_and_escape_what_people_wrote(
    request_: PrivacyRequest, membership: Membership
) -> None:
    archive = export(request_, membership)
    names = archive.namelist()
    assert names == ["data.json", "ihre-daten.de.html", "your-data.en.html"]
    german, english = (archive.read(name).decode() for name in names[1:])
    assert '<html lang="de">' in german
    assert "Bestellungen" in german
    assert "19,99\xa0€" in german
    assert "Orders" in english
    assert "€19.99" in english
    for document in (german, english):
        assert "<script>" not in document
        assert "Prefers &lt;b&gt;mail&lt;/b&gt;" in document
        assert "Testladen GmbH" in document
        assert document.rstrip().endswith("</html>")


def test_nothing_is_collected_before_the_identity_is_checked(customer: Customer, membership: Membership) -> None:
    unchecked = open_request(
        customer.merchant, kind="access", channel="email", customer=customer, staff=membership.staff
    )
    with pytest.raises(DomainError, match="who asks"):
        request_export(unchecked, staff=membership.staff)


def test_a_link_opens_the_files_until_it_ends_or_is_replaced(request_: PrivacyRequest, membership: Membership) -> None:
    with pytest.raises(DomainError):
        issue_link(request_, staff=membership.staff)
    export(request_, membership)
    token = issue_link(request_, staff=membership.staff)
    found = request_of_link(token)
    assert found == request_
    assert request_of_link(token[:-2] + "xx") is None
    again = issue_link(request_, staff=membership.staff)
    assert request_of_link(again) == request_
    assert request_of_link(token) is None
    PrivacyRequest.objects.for_merchant(membership.merchant).update(link_until=timezone.now() - timedelta(seconds=1))
    request_.refresh_from_db()
    assert request_of_link(link_token(request_)) is None


def test_many_events_cost_no_more_memory_and_the_document_shows_the_newest(
    request_: PrivacyRequest, customer: Customer, membership: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.privacy.document.MOST_SHOWN", 500)
    count = 5_000
    Event.objects.bulk_create(
        (
            Event(
                merchant=customer.merchant, customer_id=customer.pk, occurred_at=AT + timedelta(seconds=number),
                received_at=AT, kind="track", channel="web", name="Product Viewed", message_id=f"m-{number}",
                properties={"sku": f"SKU-{number % 50}", "price": 19.99},
            )
            for number in range(count)
        ),
        batch_size=5000,
    )  # fmt: skip
    tracemalloc.start()
    archive = export(request_, membership)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000
    assert len(json.loads(archive.read("data.json"))["tables"]["customers.Event"]) == count
    assert "4.500 ältere stehen in data.json" in archive.read("ihre-daten.de.html").decode()


def test_the_letterhead_of_a_new_shop_is_its_name(membership: Membership) -> None:
    merchant = membership.merchant
    for name in ("legal_name", "street", "postal_code", "city", "directors", "register_court", "register_number"):
        setattr(merchant, name, "")
    assert letterhead(merchant).footer[0] == "Muster"
