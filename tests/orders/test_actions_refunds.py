"""Returns and cancellations: unit by unit, paid back to the minor unit, never more than was paid."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from core.events import drain
from customers.models import Customer
from merchants.models import Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.placement import place_order
from orders.actions.returns import ReturnData, ReturnUnits, record_return
from orders.actions.shipments import ShipmentData, record_shipment
from orders.actions.units import Units
from orders.events import OrderCancelled, ReturnReceived
from orders.models import Order, Refund, Return
from tests.orders.samples import line, order_data

AT = datetime(2026, 4, 2, 9, tzinfo=UTC)


@pytest.fixture
def order(merchant: Merchant) -> Order:
    """Three units of a at 10.00, one of b at 5.01; 2.00 off the order; shipping 4.99."""
    return place_order(merchant, order_data(line("a", 3, 1000), line("b", 1, 501), discount=200)).order


def returned(reference: str, *lines: ReturnUnits, **changes: Any) -> ReturnData:
    return ReturnData(reference=reference, lines=lines, received_at=AT, **changes)


def test_returned_units_are_paid_back_exactly_what_they_cost(order: Order) -> None:
    # 3501 of goods less 200: a paid 3000 − 171, b 501 − 29; a unit of a cost 943.
    record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1), ReturnUnits(sku="b", quantity=1)))
    order.refresh_from_db()
    parcel = Return.objects.get(order=order)
    assert [(row.order_line.product.sku, row.quantity, row.refund) for row in parcel.lines.order_by("pk")] == [
        ("a", 1, 943),
        ("b", 1, 472),
    ]
    assert order.refunded == parcel.payment.amount == 943 + 472
    customer = Customer.objects.get(merchant=order.merchant)
    assert (customer.orders_count, customer.revenue) == (1, order.total - 1415)


def test_a_return_is_stored_once(order: Order) -> None:
    first = record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1)))
    again = record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1)))
    assert (first.is_new, again.is_new, again.parcel) == (True, False, first.parcel)
    with pytest.raises(DomainError) as refused:
        record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=2)))
    assert refused.value.code == "return_differs"
    order.refresh_from_db()
    assert order.refunded == 943


def test_more_than_was_bought_cannot_come_back(order: Order) -> None:
    cancel_order(order, CancellationData(lines=[Units(sku="a", quantity=1)]))
    record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1)))
    with pytest.raises(DomainError, match="only 1 units") as refused:
        record_return(order, returned("R-2", ReturnUnits(sku="a", quantity=2)))
    assert refused.value.code == "more_than_bought"


def test_a_stated_refund_counts_and_is_bounded_by_what_was_paid(order: Order) -> None:
    record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1, refund=500)))
    with pytest.raises(DomainError) as refused:
        record_return(order, returned("R-2", ReturnUnits(sku="a", quantity=1, refund=2330)))
    assert (refused.value.code, refused.value.extra) == ("refund_too_high", {"refundable": 2329})
    # A generous refund leaves less for the last unit than it cost.
    record_return(order, returned("R-2", ReturnUnits(sku="a", quantity=1, refund=2300)))
    record_return(order, returned("R-3", ReturnUnits(sku="a", quantity=1)))
    assert list(Refund.objects.filter(order=order).values_list("amount", flat=True)) == [500, 2300, 29]


def test_a_refund_of_nothing_is_no_refund(order: Order) -> None:
    record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1, refund=0)))
    assert not Refund.objects.for_merchant(order.merchant).exists()


def test_shipping_is_paid_back_when_stated_and_only_once(order: Order) -> None:
    record_return(order, returned("R-1", ReturnUnits(sku="b", quantity=1), shipping_refund=400))
    with pytest.raises(DomainError) as refused:
        record_return(order, returned("R-2", ReturnUnits(sku="a", quantity=1), shipping_refund=100))
    assert refused.value.extra == {"refundable": 99}
    order.refresh_from_db()
    assert order.refunded == 472 + 400


def test_a_cancelled_order_is_paid_back_whole_and_counts_no_more(order: Order, listen: Any) -> None:
    heard = listen(OrderCancelled)
    cancel_order(order, CancellationData(cancelled_at=AT, reason="ordered twice"))
    cancel_order(order, CancellationData(reason="retried"))
    drain()
    order.refresh_from_db()
    assert (order.state, order.refunded, order.cancelled_at) == ("cancelled", order.total, AT)
    assert order.cancellation_reason == "ordered twice"
    customer = Customer.objects.get(merchant=order.merchant)
    assert (customer.orders_count, customer.revenue, customer.first_order_at) == (0, 0, None)
    assert heard == [OrderCancelled(merchant_id=order.merchant_id, order_id=order.pk)]


def test_the_last_cancelled_unit_takes_the_shipping_with_it(order: Order) -> None:
    cancel_order(order, CancellationData(lines=[Units(sku="a", quantity=2)]))
    order.refresh_from_db()
    assert (order.state, order.refunded) == ("placed", 2 * 943)
    cancel_order(order, CancellationData(lines=[Units(sku="a", quantity=1), Units(sku="b", quantity=1)]))
    order.refresh_from_db()
    assert (order.state, order.refunded) == ("cancelled", order.total)


def test_shipped_units_cannot_be_cancelled(order: Order) -> None:
    record_shipment(order, ShipmentData(reference="P-1", lines=[Units(sku="a", quantity=2)]))
    for lines in (None, [Units(sku="a", quantity=2)]):
        with pytest.raises(DomainError) as refused:
            cancel_order(order, CancellationData(lines=lines))
        assert refused.value.code == "not_cancellable"
    cancel_order(order, CancellationData(lines=[Units(sku="a", quantity=1), Units(sku="b", quantity=1)]))
    order.refresh_from_db()
    assert order.state == Order.State.SHIPPED


def test_returned_units_cannot_be_cancelled(order: Order) -> None:
    record_return(order, returned("R-1", ReturnUnits(sku="b", quantity=1)))
    with pytest.raises(DomainError) as refused:
        cancel_order(order, CancellationData(lines=[Units(sku="b", quantity=1)]))
    assert refused.value.code == "not_cancellable"


def test_a_return_is_told_of_once(order: Order, listen: Any) -> None:
    heard = listen(ReturnReceived)
    for _time in range(2):
        recorded = record_return(order, returned("R-1", ReturnUnits(sku="a", quantity=1)))
    drain()
    ids = {"merchant_id": order.merchant_id, "order_id": order.pk, "return_id": recorded.parcel.pk}
    assert heard == [ReturnReceived(**ids)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    quantities=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    price=st.integers(0, 9999),
    shipping=st.integers(0, 999),
    share=st.integers(0, 100),
    data=st.data(),
)
def test_units_cancelled_and_returned_one_by_one_pay_back_exactly_what_was_paid_for_goods(
    merchant: Merchant, quantities: list[int], price: int, shipping: int, share: int, data: st.DataObject
) -> None:
    number = f"H-{Order.objects.for_merchant(merchant).count()}"
    bought = [
        line(f"h-{index}", quantity, price + index, tax_rate=Decimal("0.07"))
        for index, quantity in enumerate(quantities)
    ]
    goods = sum(row.quantity * row.unit_price for row in bought)
    discount = goods * share // 100
    order = place_order(merchant, order_data(*bought, number=number, shipping=shipping, discount=discount)).order
    units = [position for position, quantity in enumerate(quantities, start=1) for _unit in range(quantity)]
    # The last unit comes back, so that the order is not wholly cancelled and keeps its shipping.
    for index, position in enumerate(data.draw(st.permutations(units))):
        if index < len(units) - 1 and data.draw(st.booleans()):
            cancel_order(order, CancellationData(lines=[Units(position=position, quantity=1)]))
        else:
            record_return(order, returned(f"R-{index}", ReturnUnits(position=position, quantity=1)))
    order.refresh_from_db()
    assert order.refunded == goods - discount
    assert all(row.cancelled + row.returned == row.quantity for row in order.lines.all())
