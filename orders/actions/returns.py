"""Units come back, and are paid back to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.events import publish
from orders.actions.facts import lock_customers, recount_customer
from orders.actions.reactions import on_units_gone
from orders.actions.refunds import exact_refunds, pay_back, require_refundable
from orders.actions.units import Picked, Units, lines_of, lock_order, pick_lines, refuse_far_future
from orders.events import ReturnReceived
from orders.models import Order, OrderLine, Return, ReturnLine


@dataclass(frozen=True, kw_only=True)
class ReturnUnits(Units):
    """Units that came back. ``refund`` for all of them; None pays back exactly what they cost."""

    refund: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ReturnData:
    """A return; ``shipping_refund`` is what is paid back of the shipping."""

    reference: str
    lines: Sequence[ReturnUnits]
    received_at: datetime | None = None
    reason: str = ""
    shipping_refund: int = 0


@dataclass(frozen=True)
class RecordedReturn:
    order: Order
    parcel: Return
    is_new: bool


@transaction.atomic
def record_return(order: Order, data: ReturnData) -> RecordedReturn:
    """Store a return, once per reference, with its refund; publishes ``ReturnReceived``.

    Raises DomainError: ``more_than_bought`` (units bought, less cancelled and returned ones), ``refund_too_high``
    (with ``refundable``), ``return_differs`` (other lines for a known reference); InvalidInput for lines that the
    order lacks.
    """
    refuse_far_future([data.received_at], field="received_at")
    order = lock_order(order)
    lines = lines_of(order)
    picked = pick_lines(lines, data.lines)
    known = Return.objects.for_merchant(order.merchant_id).filter(order=order, reference=data.reference).first()
    if known:
        _require_same(known, picked)
        return RecordedReturn(order, known, is_new=False)
    refunds = _refunds(order, lines, picked, data.shipping_refund)
    parcel = _write(order, data, picked, refunds)
    lock_customers(order.merchant, [order.customer_id])
    recount_customer(order.merchant, order.customer_id)
    for react in on_units_gone:
        react(order)
    publish(ReturnReceived(merchant_id=order.merchant_id, order_id=order.pk, return_id=parcel.pk))
    return RecordedReturn(order, parcel, is_new=True)


def _require_same(parcel: Return, picked: Sequence[Picked[ReturnUnits]]) -> None:
    stored = {row.order_line_id: row for row in parcel.lines.all()}
    same = stored.keys() == {pick.line.pk for pick in picked} and all(
        pick.units.quantity == stored[pick.line.pk].quantity
        and pick.units.refund in (None, stored[pick.line.pk].refund)
        for pick in picked
    )
    if not same:
        raise DomainError("return_differs", _("This return is stored with other lines or refunds."))


def _refunds(
    order: Order, lines: Sequence[OrderLine], picked: Sequence[Picked[ReturnUnits]], shipping_refund: int
) -> dict[int, int]:
    """The refund of each picked line by its id; nothing is written yet."""
    for pick in picked:
        left = pick.line.quantity - pick.line.cancelled - pick.line.returned
        if pick.units.quantity > left:
            raise DomainError(
                "more_than_bought",
                _("Of %(title)s only %(left)s units can be returned.") % {"title": pick.line.title, "left": left},
            )
    refunds = exact_refunds(order, lines, {pick.line.pk: pick.units.quantity for pick in picked})
    refunds |= {pick.line.pk: pick.units.refund for pick in picked if pick.units.refund is not None}
    require_refundable(order, lines, refunds, shipping_refund)
    return refunds


def _write(order: Order, data: ReturnData, picked: Sequence[Picked[ReturnUnits]], refunds: dict[int, int]) -> Return:
    at = data.received_at or timezone.now()
    parcel = Return.objects.create(
        merchant_id=order.merchant_id, order=order, reference=data.reference, received_at=at, reason=data.reason
    )
    for pick in picked:
        pick.line.returned += pick.units.quantity
        pick.line.refunded += refunds[pick.line.pk]
    ReturnLine.objects.bulk_create(
        ReturnLine(
            merchant_id=order.merchant_id,
            parcel=parcel,
            order_line=pick.line,
            quantity=pick.units.quantity,
            refund=refunds[pick.line.pk],
            reason=pick.units.reason,
        )
        for pick in picked
    )
    rows = OrderLine.objects.for_merchant(order.merchant_id)
    rows.bulk_update([pick.line for pick in picked], ["returned", "refunded"])
    pay_back(order, sum(refunds.values()) + data.shipping_refund, reason=data.reason, at=at, parcel=parcel)
    return parcel
