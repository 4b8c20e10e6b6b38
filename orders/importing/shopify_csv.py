"""Shopify's orders export: one row per line, the order's own values on its first row only. Pure.

Shopify's prices include the tax in some shops and exclude it in others; which, its totals tell. The export has no
number of the customer, who is known by the e-mail address, no date of refunds, and no proof of any consent: none is
noted. A product without SKU is known by its title.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import polars as pl

from core.money import allocate
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
from orders.importing.columns import Column, amount, code, email, integer, moment, text, typed, within_reason
from orders.importing.countries import country_code
from orders.importing.grouping import Check, fates, gathered, missing, refuse, whole_orders
from orders.importing.layouts import SHOPIFY_CSV
from orders.importing.settling import with_refunds
from orders.importing.source import Source
from orders.pricing import goods_paid

NEEDED = ("placed_at", "currency", "subtotal", "total")
_PERCENT = r"(\d{1,2}(?:\.\d+)?)\s*%"


def read(source: Source, shop: Shop) -> Iterator[Batch]:
    """A batch for each chunk of the file; an order is never in two."""
    of_order, of_line = _order_columns(shop), _line_columns(shop)
    earlier: set[str] = set()
    for raw in source.chunks():
        rows = whole_orders(typed(raw, {**of_order, **of_line}), list(of_order), earlier)
        rows = rows.with_columns(gross=pl.col("quantity") * pl.col("unit_price"))
        rows, whole = refuse(rows, _orders(rows, list(of_order)), _checks(shop, of_order))
        orders, lines = _gross(whole, rows.filter(pl.col("code").is_null()))
        yield Batch(raw, fates(rows), orders, with_refunds(orders, lines))


def _order_columns(shop: Shop) -> dict[str, Column]:
    at = partial(moment, time_zone=shop.time_zone, latest=shop.latest)
    money = partial(amount, places=shop.places)
    return {
        "number": text("Name", longest=64, required=True),
        "placed_at": at("Created at"),
        "currency": code("Currency", longest=3),
        "subtotal": money("Subtotal"),
        "shipping": money("Shipping"),
        "taxes": money("Taxes"),
        "total": money("Total"),
        "refunded": money("Refunded Amount"),
        "coupon": text("Discount Code", longest=64),
        "payment_method": text("Payment Method", longest=200),
        "shipped_at": at("Fulfilled at"),
        "cancelled_at": at("Cancelled at"),
        "email": email("Email"),
        "billing_name": text("Billing Name", longest=240),
        "shipping_name": text("Shipping Name", longest=240),
        "billing_country": text("Billing Country", longest=60),
        "shipping_country": text("Shipping Country", longest=60),
        "tax_name": text("Tax 1 Name", longest=100),
        "second_tax_name": text("Tax 2 Name", longest=100),
    }


def _line_columns(shop: Shop) -> dict[str, Column]:
    money = partial(amount, places=shop.places)
    return {
        "sku": text("Lineitem sku", longest=64),
        "title": text("Lineitem name", longest=300, required=True),
        "quantity": integer("Lineitem quantity", lowest=1, required=True),
        "unit_price": money("Lineitem price", required=True),
        "line_discount": money("Lineitem discount", default=0),
    }


def _orders(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The whole orders with what their totals tell: ``discount``, and whether taxes are included in the prices.

    Subtotal is the lines less all discounts on goods. A discount on shipping shows only in the total.
    """
    goods = (
        rows.filter(pl.col("code").is_null())
        .group_by("number")
        .agg(gross=pl.col("gross").sum(), on_lines=pl.col("line_discount").sum())
    )
    known = (
        gathered(rows, columns)
        .with_columns(pl.col("shipping", "taxes", "refunded").fill_null(0))
        .join(goods, on="number", maintain_order="left")
    )
    discounted = pl.col("gross") - pl.col("subtotal")
    # Some exports note the share of an order's discount on the lines as well: then it is counted once.
    on_lines = pl.when(pl.col("on_lines") <= discounted).then(pl.col("on_lines")).otherwise(0)
    short = pl.col("subtotal") + pl.col("shipping") - pl.col("total")
    return known.with_columns(
        on_lines=on_lines,
        discount=discounted - on_lines,
        short=short,
        included=short.is_between(0, pl.col("shipping")),
        excluded=(short + pl.col("taxes")).is_between(0, pl.col("shipping")),
        state=_state(),
    )


def _state() -> pl.Expr:
    return (
        pl.when(pl.col("cancelled_at").is_not_null())
        .then(pl.lit("cancelled"))
        .when(pl.col("shipped_at").is_not_null())
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("placed"))
    )


def _checks(shop: Shop, columns: dict[str, Column]) -> list[Check]:
    told = partial(amounts, places=shop.places)
    adds_up = pl.col("included") | pl.col("excluded")
    return [
        *(missing(name, columns[name]) for name in NEEDED),
        Check(pl.col("currency") != shop.currency, "currency_not_supported", pl.col("currency")),
        Check(~within_reason(pl.col("gross")), "absurd_amount", pl.lit("")),
        Check(pl.col("discount") < 0, "total_mismatch", told("gross", "subtotal"), "Subtotal"),
        Check(~adds_up, "total_mismatch", told("subtotal", "shipping", "taxes", "total"), "Total"),
        Check(pl.col("refunded") > pl.col("total"), "refund_exceeds_order", told("refunded", "total")),
    ]


def _gross(whole: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and lines in gross prices, as everything here has them."""
    of_line = whole.select("number", "on_lines", rate=_tax_rate())
    lines = rows.join(of_line, on="number", maintain_order="left").with_columns(
        position=pl.int_range(1, pl.len() + 1).over("number"),
        sku=pl.coalesce("sku", pl.col("title").str.slice(0, 64)),
        discount=pl.when(pl.col("on_lines") > 0).then("line_discount").otherwise(0),
        tax_rate="rate",
    )
    lines = fitted(lines.with_columns(total=pl.col("gross") - pl.col("discount")), LINES, LINE_DEFAULTS)
    is_net = ~pl.col("included")
    charged = pl.col("shipping") - pl.when(is_net).then(pl.col("short") + pl.col("taxes")).otherwise("short")
    orders = whole.with_columns(
        shipping=charged,
        tax="taxes",
        coupon_codes=pl.concat_list("coupon").list.drop_nulls(),
        payment_method=pl.col("payment_method").str.slice(0, 40),
        country=_country(),
        **_names(),
    )
    net = orders.filter(is_net)
    if net.height:
        shipping, grossed = _with_tax_added(net, lines)
        orders, lines = orders.update(shipping, on="number"), lines.update(grossed, on=["number", "position"])
    return fitted(orders, ORDERS, ORDER_DEFAULTS), lines


def _tax_rate() -> pl.Expr:
    """The one rate that the export names, else the taxes' share of the net total."""
    named = pl.when(pl.col("second_tax_name").is_null()).then(pl.col("tax_name").str.extract(_PERCENT))
    net = pl.col("total") - pl.col("taxes")
    share = pl.when((net > 0) & (pl.col("taxes") <= net)).then(pl.col("taxes") / net).otherwise(0.0)
    rate = pl.coalesce(named.cast(pl.Float64) / 100, share)
    points = (rate * 10_000).round().cast(pl.Int64)
    return pl.format("{}.{}", points // 10_000, (points % 10_000).cast(pl.String).str.pad_start(4, "0"))


def _country() -> pl.Expr:
    name = pl.coalesce("shipping_country", "billing_country")
    code_of = name.str.to_uppercase().str.extract("^([A-Z]{2})$")
    return pl.coalesce(code_of, name.map_elements(country_code, return_dtype=pl.String)).fill_null("")


def _names() -> dict[str, pl.Expr]:
    """The last word is the family name."""
    name = pl.coalesce("billing_name", "shipping_name")
    return {
        "first_name": name.str.extract(r"^(.*)\s+\S+$").str.strip_chars().str.slice(0, 120).fill_null(""),
        "last_name": name.str.extract(r"(\S+)$").str.slice(0, 120).fill_null(""),
    }


def _with_tax_added(orders: pl.DataFrame, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Net orders made gross: their shipping without discount, and the lines of them as ``number``, ``position`` …"""
    of_order = lines.group_by("number").agg("position", "quantity", "unit_price", pl.col("total").alias("totals"))
    shipping, grossed = [], []
    for row in orders.join(of_order, on="number").iter_rows(named=True):
        paid = goods_paid(row["totals"], discount=row["discount"])
        *on_lines, on_shipping = allocate(row["tax"], [*paid, row["shipping"]])
        shipping.append({"number": row["number"], "shipping": row["shipping"] + on_shipping, "discount": 0})
        lines_of_order = zip(row["position"], row["quantity"], row["unit_price"], paid, on_lines, strict=True)
        grossed += [{"number": row["number"], "position": at, **_line_of(*line)} for at, *line in lines_of_order]
    return pl.DataFrame(shipping), pl.DataFrame(grossed)


def _line_of(quantity: int, net_price: int, paid: int, tax: int) -> dict[str, int]:
    """A line that comes to what was paid and its tax; its unit price grows alike, rounded up to whole cents."""
    total = paid + tax
    undiscounted = quantity * net_price * total / paid if paid else quantity * net_price
    unit_price = math.ceil(max(undiscounted, total) / quantity)
    return {"unit_price": unit_price, "discount": unit_price * quantity - total, "total": total}


FORMAT = Format(SHOPIFY_CSV, read)
