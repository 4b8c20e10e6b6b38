"""The UCI “Online Retail” layout: the invoice lines of a UK gift shop, books and warehouse notes included. Pure.

Chen, D. (2015), Online Retail, UCI Machine Learning Repository, doi 10.24432/C5BW33. The file names no currency: amounts
are read in the shop's. Times are UK local time. An invoice is written when the goods leave, so its order counts as
shipped. Nothing is said of taxes, so none are noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from orders.importing.batch import (
    LINE_DEFAULTS,
    LINES,
    ORDER_DEFAULTS,
    ORDERS,
    RETURNS,
    Batch,
    Format,
    Shop,
    fitted,
    require,
)
from orders.importing.columns import Column, integer, local_time, signed_amount, text, typed
from orders.importing.countries import country_code
from orders.importing.layouts import ONLINE_RETAIL
from orders.importing.source import CHUNK, Source

TIME_ZONE = "Europe/London"
SHIPPING = ["POST", "DOT", "C2"]
DISCOUNT = "D"
# Stock codes that are no products.
SERVICES = {
    "M": "manual_entry",
    "S": "sample",
    "B": "adjustment",
    "BANK CHARGES": "fee",
    "AMAZONFEE": "fee",
    "CRUK": "fee",
}
# A discount is booked as a credit of its own; it belongs to an order of the hours before.
DISCOUNT_WITHIN = "24h"
MAX_POSITION = 32_767

_SKU, _PRICE, _QUANTITY = pl.col("sku"), pl.col("unit_price"), pl.col("quantity")
_CREDIT = pl.col("invoice").str.starts_with("C")
_SALE = pl.col("invoice").str.contains("^[0-9]")


def read(source: Source, shop: Shop) -> Iterator[Batch]:
    """Batches of whole invoices, each with the discounts that belong to them."""
    raw = pl.concat(source.chunks())
    belongs = pl.coalesce("applied_to", "invoice")
    rows = _classified(_rows(raw, shop)).with_columns(batch=pl.col("index").min().over(belongs) // CHUNK)
    require(rows.height == source.rows, "Rows were lost on the way.")
    titles = _titles(rows)
    for number in rows["batch"].unique().sort():
        of_batch = rows.filter(pl.col("batch") == number)
        yield Batch(
            raw.filter(rows["batch"] == number),
            _fates(of_batch),
            _orders(of_batch, shop),
            _lines(of_batch, titles),
            _returns(of_batch),
        )


def _rows(raw: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    """The rows as typed values, with a first ``code`` where a value cannot be read."""
    columns = {
        "invoice": text("InvoiceNo", longest=64, required=True),
        "sku": text("StockCode", longest=64, required=True),
        "description": text("Description", longest=300),
        "quantity": integer("Quantity", lowest=-1_000_000, required=True),
        "at": _moment(shop.latest),
        "unit_price": signed_amount("UnitPrice", places=shop.places),
        "customer": text("CustomerID", longest=64),
        "country": text("Country", longest=60),
    }
    names = raw["Country"].drop_nulls().unique().to_list()
    codes = {name: country_code(name) for name in names}
    return (
        typed(raw, columns)
        .with_row_index("index")
        .with_columns(
            pl.col("invoice").str.to_uppercase(),
            _SKU.str.to_uppercase(),
            pl.col("description").str.replace_all(r"\s+", " "),
            pl.col("customer").str.replace(r"\.0+$", "").fill_null(""),
            pl.col("country").replace_strict(codes, default="", return_dtype=pl.String),
        )
    )


def _moment(latest: datetime) -> Column:
    """ISO, or month/day/year as the spreadsheet of the data set has it."""
    value = pl.col("InvoiceDate")
    iso = value.str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    american = value.str.to_datetime("%m/%d/%Y %H:%M", strict=False)
    moment = local_time(pl.coalesce(iso, american), TIME_ZONE)
    bad = value.is_not_null() & (moment.is_null() | (moment.dt.year() < 1970))
    problems = ((bad, "bad_time"), (value.is_null(), "missing_value"), (moment > latest, "in_future"))
    return Column("InvoiceDate", moment, problems)


def _classified(rows: pl.DataFrame) -> pl.DataFrame:
    """What each row is: ``kind`` line, shipping, discount or return; else a ``code`` says why it is none."""
    unreadable = pl.col("code").is_not_null()
    kinds = (
        pl.when(unreadable)
        .then(pl.lit("none"))
        .when(_SKU == DISCOUNT)
        .then(pl.lit("discount"))
        .when(_SALE & _SKU.is_in(SHIPPING))
        .then(pl.lit("shipping"))
        .when(_CREDIT)
        .then(pl.lit("return"))
        .otherwise(pl.lit("line"))
    )
    plain = rows.with_columns(kind=kinds)
    judged = plain.with_columns(code=pl.coalesce("code", _book_entry(), _return_problem(), _sale_problem()))
    return _with_discounts(_with_goods(judged))


def _book_entry() -> pl.Expr:
    """Rows of the books that are neither sale nor return."""
    return (
        pl.when(pl.col("invoice").str.starts_with("A"))
        .then(pl.lit("adjustment"))
        .when(~_SALE & ~_CREDIT)
        .then(pl.lit("unknown_invoice"))
        .when(_SKU.is_in(list(SERVICES)))
        .then(_SKU.replace_strict(SERVICES, default=None, return_dtype=pl.String))
    )


def _return_problem() -> pl.Expr:
    return pl.when(pl.col("kind") == "return").then(
        pl.when(_SKU.is_in(SHIPPING))
        .then(pl.lit("shipping_credit"))
        .when((_QUANTITY >= 0) | (_PRICE <= 0))
        .then(pl.lit("return_without_units"))
        .when(pl.col("customer") == "")
        .then(pl.lit("return_by_guest"))
    )


def _sale_problem() -> pl.Expr:
    """A product without price may be a gift: that is decided by what else the invoice holds."""
    negative = pl.when((_QUANTITY <= 0) | (_PRICE < 0)).then(pl.lit("stock_movement"))
    free_shipping = pl.when((pl.col("kind") == "shipping") & (_PRICE == 0)).then(pl.lit("no_price"))
    return pl.when(pl.col("kind").is_in(["line", "shipping"])).then(pl.coalesce(negative, free_shipping))


def _with_goods(rows: pl.DataFrame) -> pl.DataFrame:
    """Gifts and shipping need paid goods beside them on the invoice."""
    paid = (pl.col("kind") == "line") & (_PRICE > 0) & pl.col("code").is_null()
    has_goods = paid.any().over("invoice")
    alone = (
        pl.when((pl.col("kind") == "line") & ~has_goods)
        .then(pl.lit("no_price"))
        .when((pl.col("kind") == "shipping") & ~has_goods)
        .then(pl.lit("shipping_without_goods"))
    )
    position = (pl.col("kind").eq("line") & pl.col("code").is_null()).cum_sum().over("invoice")
    too_many = pl.when((pl.col("kind") == "line") & (position > MAX_POSITION)).then(pl.lit("too_many_lines"))
    return rows.with_columns(code=pl.coalesce("code", alone, too_many))


def _with_discounts(rows: pl.DataFrame) -> pl.DataFrame:
    """Gives every discount its order (``applied_to``): its own invoice, else the newest of the day before it."""
    goods = (
        rows.filter(_is("line"))
        .group_by("invoice")
        .agg(
            pl.col("customer").first(),
            pl.col("at").min(),
            (_QUANTITY * _PRICE).sum().alias("goods"),
        )
        .sort("at", "invoice")
    )
    discounts = rows.filter(_is("discount")).select("line", "customer", "at", "invoice", amount=-_QUANTITY * _PRICE)
    own = discounts.join(goods.select("invoice", "goods"), on="invoice").with_columns(applied_to="invoice")
    booked = (
        discounts.join(own, on="line", how="anti")
        .filter(pl.col("customer") != "")
        .drop("invoice")
        .sort("at", "line")
        .join_asof(
            goods.rename({"invoice": "applied_to"}),
            on="at",
            by="customer",
            strategy="backward",
            tolerance=DISCOUNT_WITHIN,
            check_sortedness=False,
        )
        .filter(pl.col("applied_to").is_not_null())
    )
    columns = ["line", "applied_to", "amount", "goods"]
    fitting = (
        pl.concat([own.select(columns), booked.select(columns)])
        .filter(pl.col("amount") > 0)
        .sort("line")
        .filter(pl.col("amount").cum_sum().over("applied_to") <= pl.col("goods"))
    )
    joined = rows.join(fitting.select("line", "applied_to"), on="line", how="left", maintain_order="left")
    lost = pl.when(_is("discount") & pl.col("applied_to").is_null()).then(pl.lit("discount_without_order"))
    return joined.with_columns(code=pl.coalesce("code", lost))


def _is(kind: str) -> pl.Expr:
    return (pl.col("kind") == kind) & pl.col("code").is_null()


def _lines(rows: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    lines = rows.filter(_is("line")).join(titles, on="sku", how="left", maintain_order="left")
    own = pl.when(_PRICE > 0).then(pl.col("description"))
    total = _QUANTITY * _PRICE
    return fitted(
        lines.with_columns(
            number="invoice",
            position=pl.int_range(1, pl.len() + 1).over("invoice"),
            title=pl.coalesce(own, "title", "sku"),
            total=total,
            tax_rate=pl.lit("0.0000"),
        ),
        LINES,
        LINE_DEFAULTS,
    )


def _titles(rows: pl.DataFrame) -> pl.DataFrame:
    """The most frequent description of each product on paid lines: on others it is a note of the warehouse."""
    paid = rows.filter(_is("line"), _PRICE > 0, pl.col("description").is_not_null())
    counted = paid.group_by("sku", title="description").len().sort(["len", "title"], descending=[True, False])
    return counted.unique("sku", keep="first", maintain_order=True).select("sku", "title")


def _discounts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(_is("discount")).group_by(number="applied_to").agg(discount=(-_QUANTITY * _PRICE).sum())


def _orders(rows: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    amount = _QUANTITY * _PRICE
    orders = (
        rows.filter(_is("line") | _is("shipping"))
        .group_by(number="invoice", maintain_order=True)
        .agg(
            external_id=pl.col("customer").first(),
            country=pl.col("country").first(),
            placed_at=pl.col("at").min(),
            shipping=amount.filter(pl.col("kind") == "shipping").sum(),
            goods=amount.filter(pl.col("kind") == "line").sum(),
        )
        .join(_discounts(rows), on="number", how="left", maintain_order="left")
        .with_columns(pl.col("discount").fill_null(0), currency=pl.lit(shop.currency), state=pl.lit("shipped"))
        .with_columns(total=pl.col("goods") + pl.col("shipping") - pl.col("discount"))
    )
    return fitted(orders, ORDERS, ORDER_DEFAULTS)


def _returns(rows: pl.DataFrame) -> pl.DataFrame:
    returns = rows.filter(_is("return")).with_columns(reference="invoice", external_id="customer", quantity=-_QUANTITY)
    return fitted(returns, RETURNS)


def _fates(rows: pl.DataFrame) -> pl.DataFrame:
    accepted = pl.col("code").is_null()
    number = pl.when(accepted & (pl.col("kind") == "discount")).then(pl.col("applied_to"))
    own = pl.when(accepted & pl.col("kind").is_in(["line", "shipping"])).then(pl.col("invoice"))
    value = pl.coalesce("value", pl.when(pl.col("code") == "unknown_invoice").then(pl.col("invoice")))
    return rows.select("line", "code", "column", value.alias("value"), number=pl.coalesce(number, own))


FORMAT = Format(ONLINE_RETAIL, read, has_returns=True)
