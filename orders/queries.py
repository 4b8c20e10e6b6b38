"""Reads of an order with everything that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from customers.models import Identity
from orders.models import Order, OrderLine, Refund, Return, Shipment


@dataclass(frozen=True)
class OrderDocument:
    """An order with its lines, parcels (with lines and tracking events), returns and refunds."""

    order: Order
    lines: Sequence[OrderLine]
    external_id: str
    shipments: Sequence[Shipment] = ()
    returns: Sequence[Return] = ()
    refunds: Sequence[Refund] = ()


def new_order_document(order: Order, lines: Sequence[OrderLine]) -> OrderDocument:
    """The document of an order that was placed just now, with nothing but its lines."""
    return OrderDocument(order, lines, _external_id(order))


def order_document(order: Order) -> OrderDocument:
    """The whole document, in the same number of queries for every order."""
    return OrderDocument(
        order=order,
        lines=list(order.lines.select_related("product")),
        external_id=_external_id(order),
        shipments=list(order.shipments.prefetch_related("lines__order_line__product", "events")),
        returns=list(order.returns.prefetch_related("lines__order_line__product")),
        refunds=list(order.refunds.all()),
    )


def _external_id(order: Order) -> str:
    if order.customer_id is None:
        return ""
    ids = Identity.objects.for_merchant(order.merchant_id).filter(
        customer=order.customer_id, kind=Identity.Kind.EXTERNAL_ID
    )
    return ids.order_by("-pk").values_list("value", flat=True).first() or ""
