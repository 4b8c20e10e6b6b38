"""What every format makes of a file: batches of orders, with the fate of each row. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from core.errors import InvalidInput
from core.money import decimal_places
from orders.importing.layouts import Layout
from orders.importing.source import Source

UTC = pl.Datetime("us", "UTC")

# One row per order; amounts are gross minor units. A moment that is null did not happen, or is not known.
ORDERS: dict[str, Any] = {
    "number": pl.String,
    "version": pl.Int64,
    "external_id": pl.String,
    "email": pl.String,
    "first_name": pl.String,
    "last_name": pl.String,
    "locale": pl.String,
    "country": pl.String,
    "placed_at": UTC,
    "currency": pl.String,
    "shipping": pl.Int64,
    "discount": pl.Int64,
    "total": pl.Int64,
    "tax": pl.Int64,
    "refunded": pl.Int64,
    "payment_method": pl.String,
    "coupon_codes": pl.List(pl.String),
    "promised_delivery_on": pl.Date,
    "state": pl.String,
    "shipped_at": UTC,
    "delivered_at": UTC,
    "cancelled_at": UTC,
    "refunded_at": UTC,
    "notice_version": pl.String,
    "notice_shown_at": UTC,
}
ORDER_DEFAULTS: dict[str, Any] = {
    "version": 1,
    "external_id": "",
    "email": "",
    "first_name": "",
    "last_name": "",
    "locale": "",
    "country": "",
    "shipping": 0,
    "discount": 0,
    "tax": 0,
    "refunded": 0,
    "payment_method": "",
    "coupon_codes": [],
    "state": "placed",
    "notice_version": "",
}

# One row per order line; ``tax_rate`` is text such as 0.1900, ``line`` is the row of the file.
LINES: dict[str, Any] = {
    "number": pl.String,
    "position": pl.Int64,
    "line": pl.Int64,
    "sku": pl.String,
    "title": pl.String,
    "quantity": pl.Int64,
    "unit_price": pl.Int64,
    "discount": pl.Int64,
    "total": pl.Int64,
    "tax_rate": pl.String,
    "refunded": pl.Int64,
}
LINE_DEFAULTS: dict[str, Any] = {"discount": 0, "refunded": 0}

# One row per returned line: which customer sent back how many units of what, at which unit price.
RETURNS: dict[str, Any] = {
    "line": pl.Int64,
    "reference": pl.String,
    "external_id": pl.String,
    "sku": pl.String,
    "quantity": pl.Int64,
    "unit_price": pl.Int64,
    "at": UTC,
}

# The fate of a row: part of order ``number``, or rejected with ``code``; neither for a return that is yet to be matched.
FATE: dict[str, Any] = {
    "line": pl.Int64,
    "number": pl.String,
    "code": pl.String,
    "column": pl.String,
    "value": pl.String,
}


def fitted(frame: pl.DataFrame, schema: dict[str, Any], defaults: dict[str, Any] | None = None) -> pl.DataFrame:
    """``frame`` with exactly the schema's columns; absent ones and nulls take the default."""
    known = defaults or {}
    columns = []
    for name, kind in schema.items():
        column = pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
        columns.append(column.fill_null(pl.lit(known[name], kind)) if name in known else column)
    return frame.select(columns)


def empty(schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True)
class Batch:
    """Some rows of a file and what they are. ``fates`` has one row for each of ``raw``, the rows as they came."""

    raw: pl.DataFrame
    fates: pl.DataFrame
    orders: pl.DataFrame = field(default_factory=lambda: empty(ORDERS))
    lines: pl.DataFrame = field(default_factory=lambda: empty(LINES))
    returns: pl.DataFrame = field(default_factory=lambda: empty(RETURNS))


@dataclass(frozen=True)
class Shop:
    """What a format must know of the merchant. Nothing is accepted that happened after ``latest``."""

    currency: str
    time_zone: str
    latest: datetime

    @property
    def places(self) -> int:
        """How many decimals its amounts have."""
        return decimal_places(self.currency)


@dataclass(frozen=True)
class Format:
    """A kind of file: its columns, and how it is read.

    ``has_returns``: whether its batches hold returns. ``is_ours``: a column that is not read is worth a remark.
    """

    layout: Layout
    read: Callable[[Source, Shop], Iterator[Batch]]
    has_returns: bool = False
    is_ours: bool = False


def amounts(*names: str, places: int) -> pl.Expr:
    """Minor units as people read them, for the report: ``19.99 / 20.00``."""
    return pl.concat_str([_major(pl.col(name), places) for name in names], separator=" / ")


def _major(minor: pl.Expr, places: int) -> pl.Expr:
    if not places:
        return minor.cast(pl.String)
    whole, fraction = minor // 10**places, minor % 10**places
    return pl.format("{}.{}", whole, fraction.cast(pl.String).str.pad_start(places, "0"))


def require(condition: bool, message: str) -> None:
    """An importer that loses a row is broken; better no import than a wrong report."""
    if not condition:
        raise InvalidInput("rows_lost", message)
