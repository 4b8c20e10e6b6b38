"""Consents in the back office."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from core.templatetags.screens import OWN_SOURCES, spoken_source
from customers.actions import corrections, preferences
from customers.actions.consent import record_consent, suppress_addresses
from customers.actions.consent_texts import add_consent_text
from customers.models import ConsentRecord, ConsentText, Customer, Suppression
from customers.queries.consent import may_we
from customers.tracking import people
from merchants.models import AuditEntry, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, email="ada@example.org")


@pytest.fixture
def text(merchant: Merchant) -> ConsentText:
    return add_consent_text(
        merchant, version="2026-1", language="en", purposes=["newsletter"], channels=["email"], text="Yes, please."
    )


@pytest.fixture
def support(merchant: Merchant) -> Client:
    browser = Client()
    browser.force_login(MembershipFactory(merchant=merchant, role=Role.SUPPORT).staff)
    return browser


def records(customer: Customer) -> list[ConsentRecord]:
    return list(ConsentRecord.objects.for_merchant(customer.merchant).order_by("id"))


def told(text: ConsentText, /, **changes: object) -> dict[str, object]:
    given = {"kind": "granted", "purpose": "newsletter", "channel": "email", "text": text.pk}
    return given | {"source": "telephone", "evidence": "Call of Monday, taken by Kim."} | changes


def test_support_records_a_consent_with_its_evidence(support, customer, text):
    url = f"/m/muster/customers/{customer.pk}/consents/record"
    assert "Yes, please." not in support.get(url).content.decode()
    assert support.post(url, told(text)).status_code == 302
    [record] = records(customer)
    assert (record.text, record.source) == (text, "telephone")
    assert record.evidence["evidence"] == "Call of Monday, taken by Kim."
    assert AuditEntry.objects.for_merchant(customer.merchant).filter(action="consent.recorded").count() == 1
    page = support.get(f"/m/muster/customers/{customer.pk}/").content.decode()
    assert "Yes, please." in page
    assert f"/m/muster/customers/consents/{record.pk}/proof" in page


@pytest.mark.parametrize(("kind", "code"), [("withdrawn", "withdrawn"), ("objected", "objected")])
def test_support_records_a_no(support, customer, text, kind, code):
    record_consent(customer, purpose="newsletter", channel="email", text=text, source="x", evidence={})
    answer = support.post(f"/m/muster/customers/{customer.pk}/consents/record", {"kind": kind, "source": "letter"})
    assert answer.status_code == 302
    asked = {"purpose": "newsletter", "channel": "email", "address": customer.email}
    assert may_we(customer, merchant=customer.merchant, **asked).code == code


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": ""}, "purpose"),
        ({"channel": ""}, "channel"),
        ({"text": ""}, "text"),
        ({"purpose": "reviews"}, "text"),
        ({"evidence": " "}, "evidence"),
        ({"source": ""}, "source"),
        ({"occurred_at": "2999-01-01T10:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00"}, "occurred_at"),
        ({"purpose": "tracking"}, "channel"),
    ],
)
def test_a_consent_without_proof_is_refused(support, customer, text, changes, field):
    answer = support.post(f"/m/muster/customers/{customer.pk}/consents/record", told(text, **changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert records(customer) == []


def test_a_text_of_another_shop_cannot_be_chosen(support, customer, text, stranger):
    foreign = add_consent_text(
        stranger.merchant, version="x", language="en", purposes=["newsletter"], channels=["email"], text="Theirs."
    )
    url = f"/m/muster/customers/{customer.pk}/consents/record"
    assert support.post(url, told(text, text=foreign.pk)).status_code == 422


def test_the_proof_says_everything(client, customer, text):
    record = record_consent(
        customer,
        purpose="newsletter",
        channel="email",
        text=text,
        address=customer.email,
        source="double opt-in",
        evidence={"requested_at": "2026-03-01T10:00:00+00:00", "confirmed_at": "2026-03-01T10:05:00+00:00"},
    )
    page = client.get(f"/m/muster/customers/consents/{record.pk}/proof").content.decode()
    for told_there in (customer.name, customer.email, "Yes, please.", "2026-1", "10:05:00", "double opt-in"):
        assert told_there in page, told_there


def test_owners_write_versions_and_see_who_agreed(client, customer, text):
    record_consent(customer, purpose="newsletter", channel="email", text=text, source="x", evidence={})
    begun = client.get(f"/m/muster/settings/consent-texts/new?from={text.pk}").context["form"].initial
    assert begun["text"] == "Yes, please."
    assert begun["version"] != text.version
    new = {"version": "2027-1", "language": "en", "purposes": ["newsletter"], "channels": ["email"], "text": "Yes!"}
    assert client.post("/m/muster/settings/consent-texts/new", new).status_code == 302
    page = client.get("/m/muster/settings/consent-texts/")
    assert [(entry.text.version, entry.people, entry.is_current) for entry in page.context["entries"]] == [
        ("2027-1", 0, True),
        ("2026-1", 1, False),
    ]
    again = client.post("/m/muster/settings/consent-texts/new", new | {"text": "No!"})
    assert again.status_code == 422
    assert "version" in again.context["form"].errors
    assert AuditEntry.objects.for_merchant(customer.merchant).filter(action="consent_text.added").count() == 1


def test_an_address_is_looked_up_and_its_bounce_lifted(support, merchant):
    for reason in Suppression.Reason:
        suppress_addresses(merchant, ["ada@example.org"], reason=reason, channel="email")
    url = "/m/muster/settings/suppressions/"
    found = support.post(url, {"address": " ADA@example.org"})
    assert {row.reason for row in found.context["rows"]} == set(Suppression.Reason.values)
    assert support.post(url, {"address": "grace@example.org"}).context["rows"] == []
    answer = support.post(f"{url}lift", {"address": "ada@example.org"})
    assert answer.status_code == 302
    left = Suppression.objects.for_merchant(merchant).of("ada@example.org")
    assert {row.reason for row in left} == {"objection", "complaint"}


def test_a_suppression_outlives_the_profile(merchant, customer):
    suppress_addresses(merchant, [customer.email], reason=Suppression.Reason.OBJECTION, channel="")
    address = customer.email
    customer.delete()
    again = CustomerFactory(merchant=merchant, email=address)
    record = record_consent(
        again,
        purpose="newsletter",
        channel="email",
        text_version="1",
        source="x",
        evidence={},
        given_at=Suppression.objects.for_merchant(merchant).get().created_at,
    )
    asked = {"purpose": "newsletter", "channel": "email", "address": address}
    assert may_we(again, merchant=merchant, **asked).code == "address_objected"
    assert record.address == ""


def test_where_a_consent_came_from_is_said_in_the_readers_language() -> None:
    with translation.override("de"):
        assert spoken_source(preferences.SOURCE) == "Einstellungsseite"
        assert spoken_source("Kasse 4") == "Kasse 4"


def test_our_own_sources_have_words() -> None:
    assert {preferences.SOURCE, corrections.BY_STAFF, people.SOURCE} <= OWN_SOURCES.keys()
