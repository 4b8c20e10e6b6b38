"""What a till is told about the customer in front of it."""

import logging
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from customers.models import Customer, CustomerKpis, Identity, Task
from merchants.models import Membership, Merchant, Scope
from orders.models import Order
from tests.factories import CustomerFactory, OrderFactory, ProductFactory
from tests.storefront import Storefront, storefront

URL = "/api/v1/customers/lookup"


@pytest.fixture
def till(merchant: Merchant) -> Storefront:
    return storefront(merchant, scopes=[Scope.CUSTOMERS_LOOKUP])


@pytest.fixture
def ada(merchant: Merchant) -> Customer:
    merchant.country = "DE"
    merchant.save()
    customer = CustomerFactory(
        merchant=merchant, first_name="Ada", last_name="Berg", email="ada@example.org", external_id="c-1"
    )
    for kind, value in (("phone", "+4930123456"), ("loyalty_card", "4711-1")):
        Identity.objects.create(merchant=merchant, customer=customer, kind=kind, value=value)
    return customer


@pytest.mark.parametrize(
    "asked",
    [
        {"email": " ADA@Example.org "},
        {"phone": "+49 30 123456"},
        {"phone": "030/123456"},
        {"card": "4711-1"},
    ],
)
def test_a_customer_is_found_however_the_identity_is_written(
    till: Storefront, ada: Customer, asked: dict[str, str]
) -> None:
    answer = till.get(URL, asked)
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["name"], answer.json()["lifecycle"]) == (ada.pk, "Ada Berg", "lead")


@time_machine.travel(datetime(2026, 11, 25, 9, tzinfo=UTC), tick=False)
def test_the_answer_holds_what_a_sales_person_needs(till: Storefront, ada: Customer) -> None:
    CustomerKpis.objects.create(merchant=ada.merchant, customer=ada, lifecycle="defecting", rfm_group="at_risk")
    Customer.objects.for_merchant(ada.merchant).filter(pk=ada.pk).update(orders_count=3, revenue=5997)
    ProductFactory(merchant=ada.merchant, title="Tent", sku="T-1")
    for number, state in enumerate(("delivered", "shipped", "placed", "delivered")):
        OrderFactory(
            customer=ada,
            number=f"A-{number}",
            state=state,
            placed_at=datetime(2026, 11, 1 + number, tzinfo=UTC),
            promised_delivery_on=date(2026, 11, 20) if state == "shipped" else None,
        )
    Task.objects.create(merchant=ada.merchant, customer=ada, title="Call back", due_on=date(2026, 11, 30))
    Task.objects.create(merchant=ada.merchant, customer=ada, title="Apologise", due_on=date(2026, 11, 1))
    Task.objects.create(
        merchant=ada.merchant, customer=ada, title="Done", state="done", done_at=datetime(2026, 11, 2, tzinfo=UTC)
    )
    told = till.get(URL, {"email": "ada@example.org"}).json()
    assert (told["lifecycle"], told["rfm_group"]) == ("defecting", "at_risk")
    assert (told["orders_count"], told["revenue"], told["currency"]) == (3, 5997, "EUR")
    assert [order["number"] for order in told["last_orders"]] == ["A-3", "A-2", "A-1"]
    assert [product["title"] for product in told["next_best_products"]] == ["Tent"]
    assert all(product["reason"] for product in told["next_best_products"])
    assert [(matter["kind"], matter["title"], matter["is_urgent"]) for matter in told["open_matters"]] == [
        ("task", "Apologise", True),
        ("order_late", "Order A-1 is late", True),
        ("task", "Call back", False),
        ("order_open", "Order A-2 has not arrived yet", False),
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"email": "nobody@example.org"},
        {"email": "null"},
        {"phone": "0000000"},
        {"phone": "no number"},
        {"card": "4711-2"},
        {"card": "ada@example.org"},
        {"email": "shared@example.org"},
        {"email": "foreign@example.org"},
    ],
)
def test_whoever_is_not_found_gets_the_same_answer(
    till: Storefront, ada: Customer, stranger: Membership, asked: dict[str, str]
) -> None:
    Identity.objects.create(
        merchant=ada.merchant, customer=ada, kind="email", value="shared@example.org", blocked_at=datetime.now(UTC)
    )
    CustomerFactory(merchant=stranger.merchant, email="foreign@example.org")
    answer, unknown = till.get(URL, asked), till.get(URL, {"email": "unknown@example.org"})
    assert answer.status_code == 404
    assert answer.json() == unknown.json()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "one_identity_needed"),
        ({"email": "a@example.org", "card": "1"}, "one_identity_needed"),
        ({"name": "Ada"}, "unknown_field"),
        ({"email": ""}, "one_identity_needed"),
        ({"email": "x" * 321}, "max_length"),
    ],
)
def test_exactly_one_identity_is_asked_for(till: Storefront, ada: Customer, asked: dict[str, str], code: str) -> None:
    answer = till.get(URL, asked)
    assert answer.status_code == 400
    assert code in {answer.json()["code"], *(error["code"] for error in answer.json().get("errors", []))}


@pytest.mark.parametrize("scopes", [[Scope.CUSTOMERS_READ], [Scope.ORDERS_READ], []])
def test_the_scope_of_the_till_is_needed(merchant: Merchant, ada: Customer, scopes: list[str]) -> None:
    answer = storefront(merchant, scopes=scopes).get(URL, {"email": "ada@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert storefront(merchant, kind="pk").get(URL, {"email": "ada@example.org"}).status_code == 403


def test_a_till_cannot_read_whole_profiles(till: Storefront, ada: Customer) -> None:
    assert till.get("/api/v1/customers/c-1").status_code == 403


def test_the_number_of_queries_does_not_grow(
    till: Storefront, ada: Customer, django_assert_max_num_queries: Any
) -> None:
    ProductFactory(merchant=ada.merchant)
    for number in range(10):
        OrderFactory(customer=ada, number=f"A-{number}")
        Task.objects.create(merchant=ada.merchant, customer=ada, title=f"Task {number}")
    till.get(URL, {"email": "ada@example.org"})
    with django_assert_max_num_queries(10):
        told = till.get(URL, {"email": "ada@example.org"}).json()
    assert len(told["last_orders"]) == 3
    assert Order.objects.for_merchant(ada.merchant).count() == 10


def test_addresses_that_are_asked_for_are_in_no_log(
    till: Storefront, ada: Customer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.DEBUG):
        till.get(URL, {"email": "ada@example.org"})
        till.get(URL, {"email": "canary@example.org"})
        monkeypatch.setattr("customers.api.lookup.find_by_identity", lambda *given: 1 / 0)
        assert till.get(URL, {"email": "canary@example.org"}).status_code == 500
    lines = [line for record in caplog.records if "SQL" not in str(record.msg) for line in (record.getMessage(),)]
    assert any("/api/v1/customers/lookup" in line for line in lines)
    assert not [line for line in lines if "@example.org" in line or "%40example" in line]
