"""An order's lines: written new, or replaced by those of a newer version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import F
from django.utils.translation import gettext as _

from catalog.models import Product
from core.errors import DomainError
from orders.actions.incoming import LineData
from orders.actions.units import shipped_units
from orders.models import Order, OrderLine
from orders.pricing import line_total

# Far above any real position: where lines wait while they change places.
ASIDE = 10_000


def new_line(order: Order, data: LineData, product: Product, position: int) -> OrderLine:
    """The unsaved row of a line; positions count from 1."""
    line = _row(order, product)
    _fill(line, data, position)
    return line


def _row(order: Order, product: Product) -> OrderLine:
    """What a unit costs the shop is noted when it is sold: a later cost does not change earlier profits."""
    return OrderLine(merchant_id=order.merchant_id, order=order, product=product, unit_cost=product.cost)


def _fill(line: OrderLine, data: LineData, position: int) -> None:
    line.position = position
    line.title = data.title or line.title or line.product.title
    line.quantity, line.unit_price, line.discount = data.quantity, data.unit_price, data.discount
    line.tax_rate = data.tax_rate
    line.total = line_total(data)


def replace_lines(order: Order, lines: Sequence[LineData], products: Mapping[str, Product]) -> list[OrderLine]:
    """Make the order's lines these. A line keeps its row (and its history) by SKU, the first by the first.

    Raises DomainError ``units_in_use`` where units that were shipped, cancelled or returned would vanish, and
    ``total_below_refunds`` where more was refunded than a line would cost.
    """
    unmatched = defaultdict(list)
    for row in order.lines.select_related("product"):
        unmatched[row.product.sku].append(row)
    rows = []
    for position, data in enumerate(lines, start=1):
        known = unmatched[data.sku].pop(0) if unmatched[data.sku] else _row(order, products[data.sku])
        _fill(known, data, position)
        rows.append(known)
    gone = [row for remaining in unmatched.values() for row in remaining]
    _require_kept(order, rows, gone)
    _write(order, rows, gone)
    return rows


def _require_kept(order: Order, rows: Sequence[OrderLine], gone: Sequence[OrderLine]) -> None:
    shipped = shipped_units(order)
    for row in gone:
        row.quantity = row.total = 0
    for row in [*rows, *gone]:
        if row.quantity < max(row.cancelled + row.returned, shipped.get(row.pk, 0) + row.cancelled):
            raise DomainError(
                "units_in_use",
                _("Of %(title)s more units were shipped, cancelled or returned than this version has.")
                % {"title": row.title},
            )
        if row.total < row.refunded:
            raise DomainError("total_below_refunds", _("More has been refunded than the new total."))


def _write(order: Order, rows: Sequence[OrderLine], gone: Sequence[OrderLine]) -> None:
    stored = OrderLine.objects.for_merchant(order.merchant_id).filter(order=order)
    stored.filter(pk__in=[row.pk for row in gone]).delete()
    stored.update(position=F("position") + ASIDE)
    kept = [row for row in rows if row.pk]
    fields = ["position", "title", "quantity", "unit_price", "discount", "tax_rate", "total"]
    stored.bulk_update(kept, fields)
    OrderLine.objects.bulk_create(row for row in rows if not row.pk)
