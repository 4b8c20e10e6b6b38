"""Units that were not shipped are cancelled: all of them, or some."""

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
from orders.actions.progress import advance_state
from orders.actions.reactions import on_cancelled, on_units_gone
from orders.actions.refunds import exact_refunds, pay_back
from orders.actions.units import (
    Units,
    lines_of,
    lock_order,
    pick_lines,
    refuse_far_future,
    shipped_units,
)
from orders.events import OrderCancelled
from orders.models import Order, OrderLine


@dataclass(frozen=True, kw_only=True)
class CancellationData:
    """``lines`` None cancels the whole order."""

    cancelled_at: datetime | None = None
    reason: str = ""
    lines: Sequence[Units] | None = None


@transaction.atomic
def cancel_order(order: Order, data: CancellationData) -> Order:
    """Cancel the order, or some of its units, and refund exactly what they cost; publishes ``OrderCancelled``.

    The last unit takes the shipping with it. Cancelling a cancelled order changes nothing.
    Raises DomainError ``not_cancellable`` for units that were shipped, returned or cancelled before.
    """
    refuse_far_future([data.cancelled_at], field="cancelled_at")
    order = lock_order(order)
    if order.state == Order.State.CANCELLED and data.lines is None:
        return order
    lines = lines_of(order)
    counts = _counts(order, lines, data)
    refunds = exact_refunds(order, lines, counts)
    _cancel_units(lines, counts, refunds)
    _settle(order, lines, sum(refunds.values()), data)
    advance_state(order)
    lock_customers(order.merchant, [order.customer_id])
    recount_customer(order.merchant, order.customer_id)
    for react in on_units_gone:
        react(order)
    if order.state == Order.State.CANCELLED:
        for react in on_cancelled:
            react(order)
    publish(OrderCancelled(merchant_id=order.merchant_id, order_id=order.pk))
    return order


def _counts(order: Order, lines: Sequence[OrderLine], data: CancellationData) -> dict[int, int]:
    """Units to cancel, by line id."""
    shipped = shipped_units(order)
    open_units = {
        line.pk: line.quantity - line.cancelled - max(shipped.get(line.pk, 0), line.returned) for line in lines
    }
    if data.lines is None:
        counts = {line.pk: line.quantity - line.cancelled for line in lines}
    else:
        counts = {pick.line.pk: pick.units.quantity for pick in pick_lines(lines, data.lines)}
    for line in lines:
        if counts.get(line.pk, 0) > open_units[line.pk]:
            raise DomainError(
                "not_cancellable",
                _("Of %(title)s only %(left)s units can still be cancelled.")
                % {"title": line.title, "left": open_units[line.pk]},
            )
    return counts


def _cancel_units(lines: Sequence[OrderLine], counts: dict[int, int], refunds: dict[int, int]) -> None:
    for line in lines:
        line.cancelled += counts.get(line.pk, 0)
        line.refunded += refunds.get(line.pk, 0)
    rows = OrderLine.objects.for_merchant(lines[0].merchant_id)
    rows.bulk_update(lines, ["cancelled", "refunded"])


def _settle(order: Order, lines: Sequence[OrderLine], refund: int, data: CancellationData) -> None:
    """Pay the units back; with the last one, all that is left of the order."""
    at = data.cancelled_at or timezone.now()
    is_whole = all(line.cancelled == line.quantity for line in lines)
    pay_back(order, order.total - order.refunded if is_whole else refund, reason=data.reason, at=at)
    if is_whole:
        order.cancelled_at, order.cancellation_reason = at, data.reason
        order.save(update_fields=["cancelled_at", "cancellation_reason"])
