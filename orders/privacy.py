"""What orders hold about people: the books stay, the person goes (HGB § 257, AO § 147)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.privacy import (
    Column,
    Find,
    Person,
    Rows,
    declare,
    facts,
    hints,
    nothing_personal,
    personal,
    technical,
    withheld,
)
from core.privacy.retention import Retention, keep_for
from orders.models import (
    CostSettings,
    Order,
    OrderLine,
    Payment,
    PaymentFee,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)

BOOKS = _("Facts of the books, kept for tax and commercial law (HGB § 257, AO § 147), without the person.")
PARCELS = _("How many units left and came back: the stock and the books rest on it.")


def of_order(prefix: str = "") -> Find:
    """Rows of the person's orders, and of guests' orders with one of the person's addresses."""

    def find(person: Person) -> Q:
        wanted = Q(**{f"{prefix}customer__in": person.ids})
        for address in person.addresses:
            wanted |= Q(**{f"{prefix}customer": None, f"{prefix}email__iexact": address})
        return wanted

    return find


def _keys(*names: str) -> Column:
    return technical("id", "merchant", *names)


declare(
    Order,
    amounts=["shipping", "discount", "total", "tax", "refunded"],
    title=_("Orders"),
    find=of_order(),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts(
            "number", "country", "placed_at", "currency", "shipping", "discount", "total", "tax", "refunded",
            "payment_method", "channel", "state", "promised_delivery_on", "cancelled_at", reason=BOOKS,
        ),
        facts("coupon_codes", "source", "received_at", reason=BOOKS),
        personal("email", "locale", "cancellation_reason"),
        withheld("customer", reason=_("The profile itself is in the export.")),
        _keys("version"),
    ],
)  # fmt: skip
declare(
    OrderLine,
    amounts=["unit_price", "discount", "total", "refunded"],
    title=_("Order lines"),
    find=of_order("order__"),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts(
            "order", "title", "quantity", "unit_price", "discount", "total", "tax_rate", "cancelled", "returned",
            "refunded", reason=BOOKS,
        ),
        technical("unit_cost", reason=_("What the product cost the shop; it says nothing about the person.")),
        _keys("position", "product"),
    ],
)  # fmt: skip
declare(
    Shipment,
    title=_("Parcels"),
    find=of_order("order__"),
    rows=Rows.KEPT,
    reason=PARCELS,
    columns=[
        facts("order", "carrier", "shipped_at", "expected_on", "delivered_at", reason=PARCELS),
        personal("tracking_number", "tracking_url", reason=_("A carrier's number leads to the door.")),
        _keys("reference"),
    ],
)
declare(
    ShipmentLine,
    title=_("What was in a parcel"),
    find=of_order("shipment__order__"),
    rows=Rows.KEPT,
    reason=PARCELS,
    columns=[facts("shipment", "order_line", "quantity", reason=PARCELS), _keys()],
)
declare(
    TrackingEvent,
    title=_("What the carrier said"),
    find=of_order("shipment__order__"),
    rows=Rows.KEPT,
    reason=_("Times of delivery are in figures that were reported; the carrier's words go."),
    columns=[
        facts("shipment", "code", "occurred_at", reason=PARCELS),
        personal("text", reason=_("May name a neighbour or a place.")),
        _keys(),
    ],
)
declare(
    Return,
    title=_("Returns"),
    find=of_order("order__"),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts("order", "received_at", reason=BOOKS),
        personal("reason", reason=_("Words of the person.")),
        _keys("reference"),
    ],
)
declare(
    ReturnLine,
    amounts=["refund"],
    title=_("What came back"),
    find=of_order("parcel__order__"),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts("order_line", "quantity", "refund", reason=BOOKS),
        personal("reason", reason=_("Words of the person.")),
        _keys("parcel"),
    ],
)
declare(
    Refund,
    amounts=["amount"],
    title=_("Refunds"),
    find=of_order("order__"),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[
        facts("order", "amount", "refunded_at", reason=BOOKS),
        personal("reason", reason=_("Words of the person.")),
        _keys("parcel"),
    ],
)
declare(
    Payment,
    title=_("Payments"),
    find=of_order("order__"),
    rows=Rows.KEPT,
    reason=BOOKS,
    columns=[facts("order", "amount", "method", "paid_at", "due_on", reason=BOOKS), _keys("reference")],
)
nothing_personal(CostSettings, reason=_("Amounts of the shop's own costs; nobody is in them."))
nothing_personal(PaymentFee, reason=_("What a payment method costs the shop; nobody is in it."), texts=["method"])


def _addresses_of_orders(person: Person) -> set[str]:
    """Addresses that the person's orders came with, which the profile may not have kept."""
    orders = Order.objects.for_merchant(person.merchant_id).filter(customer__in=person.ids).exclude(email="")
    return set(orders.order_by().values_list("email", flat=True).distinct())


hints.register(_addresses_of_orders, name="orders")


def _old_guests(merchant_id: int, before: datetime) -> QuerySet[Order]:
    rows = Order.objects.for_merchant(merchant_id).filter(customer=None, placed_at__lt=before)
    return rows.exclude(email="")


def _forget_guests(merchant_id: int, ids: list[Any]) -> int:
    return Order.objects.for_merchant(merchant_id).filter(pk__in=ids).update(email="")


keep_for(
    Retention(
        "guests",
        _("Addresses of guests' orders"),
        _("Needed for returns and warranty, which lapse after two years, at the end of the third for certain."),
        days=1095,
        shortest=90,
        model=Order,
        old=_old_guests,
        remove=_forget_guests,
    ),
    rank=30,
)
