"""The arithmetic of imported orders that goes over their lines: included tax, and refunds line by line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

import polars as pl

from core.money import allocate
from orders.pricing import goods_paid, included_taxes


@dataclass(frozen=True)
class PricedLine:
    quantity: int
    unit_price: int
    discount: int
    tax_rate: Decimal


def with_taxes(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """``orders`` with ``tax``, the tax their totals include; rows of both are in the same order."""
    listed = _by_order(orders, lines)
    taxes = [
        sum(included_taxes(_priced(row), shipping=row["shipping"], discount=row["discount"]).values())
        for row in listed.iter_rows(named=True)
    ]
    return orders.with_columns(pl.Series("tax", taxes, pl.Int64))


def with_refunds(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """``lines`` with ``refunded``: the order's refund in proportion to what was paid for each, the rest for shipping."""
    listed = _by_order(orders, lines)
    refunds = [
        _refunds(row["total"], refunded=row["refunded"], discount=row["discount"])
        for row in listed.iter_rows(named=True)
    ]
    return lines.with_columns(pl.Series("refunded", list(chain.from_iterable(refunds)), pl.Int64))


def _refunds(totals: Sequence[int], *, refunded: int, discount: int) -> list[int]:
    paid = goods_paid(totals, discount=discount)
    return allocate(min(refunded, sum(paid)), paid) if refunded else [0] * len(totals)


def _by_order(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per order, with its lines' values as lists."""
    listed = lines.group_by("number", maintain_order=True).agg(
        "quantity", "unit_price", pl.col("discount").alias("discounts"), "tax_rate", "total"
    )
    return orders.select("number", "shipping", "discount", "refunded").join(listed, on="number", maintain_order="left")


def _priced(row: dict[str, list[int]]) -> list[PricedLine]:
    values = zip(row["quantity"], row["unit_price"], row["discounts"], row["tax_rate"], strict=True)
    return [PricedLine(quantity, price, discount, Decimal(rate)) for quantity, price, discount, rate in values]
