"""Parcels: once per reference, in whichever order their news arrives, and never back."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from core.errors import DomainError, InvalidInput
from core.events import drain
from merchants.models import Merchant
from orders.actions.cancellation import CancellationData, cancel_order
from orders.actions.placement import place_order
from orders.actions.shipments import ShipmentData, TrackingData, record_shipment
from orders.actions.units import Units
from orders.events import OrderDelivered, OrderShipped
from orders.models import Order, Shipment, ShipmentLine, TrackingEvent
from tests.orders.samples import line, order_data

SHIPPED_AT = datetime(2026, 3, 21, 8, tzinfo=UTC)


@pytest.fixture
def order(merchant: Merchant) -> Order:
    """Two units of a, three of b."""
    return place_order(merchant, order_data(line("a", 2), line("b", 3))).order


def parcel(reference: str = "P-1", **changes: Any) -> ShipmentData:
    return ShipmentData(**{"reference": reference, "shipped_at": SHIPPED_AT} | changes)


def delivered(at: datetime = SHIPPED_AT + timedelta(days=2)) -> TrackingData:
    return TrackingData(code="delivered", occurred_at=at)


def contents(order: Order) -> dict[str, dict[str, int]]:
    rows = ShipmentLine.objects.for_merchant(order.merchant).filter(shipment__order=order)
    found: dict[str, dict[str, int]] = {}
    for row in rows.select_related("shipment", "order_line__product"):
        found.setdefault(row.shipment.reference, {})[row.order_line.product.sku] = row.quantity
    return found


def test_a_parcel_without_lines_holds_everything_that_is_open(order: Order) -> None:
    cancel_order(order, CancellationData(lines=[Units(sku="b", quantity=1)]))
    record_shipment(order, parcel("P-1", lines=[Units(sku="a", quantity=1)]))
    recorded = record_shipment(order, parcel("P-2", carrier="DHL", expected_on=date(2026, 3, 24)))
    assert recorded.is_new
    assert contents(order) == {"P-1": {"a": 1}, "P-2": {"a": 1, "b": 2}}
    assert recorded.order.state == Order.State.SHIPPED


def test_a_parcel_is_stored_once_and_its_details_are_brought_up_to_date(order: Order) -> None:
    record_shipment(order, parcel(carrier="DHL"))
    again = record_shipment(order, ShipmentData(reference="P-1", tracking_number="0034"))
    assert not again.is_new
    shipment = Shipment.objects.get(order=order)
    assert (shipment.carrier, shipment.tracking_number, shipment.shipped_at) == ("DHL", "0034", SHIPPED_AT)


def test_a_known_parcel_cannot_hold_something_else(order: Order) -> None:
    record_shipment(order, parcel(lines=[Units(sku="a", quantity=1)]))
    record_shipment(order, parcel(lines=[Units(position=1, quantity=1)]))
    with pytest.raises(DomainError) as refused:
        record_shipment(order, parcel(lines=[Units(sku="a", quantity=2)]))
    assert refused.value.code == "shipment_differs"


def test_an_order_is_delivered_when_all_of_it_arrived(order: Order) -> None:
    record_shipment(order, parcel("P-1", lines=[Units(sku="a", quantity=2)], events=[delivered()]))
    order.refresh_from_db()
    assert order.state == Order.State.SHIPPED  # b is still open
    record_shipment(order, parcel("P-2"))
    record_shipment(order, ShipmentData(reference="P-2", events=[delivered()]))
    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED


@pytest.mark.parametrize("arrival", list(permutations(range(4))))
def test_tracking_may_arrive_in_any_order_and_twice(order: Order, arrival: tuple[int, ...]) -> None:
    events = [
        TrackingData(code="in_transit", occurred_at=SHIPPED_AT),
        TrackingData(code="delayed", occurred_at=SHIPPED_AT + timedelta(days=1)),
        delivered(SHIPPED_AT + timedelta(days=2)),
        delivered(SHIPPED_AT + timedelta(days=2, minutes=5)),
    ]
    for index in [*arrival, arrival[0]]:
        record_shipment(order, ShipmentData(reference="P-1", shipped_at=SHIPPED_AT, events=[events[index]]))
    shipment = Shipment.objects.get(order=order)
    order.refresh_from_db()
    assert [event.code for event in shipment.events.all()] == ["in_transit", "delayed", "delivered", "delivered"]
    assert (shipment.delivered_at, order.state) == (SHIPPED_AT + timedelta(days=2), Order.State.DELIVERED)


def test_delivered_stays_delivered(order: Order) -> None:
    record_shipment(order, parcel(events=[delivered()]))
    record_shipment(order, parcel(events=[TrackingData(code="failed", occurred_at=SHIPPED_AT + timedelta(days=3))]))
    place_order(order.merchant, order_data(line("a", 2), line("b", 3), line("c", 1), version=2))
    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert TrackingEvent.objects.for_merchant(order.merchant).count() == 2


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([Units(sku="a", quantity=3)], "more_than_open"),
        ([Units(sku="nowhere", quantity=1)], "unknown_line"),
        ([Units(sku="a", position=2, quantity=1)], "unknown_line"),
        ([Units(sku="a", quantity=1), Units(position=1, quantity=1)], "repeated_line"),
    ],
)
def test_contents_that_cannot_be_are_refused(order: Order, lines: list[Units], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        record_shipment(order, parcel(lines=lines))
    assert refused.value.code == code
    assert not Shipment.objects.for_merchant(order.merchant).exists()


def test_a_sku_on_two_lines_needs_the_position(merchant: Merchant) -> None:
    order = place_order(merchant, order_data(line("a", 1), line("a", 1, discount=500))).order
    with pytest.raises(InvalidInput, match="1, 2"):
        record_shipment(order, parcel(lines=[Units(sku="a", quantity=1)]))
    record_shipment(order, parcel(lines=[Units(sku="a", position=2, quantity=1)]))
    assert ShipmentLine.objects.get(shipment__order=order).order_line.position == 2


def test_nothing_leaves_twice_and_nothing_leaves_a_cancelled_order(order: Order, merchant: Merchant) -> None:
    record_shipment(order, parcel("P-1"))
    with pytest.raises(DomainError) as refused:
        record_shipment(order, parcel("P-2"))
    assert refused.value.code == "nothing_to_ship"
    cancelled = place_order(merchant, order_data(number="A-2")).order
    cancel_order(cancelled, CancellationData())
    with pytest.raises(DomainError) as refused:
        record_shipment(cancelled, parcel())
    assert refused.value.code == "order_cancelled"


def test_a_parcel_is_told_of_when_it_leaves_and_when_it_arrives(order: Order, listen: Any) -> None:
    heard = listen(OrderShipped, OrderDelivered)
    record_shipment(order, parcel())
    record_shipment(order, parcel(events=[delivered()]))
    record_shipment(order, parcel(events=[delivered(), delivered(SHIPPED_AT + timedelta(days=9))]))
    drain()
    shipment = Shipment.objects.get(order=order)
    ids = {"merchant_id": order.merchant_id, "order_id": order.pk, "shipment_id": shipment.pk}
    assert heard == [OrderShipped(**ids), OrderDelivered(**ids)]
