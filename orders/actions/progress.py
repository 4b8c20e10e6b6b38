"""How far an order has come. It never goes back: what was delivered stays delivered."""

from __future__ import annotations

from orders.actions.units import shipped_units
from orders.models import Order, OrderLine, Shipment

_RANK = {
    Order.State.PLACED: 0,
    Order.State.SHIPPED: 1,
    Order.State.DELIVERED: 2,
    Order.State.CANCELLED: 3,
}


def advance_state(order: Order) -> None:
    """Bring the order's state up to its lines and parcels; its row must be locked."""
    reached = _reached(order)
    if _RANK[reached] > _RANK[Order.State(order.state)]:
        order.state = reached
        order.save(update_fields=["state"])


def _reached(order: Order) -> Order.State:
    lines = list(OrderLine.objects.for_merchant(order.merchant_id).filter(order=order))
    if all(line.cancelled == line.quantity for line in lines):
        return Order.State.CANCELLED
    parcels = list(Shipment.objects.for_merchant(order.merchant_id).filter(order=order))
    if not parcels:
        return Order.State.PLACED
    shipped = shipped_units(order)
    is_whole = all(shipped.get(line.pk, 0) + line.cancelled >= line.quantity for line in lines)
    if is_whole and all(parcel.delivered_at for parcel in parcels):
        return Order.State.DELIVERED
    return Order.State.SHIPPED
