"""What an order costs, which tax it contains, and what each unit really cost. Pure; gross minor units.

The discount on the whole order comes off the goods, in proportion to the lines' totals; what exceeds the goods comes
off the shipping. Shipping shares the goods' tax rates in proportion. All splits are by largest remainder, so that
parts always add up to what was paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from core.money import allocate, included_tax


class PricedLine(Protocol):
    """What a line must tell to be priced; ``OrderLine`` rows and ``OrderLineData`` do."""

    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> int: ...
    @property
    def discount(self) -> int: ...
    @property
    def tax_rate(self) -> Decimal: ...


def line_total(line: PricedLine) -> int:
    """Before the order's discount; negative if the line's discount exceeds its price."""
    return line.quantity * line.unit_price - line.discount


def order_total(lines: Sequence[PricedLine], *, shipping: int, discount: int) -> int:
    """What is to pay; negative if the discount exceeds goods and shipping."""
    return sum(line_total(line) for line in lines) + shipping - discount


def goods_paid(totals: Sequence[int], *, discount: int) -> list[int]:
    """What was paid for each line of these totals: its total less its share of the order's discount."""
    shares = allocate(min(discount, sum(totals)), totals) if totals else []
    return [total - share for total, share in zip(totals, shares, strict=True)]


def shipping_paid(totals: Sequence[int], *, shipping: int, discount: int) -> int:
    """What was paid for shipping: less what of the order's discount exceeds the goods."""
    return shipping - max(discount - sum(totals), 0)


def included_taxes(lines: Sequence[PricedLine], *, shipping: int, discount: int) -> dict[Decimal, int]:
    """The tax contained in the order's total, by rate in ascending order."""
    totals = [line_total(line) for line in lines]
    gross: dict[Decimal, int] = {}
    for line, paid in zip(lines, goods_paid(totals, discount=discount), strict=True):
        gross[line.tax_rate] = gross.get(line.tax_rate, 0) + paid
    rates = sorted(gross)
    carried = shipping_paid(totals, shipping=shipping, discount=discount)
    shares = allocate(carried, [gross[rate] for rate in rates]) if rates else []
    return {rate: included_tax(gross[rate] + share, rate) for rate, share in zip(rates, shares, strict=True)}


def unit_amounts(paid: int, quantity: int) -> list[int]:
    """What each unit of a line cost, when ``paid`` was paid for its ``quantity`` units."""
    return allocate(paid, [1] * quantity)


def amount_of_units(paid: int, quantity: int, *, first: int, count: int) -> int:
    """The sum of ``unit_amounts`` of ``count`` units from index ``first`` on, without listing them.

    Units are spent in this order, whether cancelled or returned: refunds of all units add up to ``paid``.
    """
    each, dearer = divmod(paid, quantity)
    return count * each + max(0, min(first + count, dearer) - first)
