"""Consents given elsewhere, taken over with what proves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.actions.consent_import import ImportedConsent, import_consents
from customers.actions.consent_texts import add_consent_text
from customers.models import ConsentRecord, Customer, Suppression
from customers.queries.consent import may_we
from merchants.models import Merchant
from tests.factories import CustomerFactory, MerchantFactory

pytestmark = pytest.mark.django_db
AT = datetime(2025, 4, 1, 9, tzinfo=UTC)


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, email="ada@example.org")


def row(customer: Customer, **fields: Any) -> ImportedConsent:
    given = {
        "purpose": "newsletter",
        "channel": "email",
        "text_version": "old-1",
        "text": "Ja, bitte.",
        "source": "former shop",
        "occurred_at": AT,
        "evidence": {"ip": "not kept"},
    }
    return ImportedConsent(customer_id=customer.pk, **given | fields)


def records(merchant: Merchant) -> list[ConsentRecord]:
    return list(ConsentRecord.objects.for_merchant(merchant).order_by("id"))


def test_consents_come_with_their_words_and_count_from_when_they_were_given(merchant, customer):
    assert import_consents(merchant, [row(customer)]) == [None]
    [record] = records(merchant)
    assert (record.text.text, record.text_version, record.occurred_at) == ("Ja, bitte.", "old-1", AT)
    asked = {"purpose": "newsletter", "channel": "email", "address": customer.email}
    assert may_we(customer, merchant=merchant, **asked).allowed
    assert not may_we(customer, merchant=merchant, at=AT - timedelta(seconds=1), **asked).allowed


def test_the_same_file_twice_is_recorded_once(merchant, customer):
    rows = [row(customer), row(customer), row(customer, kind="withdrawn", occurred_at=AT + timedelta(days=1))]
    assert import_consents(merchant, rows) == import_consents(merchant, rows) == [None] * 3
    assert [record.kind for record in records(merchant)] == ["granted", "withdrawn"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text_version": " "}, "text_version_missing"),
        ({"text_version": "unheard", "text": ""}, "unknown_text_version"),
        ({"source": ""}, "source_missing"),
        ({"occurred_at": None}, "date_missing"),
        ({"occurred_at": timezone.now() + timedelta(days=2)}, "date_ahead"),
        ({"kind": "notice_shown"}, "kind_unknown"),
        ({"purpose": "flowers"}, "subject_unknown"),
        ({"channel": ""}, "subject_unknown"),
        ({"purpose": "tracking"}, "subject_unknown"),
    ],
)
def test_what_proves_nothing_is_refused_with_its_reason_and_the_rest_is_taken(merchant, customer, fields, code):
    refused, taken = import_consents(merchant, [row(customer, **fields), row(customer, purpose="reviews")])
    assert refused is not None
    assert (refused.code, bool(refused.message), taken) == (code, True, None)
    assert [record.purpose for record in records(merchant)] == ["reviews"]


def test_customers_of_others_are_unknown(merchant):
    foreign = CustomerFactory(merchant=MerchantFactory())
    [refused] = import_consents(merchant, [row(foreign)])
    assert refused is not None
    assert refused.code == "customer_unknown"
    assert ConsentRecord.objects.filter(customer=foreign).count() == 0


def test_objections_suppress_the_addresses(merchant, customer):
    assert import_consents(merchant, [row(customer, kind="objected", purpose="", channel="")]) == [None]
    [suppression] = Suppression.objects.for_merchant(merchant).of("ada@example.org")
    assert (suppression.reason, suppression.created_at) == ("objection", AT)


def test_many_rows_cost_as_many_queries_as_few(merchant, django_assert_max_num_queries):
    people = [CustomerFactory(merchant=merchant) for _n in range(30)]
    add_consent_text(
        merchant, version="old-1", language="de", purposes=["newsletter"], channels=["email"], text="Ja, bitte."
    )
    with django_assert_max_num_queries(8):
        assert import_consents(merchant, [row(person) for person in people]) == [None] * 30
