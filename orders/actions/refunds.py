"""What is paid back of an order: exact to the minor unit, and never more than was paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from core.errors import DomainError
from orders.models import Order, OrderLine, Refund, Return
from orders.pricing import amount_of_units, goods_paid, shipping_paid


def exact_refunds(order: Order, lines: Sequence[OrderLine], counts: Mapping[int, int]) -> dict[int, int]:
    """What the next ``counts[line.pk]`` units of each line cost, by line id; never more than is left of the line."""
    refunds = {}
    for line, paid in zip(lines, goods_paid([line.total for line in lines], discount=order.discount), strict=True):
        if count := counts.get(line.pk):
            spent = line.cancelled + line.returned
            exact = amount_of_units(paid, line.quantity, first=spent, count=count)
            refunds[line.pk] = min(exact, paid - line.refunded)
    return refunds


def require_refundable(order: Order, lines: Sequence[OrderLine], refunds: dict[int, int], shipping_refund: int) -> None:
    """Raises DomainError ``refund_too_high`` for a line, or the shipping, of which less is left to refund."""
    totals = [line.total for line in lines]
    for line, paid in zip(lines, goods_paid(totals, discount=order.discount), strict=True):
        _refuse_more_than(paid - line.refunded, refunds.get(line.pk, 0))
    on_goods = sum(line.refunded for line in lines)
    shipping = shipping_paid(totals, shipping=order.shipping, discount=order.discount)
    _refuse_more_than(shipping - (order.refunded - on_goods), shipping_refund)


def _refuse_more_than(refundable: int, refund: int) -> None:
    if refund > refundable:
        raise DomainError(
            "refund_too_high",
            _("%(refund)s is more than what is left to refund: %(left)s.") % {"refund": refund, "left": refundable},
            refundable=refundable,
        )


def pay_back(order: Order, amount: int, *, reason: str, at: datetime, parcel: Return | None = None) -> None:
    """Note a refund on the order, whose row must be locked; a refund of nothing is not noted."""
    if not amount:
        return
    Refund.objects.create(
        merchant_id=order.merchant_id, order=order, parcel=parcel, amount=amount, reason=reason, refunded_at=at
    )
    order.refunded += amount
    order.save(update_fields=["refunded"])
