"""Which sale returned units came from. Pure.

A book of returns names customer and product, not the order. Each returned row takes units from the newest earlier
sale of that product to that customer that still has some, then from the one before it, and so on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Sale:
    """An order line with the units that can still come back, and what can still be paid back for them.

    ``key`` and ``order`` are ids; those of sales that are not stored yet are negative.
    """

    key: int
    order: int
    customer: str
    sku: str
    placed_at: datetime
    units: int
    amount: int


@dataclass(frozen=True)
class ReturnedRow:
    """A row of the file: ``units`` of a product that came back, at what unit price."""

    line: int
    reference: str
    customer: str
    sku: str
    units: int
    unit_price: int
    at: datetime


@dataclass(frozen=True)
class Allocation:
    """Some units of a returned row, found in one sale."""

    row: ReturnedRow
    sale: Sale
    units: int
    refund: int


class Ledger:
    """What sales still hold while returns are taken from them."""

    def __init__(self, sales: Iterable[Sale], order_amounts: Mapping[int, int]) -> None:
        self._sales: dict[tuple[str, str], list[Sale]] = defaultdict(list)
        self._units: dict[int, int] = {}
        self._amounts: dict[int, int] = {}
        self._orders = dict(order_amounts)
        for sale in sales:
            self._sales[sale.customer, sale.sku].append(sale)
            self._units[sale.key], self._amounts[sale.key] = sale.units, sale.amount
        for same in self._sales.values():
            same.sort(key=lambda sale: sale.placed_at, reverse=True)

    def take(self, row: ReturnedRow) -> list[Allocation]:
        """Allocate as many of the row's units as earlier sales still hold."""
        wanted, found = row.units, []
        for sale in self._sales[row.customer, row.sku]:
            units = min(wanted, self._units[sale.key]) if sale.placed_at <= row.at else 0
            if units > 0:
                found.append(Allocation(row, sale, units, self._spend(sale, units, row.unit_price)))
                wanted -= units
        return found

    def _spend(self, sale: Sale, units: int, unit_price: int) -> int:
        """Use up units; what was credited for them, but no more than the sale and its order still cost."""
        refund = min(units * unit_price, self._amounts[sale.key], self._orders[sale.order])
        self._units[sale.key] -= units
        self._amounts[sale.key] -= refund
        self._orders[sale.order] -= refund
        return refund


def match_returns(
    rows: Iterable[ReturnedRow], sales: Iterable[Sale], order_amounts: Mapping[int, int]
) -> list[Allocation]:
    """Allocations of all rows, the earliest first.

    ``order_amounts`` is what can still be paid back on each order of the sales.
    """
    ledger = Ledger(sales, order_amounts)
    in_time = sorted(rows, key=lambda row: (row.at, row.line))
    return [allocation for row in in_time for allocation in ledger.take(row)]
