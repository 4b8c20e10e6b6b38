"""Units of an order's lines, as a shop names them when it ships, cancels or takes them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from orders.models import Order, OrderLine, ShipmentLine

# Pre-orders and clocks may be ahead; a slip in the year is not accepted.
FAR_FUTURE = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Units:
    """So many units of a line, named by its position, or by its SKU where that is on one line only."""

    quantity: int
    sku: str = ""
    position: int | None = None


U = TypeVar("U", bound=Units)


@dataclass(frozen=True)
class Picked(Generic[U]):
    """A line with what was said about it."""

    line: OrderLine
    units: U


def lock_order(order: Order) -> Order:
    """The order as it is now, its row locked until the transaction ends."""
    return Order.objects.for_merchant(order.merchant_id).select_for_update(no_key=True).get(pk=order.pk)


def lines_of(order: Order) -> list[OrderLine]:
    """All lines with their products, by position."""
    return list(order.lines.select_related("product"))


def pick_lines(lines: Sequence[OrderLine], named: Sequence[U]) -> list[Picked[U]]:
    """The lines that are meant. Raises InvalidInput for an unknown, ambiguous or repeated one."""
    picked = [Picked(_find(lines, units, index), units) for index, units in enumerate(named)]
    if len({pick.line.pk for pick in picked}) < len(picked):
        raise InvalidInput("repeated_line", _("A line is named twice."), field="lines")
    return picked


def _find(lines: Sequence[OrderLine], units: Units, index: int) -> OrderLine:
    field = f"lines.{index}"
    meant = [line for line in lines if _is_meant(line, units)]
    if not meant:
        raise InvalidInput("unknown_line", _("The order has no such line."), field=field)
    if len(meant) > 1:
        positions = ", ".join(str(line.position) for line in meant)
        raise InvalidInput(
            "ambiguous_line",
            _("This SKU is on several lines (%(positions)s): name the position.") % {"positions": positions},
            field=field,
        )
    return meant[0]


def _is_meant(line: OrderLine, units: Units) -> bool:
    if units.position is not None and line.position != units.position:
        return False
    return not units.sku or line.product.sku == units.sku


def shipped_units(order: Order) -> dict[int, int]:
    """Units in parcels, by the id of the order line."""
    rows = ShipmentLine.objects.for_merchant(order.merchant_id).filter(shipment__order=order)
    return dict(rows.values_list("order_line").annotate(units=Sum("quantity")).order_by())


def refuse_far_future(moments: Iterable[datetime | None], *, field: str) -> None:
    """Raises InvalidInput for a moment more than a year ahead."""
    limit = timezone.now() + FAR_FUTURE
    if any(moment and moment > limit for moment in moments):
        raise InvalidInput("far_future", _("This moment is far in the future."), field=field)
