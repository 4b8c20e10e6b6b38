"""The list of orders and an order's page."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from merchants.models import Membership, Merchant
from orders.models import Order, Refund, Return, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from orders.payments import payment_name
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory
from tests.queries import queries_of

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def _order(merchant: Merchant, **fields: Any) -> Order:
    return OrderFactory(**{"customer__merchant": merchant, **fields})


def _whole_order(merchant: Merchant, number: str, parts: int) -> Order:
    """An order with as many lines, parcels and returns as ``parts``."""
    order = _order(merchant, number=number, total=10_000, refunded=100 * parts)
    for part in range(parts):
        line = OrderLineFactory(order=order, quantity=2, unit_price=1000, returned=1)
        parcel = Shipment.objects.create(
            merchant=merchant, order=order, reference=f"P{part}", carrier="DHL", shipped_at=AT, tracking_number="T1"
        )
        ShipmentLine.objects.create(merchant=merchant, shipment=parcel, order_line=line, quantity=2)
        TrackingEvent.objects.create(merchant=merchant, shipment=parcel, code="delayed", text="Stau", occurred_at=AT)
        back = Return.objects.create(
            merchant=merchant, order=order, reference=f"R{part}", received_at=AT, reason="zu klein"
        )
        ReturnLine.objects.create(merchant=merchant, parcel=back, order_line=line, quantity=1, refund=100)
        Refund.objects.create(merchant=merchant, order=order, parcel=back, amount=100, refunded_at=AT)
    return order


def test_the_list_costs_the_same_for_one_row_and_for_three(client: Client, merchant: Merchant) -> None:
    url = f"/m/{merchant.slug}/orders/"
    _order(merchant)
    few = queries_of(client, url)
    _order(merchant)
    _order(merchant)
    assert queries_of(client, url) == few


def test_the_page_costs_the_same_for_one_line_and_for_three(client: Client, merchant: Merchant) -> None:
    small, large = _whole_order(merchant, "A-1", 1), _whole_order(merchant, "A-2", 3)
    few = queries_of(client, f"/m/{merchant.slug}/orders/{small.pk}/")
    assert queries_of(client, f"/m/{merchant.slug}/orders/{large.pk}/") == few


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"q": "a-1"}, ["A-10", "A-1"]),
        ({"q": "ADA@"}, ["A-1"]),
        ({"q": "berg ada"}, ["A-1"]),
        ({"state": "shipped"}, ["B-2"]),
        ({"payment": "paypal"}, ["B-2"]),
        ({"country": "AT"}, ["A-10"]),
        ({"since": "2026-11-21"}, ["A-10"]),
        ({"until": "2026-11-20"}, ["B-2", "A-1"]),
        ({"since": "2026-11-20", "until": "2026-11-20"}, ["B-2", "A-1"]),
        ({"sort": "-total"}, ["B-2", "A-10", "A-1"]),
        ({"sort": "newest"}, ["A-1", "B-2", "A-10"]),
        ({"state": "lost"}, ["A-10", "B-2", "A-1"]),
    ],
)
def test_the_address_narrows_and_sorts(
    client: Client, merchant: Merchant, query: dict[str, str], numbers: list[str]
) -> None:
    ada = CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg", email="ada@example.org")
    _order(merchant, number="A-1", customer=ada, email="ada@example.org", country="DE", placed_at=AT, total=100)
    # 23:30 UTC is the next day in Berlin: it belongs to the 21st.
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    _order(merchant, number="A-10", country="AT", placed_at=late, total=200)
    _order(
        merchant, number="B-2", state="shipped", payment_method="paypal", placed_at=AT + timedelta(hours=1), total=900
    )
    OrderFactory(number="A-1", email="ada@example.org", payment_method="paypal")  # could leak: another merchant's
    listing = client.get(f"/m/{merchant.slug}/orders/", query).context["listing"]
    assert [row.number for row in listing.rows] == numbers


@time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
def test_late_orders_are_those_promised_and_not_delivered(client: Client, merchant: Merchant) -> None:
    promised = date(2026, 11, 24)
    late = _order(merchant, number="late", promised_delivery_on=promised)
    _order(merchant, number="delivered", promised_delivery_on=promised, state="delivered")
    _order(merchant, number="cancelled", promised_delivery_on=promised, state="cancelled")
    _order(merchant, number="today", promised_delivery_on=date(2026, 11, 25))
    _order(merchant, number="never promised")
    _order(merchant, number="long ago", promised_delivery_on=date(2026, 1, 1))
    listing = client.get(f"/m/{merchant.slug}/orders/?late=true").context["listing"]
    assert [row.number for row in listing.rows] == ["late"]
    assert [chip.label for chip in listing.chips] == ["Late"]
    assert ">late<" in client.get(f"/m/{merchant.slug}/orders/{late.pk}/").text


def test_the_orders_of_one_customer(client: Client, merchant: Merchant, stranger: Membership) -> None:
    order = _order(merchant)
    _order(merchant)
    url = f"/m/{merchant.slug}/orders/"
    listing = client.get(url, {"customer": order.customer_id}).context["listing"]
    assert [row.pk for row in listing.rows] == [order.pk]
    assert [chip.value for chip in listing.chips] == [order.customer.name]
    foreign = CustomerFactory(merchant=stranger.merchant, first_name="Foreign")
    assert "Foreign" not in client.get(url, {"customer": foreign.pk}).text


def test_the_page_shows_what_happened(client: Client, merchant: Merchant) -> None:
    order = _whole_order(merchant, "A-77", 2)
    page = client.get(f"/m/{merchant.slug}/orders/{order.pk}/").text
    for text in (
        "A-77",
        "Parcel P0",
        "Parcel P1",
        "DHL",
        "Stau",
        "Return R1",
        "zu klein",
        "€100.00",
        "1 returned",
        "€98.00",
    ):
        assert text in page
    assert "None" not in page


def test_a_bare_guest_order_has_a_page_without_none(client: Client, merchant: Merchant) -> None:
    order = Order.objects.create(merchant=merchant, number="G-1", placed_at=AT, currency="GBP", total=0)
    for url in (f"/m/{merchant.slug}/orders/", f"/m/{merchant.slug}/orders/{order.pk}/"):
        page = client.get(url).text
        assert "guest" in page
        assert "£0.00" in page
        assert "None" not in page


def test_a_cancelled_order_says_so(client: Client, merchant: Merchant) -> None:
    order = _order(merchant, state="cancelled", cancelled_at=AT, cancellation_reason="changed my mind")
    page = client.get(f"/m/{merchant.slug}/orders/{order.pk}/").text
    assert "changed my mind" in page


def test_an_order_of_another_merchant_does_not_exist(client: Client, stranger: Membership) -> None:
    foreign = _order(stranger.merchant)
    assert client.get(f"/m/muster/orders/{foreign.pk}/").status_code == 404
    assert "No orders yet" in client.get("/m/muster/orders/").text


def test_a_customer_page_shows_the_orders_and_the_timeline(client: Client, merchant: Merchant) -> None:
    order = _whole_order(merchant, "A-5", 1)
    Shipment.objects.for_merchant(merchant).update(delivered_at=AT + timedelta(days=2))
    Order.objects.for_merchant(merchant).update(cancelled_at=AT + timedelta(days=3))
    page = client.get(f"/m/{merchant.slug}/customers/{order.customer_id}/").text
    for text in (
        "Order A-5 placed",
        "Order A-5 shipped",
        "Order A-5 delivered",
        "Something of order A-5 came back",
        "Order A-5 cancelled",
    ):
        assert text in page


def test_a_customer_page_costs_the_same_for_one_order_and_for_three(client: Client, merchant: Merchant) -> None:
    customer = CustomerFactory(merchant=merchant)
    url = f"/m/{merchant.slug}/customers/{customer.pk}/"

    def buy(number: str) -> None:
        order = _whole_order(merchant, number, 1)
        Order.objects.for_merchant(merchant).filter(pk=order.pk).update(customer=customer)

    buy("A-1")
    few = queries_of(client, url)
    buy("A-2")
    buy("A-3")
    assert queries_of(client, url) == few


@time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
def test_a_product_page_shows_what_it_sold(client: Client, merchant: Merchant) -> None:
    product = ProductFactory(merchant=merchant)

    def sell(at: datetime, **fields: Any) -> None:
        order = _order(
            merchant, placed_at=at, **{name: fields.pop(name) for name in ("state", "currency") if name in fields}
        )
        OrderLineFactory(order=order, product=product, quantity=3, unit_price=1000, **fields)

    sell(AT, returned=1, refunded=1000)
    sell(datetime(2026, 10, 31, 23, 30, tzinfo=UTC))  # November in Berlin
    sell(datetime(2026, 1, 5, tzinfo=UTC))
    sell(AT, state="cancelled")
    sell(AT, currency="USD")
    sell(datetime(2025, 11, 30, 12, tzinfo=UTC))  # before the twelve months
    page = client.get(f"/m/{merchant.slug}/catalog/{product.pk}/")
    [panel] = [shown for shown in page.context["panels"] if "units" in shown.context]
    chart = panel.context["chart"]
    assert dict(zip(chart.days, chart.series[0].values, strict=True)) == {
        **dict.fromkeys(chart.days, 0),
        date(2026, 11, 1): 5,
        date(2026, 1, 1): 3,
    }
    assert (panel.context["units"], panel.context["revenue"]) == (8, 8000)
    assert "8 units in 12 months, €80.00" in page.text


@pytest.mark.parametrize(
    ("method", "words"), [("credit_card", "credit card"), ("PAYPAL", "PayPal"), ("own_way", "own way"), ("", "")]
)
def test_payment_methods_are_read_as_words(method: str, words: str) -> None:
    assert payment_name(method) == words


def test_tax_rates_do_not_hide_lines(client: Client, merchant: Merchant) -> None:
    order = _order(merchant)
    OrderLineFactory(order=order, tax_rate=Decimal("0.07"), title="A very long German title " * 8)
    assert client.get(f"/m/{merchant.slug}/orders/{order.pk}/").status_code == 200
