"""Our own CSV: one row per order line, described column by column in docs/importing.md. Pure.

Values of the order stand on every row of it, or on one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from orders.importing.batch import (
    LINE_DEFAULTS,
    LINES,
    ORDER_DEFAULTS,
    ORDERS,
    Batch,
    Format,
    Shop,
    amounts,
    fitted,
)
from orders.importing.columns import (
    Column,
    amount,
    code,
    country,
    day,
    email,
    integer,
    moment,
    rate,
    text,
    typed,
    within_reason,
)
from orders.importing.grouping import Check, fates, gathered, missing, refuse, whole_orders
from orders.importing.layouts import CXAPP_CSV
from orders.importing.settling import with_refunds, with_taxes
from orders.importing.source import Source

NEEDED = ("placed_at", "currency", "total")


def read(source: Source, shop: Shop) -> Iterator[Batch]:
    """A batch for each chunk of the file; an order is never in two."""
    of_order, of_line = order_columns(shop), line_columns(shop)
    earlier: set[str] = set()
    for raw in source.chunks():
        rows = whole_orders(typed(raw, {**of_order, **of_line}), list(of_order), earlier)
        rows = _with_line_totals(rows)
        rows, whole = refuse(rows, _orders(rows, list(of_order)), _checks(shop, of_order))
        orders, lines = fitted(whole, ORDERS, ORDER_DEFAULTS), _lines(rows)
        yield Batch(raw, fates(rows), with_taxes(orders, lines), with_refunds(orders, lines))


def order_columns(shop: Shop) -> dict[str, Column]:
    at = partial(moment, time_zone=shop.time_zone, latest=shop.latest)
    money = partial(amount, places=shop.places)
    return {
        "number": text("order_number", longest=64, required=True),
        "version": integer("order_version", lowest=1, highest=2**31 - 1),
        "placed_at": at("placed_at"),
        "currency": code("currency", longest=3),
        "total": money("total"),
        "shipping": money("shipping"),
        "discount": money("order_discount"),
        "refunded": money("refunded"),
        "payment_method": text("payment_method", longest=40),
        "coupon_codes": text("coupon_codes", longest=300),
        "promised_delivery_on": day("promised_delivery_on"),
        "shipped_at": at("shipped_at"),
        "delivered_at": at("delivered_at"),
        "cancelled_at": at("cancelled_at"),
        "external_id": text("customer_id", longest=320),
        "email": email("email"),
        "first_name": text("first_name", longest=120),
        "last_name": text("last_name", longest=120),
        "locale": text("locale", longest=10),
        "country": country("country"),
        "notice_version": text("notice_version", longest=40),
        "notice_shown_at": at("notice_shown_at"),
    }


def line_columns(shop: Shop) -> dict[str, Column]:
    money = partial(amount, places=shop.places)
    return {
        "sku": text("sku", longest=64, required=True),
        "title": text("title", longest=300),
        "quantity": integer("quantity", lowest=1, required=True),
        "unit_price": money("unit_price", required=True),
        "line_discount": money("line_discount", default=0),
        "tax_rate": rate("tax_rate", required=True),
    }


def _with_line_totals(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(line_total=pl.col("quantity") * pl.col("unit_price") - pl.col("line_discount"))


def _orders(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The whole orders, with ``expected``, what their lines, shipping and discount add up to."""
    goods = (
        rows.filter(pl.col("code").is_null())
        .group_by("number")
        .agg(goods=pl.col("line_total").sum(), cheapest=pl.col("line_total").min())
    )
    orders = gathered(rows, columns).join(goods, on="number", maintain_order="left")
    known = orders.with_columns(
        pl.col("shipping", "discount", "refunded").fill_null(0),
        pl.coalesce("shipped_at", "delivered_at"),
        pl.col("coupon_codes").str.extract_all(r"[^\s|]+"),
        state=_state(),
    )
    return known.with_columns(expected=pl.col("goods") + pl.col("shipping") - pl.col("discount"))


def _state() -> pl.Expr:
    return (
        pl.when(pl.col("cancelled_at").is_not_null())
        .then(pl.lit("cancelled"))
        .when(pl.col("delivered_at").is_not_null())
        .then(pl.lit("delivered"))
        .when(pl.col("shipped_at").is_not_null())
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("placed"))
    )


def _checks(shop: Shop, columns: dict[str, Column]) -> list[Check]:
    told = partial(amounts, places=shop.places)
    noted = pl.col("notice_version").is_not_null() | pl.col("notice_shown_at").is_not_null()
    is_proved = pl.all_horizontal(pl.col("notice_version", "notice_shown_at", "email").is_not_null())
    return [
        *(missing(name, columns[name]) for name in NEEDED),
        Check(pl.col("currency") != shop.currency, "currency_not_supported", pl.col("currency")),
        Check(pl.col("cheapest") < 0, "discount_exceeds_line", told("cheapest")),
        Check(~within_reason(pl.col("goods")), "absurd_amount", pl.lit("")),
        Check(pl.col("expected") < 0, "discount_exceeds_order", told("discount")),
        Check(pl.col("expected") != pl.col("total"), "total_mismatch", told("expected", "total")),
        Check(pl.col("refunded") > pl.col("total"), "refund_exceeds_order", told("refunded", "total")),
        Check(noted & ~is_proved, "notice_incomplete", pl.lit("")),
    ]


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    lines = rows.filter(pl.col("code").is_null()).with_columns(
        position=pl.int_range(1, pl.len() + 1).over("number"),
        title=pl.coalesce("title", "sku"),
        discount="line_discount",
        total="line_total",
    )
    return fitted(lines, LINES, LINE_DEFAULTS)


FORMAT = Format(CXAPP_CSV, read, is_ours=True)
