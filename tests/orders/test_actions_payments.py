"""Payments: once per reference, never above the total, shown where the order is."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from core.errors import DomainError
from core.events import DomainEvent, drain
from customers.models import CustomerKpis
from merchants.models import Merchant
from orders.actions.payments import PaymentData, record_payment
from orders.actions.placement import place_order
from orders.events import OrderPaid
from orders.models import Order, Payment
from tests.orders.samples import order_data, order_json
from tests.storefront import Storefront

AT = datetime(2026, 4, 2, 9, tzinfo=UTC)


@pytest.fixture
def order(merchant: Merchant) -> Order:
    return place_order(merchant, order_data(payment_method="invoice")).order


def test_a_payment_is_stored_once(order: Order, listen: Any) -> None:
    heard: list[DomainEvent] = listen(OrderPaid)
    data = PaymentData(reference="Z-1", amount=4497, paid_at=AT, due_on=date(2026, 4, 1))
    assert record_payment(order, data).is_new
    again = record_payment(order, data)
    assert not again.is_new
    assert (again.payment.method, again.payment.amount) == ("invoice", 4497)
    assert CustomerKpis.objects.for_merchant(order.merchant).get().overdue_days == 1
    drain()
    assert len(heard) == 1


def test_payments_never_exceed_the_total(order: Order) -> None:
    record_payment(order, PaymentData(reference="Z-1", amount=4000))
    with pytest.raises(DomainError) as raised:
        record_payment(order, PaymentData(reference="Z-2", amount=498))
    assert (raised.value.code, raised.value.extra["open"]) == ("payment_too_high", 497)
    record_payment(order, PaymentData(reference="Z-2", amount=497))
    assert Payment.objects.for_merchant(order.merchant).count() == 2


def test_a_known_reference_with_another_amount_is_refused(order: Order) -> None:
    record_payment(order, PaymentData(reference="Z-1", amount=4000))
    with pytest.raises(DomainError, match="another amount"):
        record_payment(order, PaymentData(reference="Z-1", amount=3000))


def test_payments_come_over_the_api(api: Storefront) -> None:
    assert api.post("/api/v1/orders", order_json(channel="app")).status_code == 201
    body = {"reference": "Z-1", "amount": 1000, "paid_at": "2026-03-21T10:00:00Z"}
    assert api.post("/api/v1/orders/A-1001/payments", body).status_code == 201
    answer = api.post("/api/v1/orders/A-1001/payments", body)
    assert answer.status_code == 200
    told = answer.json()
    assert told["channel"] == "app"
    assert [(paid["reference"], paid["amount"], paid["method"]) for paid in told["payments"]] == [
        ("Z-1", 1000, "invoice")
    ]
    for wrong in ({"amount": 0}, {"amount": -1}, {"amount": "10"}, {"amount": 10**15}, {"colour": "red"}):
        assert api.post("/api/v1/orders/A-1001/payments", body | {"reference": "Z-2"} | wrong).status_code == 400
    too_much = api.post("/api/v1/orders/A-1001/payments", body | {"reference": "Z-2", "amount": 4000})
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["open"]) == (409, "payment_too_high", 3497)


def test_an_unknown_channel_is_refused_and_a_missing_one_is_the_web(api: Storefront) -> None:
    assert api.post("/api/v1/orders", order_json(channel="pigeon")).status_code == 400
    assert api.post("/api/v1/orders", order_json()).json()["channel"] == "web"


def test_the_customer_tells_its_figures_over_the_api(api: Storefront) -> None:
    api.post("/api/v1/orders", order_json())
    told = api.get("/api/v1/customers/c-1").json()["kpis"]
    assert (told["average_order"], told["units_bought"], told["first_channel"]) == (4497, 2, "web")
    assert (told["payment_methods"], told["predicted_value"]) == ({"invoice": 1}, None)


def test_a_payment_is_seen_on_order_and_profile(client: Client, order: Order) -> None:
    record_payment(order, PaymentData(reference="Z-1", amount=1000, paid_at=AT, due_on=date(2026, 4, 9)))
    page = client.get(f"/m/muster/orders/{order.pk}/").content.decode()
    assert "partly paid" in page
    assert "€10.00" in page
    profile = client.get(f"/m/muster/customers/{order.customer_id}/").content.decode()
    assert "Order A-1001 paid" in profile
