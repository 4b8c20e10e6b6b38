"""Reads of an order with everything that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import F, Prefetch, Sum
from django.db.models.functions import TruncMonth

from catalog.models import Product
from customers.models import Identity
from merchants.models import Merchant
from orders.models import Order, OrderLine, Payment, Refund, Return, ReturnLine, Shipment, ShipmentLine


@dataclass(frozen=True)
class OrderDocument:
    """An order with its lines, parcels (with lines and tracking events), returns, refunds and payments."""

    order: Order
    lines: Sequence[OrderLine]
    external_id: str
    shipments: Sequence[Shipment] = ()
    returns: Sequence[Return] = ()
    refunds: Sequence[Refund] = ()
    payments: Sequence[Payment] = ()

    @property
    def paid(self) -> int:
        """What came in so far."""
        return sum(payment.amount for payment in self.payments)


def new_order_document(order: Order, lines: Sequence[OrderLine]) -> OrderDocument:
    """The document of an order that was placed just now, with nothing but its lines."""
    return OrderDocument(order, lines, _external_id(order))


def order_document(order: Order) -> OrderDocument:
    """The whole document, in the same number of queries for every order."""
    shipped = ShipmentLine.objects.for_merchant(order.merchant_id).select_related("order_line__product")
    returned = ReturnLine.objects.for_merchant(order.merchant_id).select_related("order_line__product")
    return OrderDocument(
        order=order,
        lines=list(order.lines.select_related("product")),
        external_id=_external_id(order),
        shipments=list(order.shipments.prefetch_related(Prefetch("lines", shipped), "events")),
        returns=list(order.returns.prefetch_related(Prefetch("lines", returned))),
        refunds=list(order.refunds.all()),
        payments=list(order.payments.all()),
    )


def _external_id(order: Order) -> str:
    if order.customer_id is None:
        return ""
    ids = Identity.objects.for_merchant(order.merchant_id).filter(
        customer=order.customer_id, kind=Identity.Kind.EXTERNAL_ID
    )
    return ids.order_by("-pk").values_list("value", flat=True).first() or ""


@dataclass(frozen=True)
class ProductSales:
    """What a product sold in one month of the shop's calendar, less what was cancelled, returned and refunded."""

    month: date
    units: int
    revenue: int


def product_sales(product: Product, merchant: Merchant, months: Sequence[date]) -> list[ProductSales]:
    """For each of the consecutive ``months`` (their first days); in the merchant's currency. One query."""
    since = datetime.combine(months[0], time(), merchant.tz)
    lines = OrderLine.objects.for_merchant(merchant).filter(
        product=product, order__placed_at__gte=since, order__currency=merchant.currency
    )
    by_month = lines.annotate(month=TruncMonth("order__placed_at", tzinfo=merchant.tz)).order_by().values("month")
    sums = by_month.annotate(
        units=Sum(F("quantity") - F("cancelled") - F("returned")), revenue=Sum(F("total") - F("refunded"))
    )
    found = {row["month"].date(): row for row in sums.exclude(order__state=Order.State.CANCELLED)}
    return [
        ProductSales(month, found[month]["units"], found[month]["revenue"])
        if month in found
        else ProductSales(month, 0, 0)
        for month in months
    ]
