"""Orders as a shop sends them, and what about one can never be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from customers.actions.profiles import Person
from merchants.models import Merchant
from orders.actions.units import refuse_far_future
from orders.models import Order
from orders.pricing import line_total, order_total

MAX_LINES = 500


@dataclass(frozen=True, kw_only=True)
class LineData:
    """Some units of one product; ``title`` is needed only where the catalogue does not know the SKU."""

    sku: str
    quantity: int
    unit_price: int
    tax_rate: Decimal
    discount: int = 0
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """The version of the advertising notice that the checkout showed, and when (UWG § 7(3) no. 4); its words, if sent."""

    version: str
    shown_at: datetime
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderData:
    """An order as the shop sends it; ``customer`` None or without any identity is a guest."""

    number: str
    placed_at: datetime
    currency: str
    total: int
    lines: Sequence[LineData]
    version: int = 1
    customer: Person | None = None
    marketing_notice: Notice | None = None
    shipping: int = 0
    discount: int = 0
    payment_method: str = ""
    channel: str = Order.Channel.WEB.value
    coupon_codes: Sequence[str] = ()
    # The id of the reservation that holds the order's promotions.
    reservation: UUID | None = None
    promised_delivery_on: date | None = None
    source: str = Order.Source.API


def check_order(merchant: Merchant, data: OrderData) -> None:
    """Raises InvalidInput with the first thing about the order that cannot be."""
    if data.currency != merchant.currency:
        raise InvalidInput(
            "currency_not_supported",
            _("This shop sells in %(currency)s.") % {"currency": merchant.currency},
            field="currency",
        )
    refuse_far_future([data.placed_at], field="placed_at")
    if not 0 < len(data.lines) <= MAX_LINES:
        raise InvalidInput("number_of_lines", _("An order has 1 to %(max)s lines.") % {"max": MAX_LINES}, field="lines")
    _check_amounts(data)


def _check_amounts(data: OrderData) -> None:
    for index, line in enumerate(data.lines):
        if line_total(line) < 0:
            raise InvalidInput(
                "discount_exceeds_line",
                _("The discount is more than the line costs."),
                field=f"lines.{index}.discount",
            )
    expected = order_total(data.lines, shipping=data.shipping, discount=data.discount)
    if expected < 0:
        raise InvalidInput("discount_exceeds_order", _("The discount is more than the order costs."), field="discount")
    if expected != data.total:
        raise InvalidInput(
            "total_mismatch",
            _("Lines, shipping and discount add up to %(expected)s, the given total is %(given)s.")
            % {"expected": expected, "given": data.total},
            field="total",
            expected_total=expected,
            given_total=data.total,
        )
