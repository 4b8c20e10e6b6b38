"""Customers over HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest

from customers.actions.consent import record_consent, record_notice, record_objection
from merchants.models import Merchant
from tests.factories import CustomerFactory
from tests.orders.samples import ORDER
from tests.storefront import Storefront, storefront

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_customer_with_identities_consents_and_figures(api: Storefront, merchant: Merchant) -> None:
    api.post("/api/v1/orders", ORDER)
    profile = api.get("/api/v1/customers/c-1").json()
    known_since = profile.pop("known_since")
    assert known_since.endswith("Z")
    assert sorted(profile.pop("identities"), key=lambda row: row["kind"]) == [
        {"kind": "email", "value": "ada@example.org"},
        {"kind": "external_id", "value": "c-1"},
    ]
    assert profile.pop("kpis")["average_order"] == 4497
    assert profile == {
        "external_id": "c-1",
        "first_name": "Ada",
        "last_name": "Muster",
        "locale": "de",
        "postal_code": "",
        "city": "",
        "country": "DE",
        "companies": [],
        "price_group": "",
        "consents": [],
        "orders_count": 1,
        "revenue": 4497,
        "currency": "EUR",
        "first_order_at": "2026-03-20T10:00:00Z",
        "last_order_at": "2026-03-20T10:00:00Z",
    }


def test_consents_are_the_last_word_about_each_purpose(api: Storefront, merchant: Merchant) -> None:
    customer = CustomerFactory(merchant=merchant, external_id="c-1", email="ada@example.org")
    proof: dict[str, Any] = {"channel": "email", "source": "test", "evidence": {"order": "A-1"}}
    record_notice(customer, address="ada@example.org", text_version="1", shown_at=AT, **proof)
    for purpose in ("newsletter", "reviews"):
        record_consent(customer, purpose=purpose, text_version="2", given_at=AT, **proof)
    record_objection(customer, purpose="newsletter", channel="email", source="test", objected_at=AT.replace(day=2))
    consents = api.get("/api/v1/customers/c-1").json()["consents"]
    assert [(row["purpose"], row["channel"], row["decision"], row["occurred_at"]) for row in consents] == [
        ("newsletter", "email", "objected", "2026-03-02T00:00:00Z"),
        ("reviews", "email", "granted", "2026-03-01T00:00:00Z"),
    ]


def test_customers_are_seen_only_by_their_own_merchant(api: Storefront, merchant: Merchant, stranger: Any) -> None:
    CustomerFactory(merchant=merchant, external_id="kunde/7 ä")
    assert api.get("/api/v1/customers/kunde/7 ä").status_code == 200
    assert storefront(stranger.merchant).get("/api/v1/customers/kunde/7 ä").status_code == 404


def test_other_identities_do_not_open_a_profile(api: Storefront, merchant: Merchant) -> None:
    CustomerFactory(merchant=merchant, external_id="c-1", email="ada@example.org")
    assert api.get("/api/v1/customers/ada@example.org").status_code == 404


@pytest.mark.parametrize("kind", ["pk"])
def test_a_publishable_key_reads_no_profile(merchant: Merchant, kind: str) -> None:
    CustomerFactory(merchant=merchant, external_id="c-1")
    assert storefront(merchant, kind=kind).get("/api/v1/customers/c-1").status_code == 403
