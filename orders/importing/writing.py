"""A batch of orders into the database: all of it or nothing, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
from django.db import transaction

from catalog.actions import Sighting as ProductSighting
from catalog.actions import recognise_products
from core.errors import DomainError
from customers.actions.bulk import Sighting, resolve_customers
from customers.actions.profiles import Person
from customers.models import Channel, ConsentRecord, Purpose
from customers.rules.addresses import normalise_address
from merchants.models import Merchant
from orders.actions.facts import recount_customers
from orders.actions.incoming import LineData, Notice, OrderData
from orders.actions.placement import place_order
from orders.importing.batch import Batch
from orders.importing.copying import array_text, copy_rows, next_ids
from orders.models import Order, OrderLine, Refund, Shipment, ShipmentLine

ORDER_COLUMNS = [
    "id",
    "merchant_id",
    "number",
    "version",
    "customer_id",
    "email",
    "locale",
    "country",
    "placed_at",
    "currency",
    "shipping",
    "discount",
    "total",
    "tax",
    "refunded",
    "payment_method",
    "coupon_codes",
    "promised_delivery_on",
    "state",
    "cancelled_at",
    "source",
    "channel",
]
DETAILS = ("first_name", "last_name", "locale", "country")
LINE_COLUMNS = [
    "merchant_id",
    "order_id",
    "position",
    "product_id",
    "title",
    "quantity",
    "unit_price",
    "discount",
    "total",
    "tax_rate",
    "unit_cost",
    "cancelled",
    "refunded",
]


@dataclass(frozen=True)
class Sorted:
    """The orders of a batch by what is to be done with them."""

    new: pl.DataFrame
    newer: pl.DataFrame
    unchanged: pl.DataFrame


def sort_orders(merchant: Merchant, batch: Batch) -> Sorted:
    """An order is known by its number; a stored one is changed by a higher version only."""
    known = Order.objects.for_merchant(merchant).filter(number__in=batch.orders["number"].to_list())
    stored = pl.DataFrame(
        list(known.values_list("number", "version")), schema={"number": pl.String, "stored": pl.Int64}, orient="row"
    )
    orders = batch.orders.join(stored, on="number", how="left", maintain_order="left")
    newer = pl.col("version") > pl.col("stored")
    return Sorted(
        new=orders.filter(pl.col("stored").is_null()).drop("stored"),
        newer=orders.filter(newer).drop("stored"),
        unchanged=orders.filter(~newer).drop("stored"),
    )


class Products:
    """Ids of products by SKU; SKUs that the catalogue lacks are noted as known from orders only."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant
        self._ids: dict[str, int] = {}
        self._costs: dict[str, int | None] = {}

    def learn(self, lines: pl.DataFrame) -> None:
        """Commits by itself: a batch that is undone later takes no known product with it."""
        unknown = lines.unique("sku", keep="last").filter(~pl.col("sku").is_in(list(self._ids)))
        sightings = [
            ProductSighting(sku=sku, title=title, price=price, tax_rate=Decimal(tax_rate))
            for sku, title, price, tax_rate in unknown.select("sku", "title", "unit_price", "tax_rate").iter_rows()
        ]
        if sightings:
            found = recognise_products(self._merchant, sightings)
            self._ids |= {sku: product.pk for sku, product in found.items()}
            self._costs |= {sku: product.cost for sku, product in found.items()}

    def ids(self, lines: pl.DataFrame) -> pl.Series:
        return lines["sku"].replace_strict(self._ids, return_dtype=pl.Int64).alias("product_id")

    def costs(self, lines: pl.DataFrame) -> pl.Series:
        """What a unit costs the shop today, where the catalogue knows."""
        return lines["sku"].replace_strict(self._costs, return_dtype=pl.Int64).alias("unit_cost")


def write_new(merchant: Merchant, orders: pl.DataFrame, lines: pl.DataFrame, products: Products) -> None:
    """Store new orders with all that belongs to them; call it in a transaction.

    Raises IntegrityError where somebody else just stored one of them.
    """
    if orders.is_empty():
        return
    known = _with_ids(merchant, orders)
    copy_rows(Order, known.select(ORDER_COLUMNS))
    placed = lines.join(known.select("number", "id", "state"), on="number", how="inner", maintain_order="left")
    copy_rows(OrderLine, _line_rows(merchant, placed, products))
    _write_shipments(merchant, known.filter(pl.col("shipped_at").is_not_null()))
    _write_refunds(merchant, known.filter(pl.col("refunded") > 0))
    _write_notices(merchant, known.filter(pl.col("notice_version") != "", pl.col("customer_id").is_not_null()))
    recount_customers(merchant, known["customer_id"].drop_nulls().unique().to_list())


def _with_ids(merchant: Merchant, orders: pl.DataFrame) -> pl.DataFrame:
    """The orders as rows of the table, each with its id and its customer's."""
    customers = resolve_customers(merchant, _sightings(orders))
    return orders.with_columns(
        pl.Series("id", next_ids(Order, orders.height), pl.Int64),
        pl.Series("customer_id", customers, pl.Int64),
        pl.Series("coupon_codes", [array_text(codes) for codes in orders["coupon_codes"].to_list()], pl.String),
        merchant_id=pl.lit(merchant.pk),
        source=pl.lit(Order.Source.IMPORT.value),
        channel=pl.lit(Order.Channel.WEB.value),
    )


def _sightings(orders: pl.DataFrame) -> list[Sighting]:
    """Who bought, in the order of the rows."""
    columns = ["placed_at", "external_id", "email", *DETAILS]
    return [
        Sighting(Person(external_id=external_id, email=email, **dict(zip(DETAILS, details, strict=True))), at)
        for at, external_id, email, *details in orders.select(columns).iter_rows()
    ]


def _line_rows(merchant: Merchant, lines: pl.DataFrame, products: Products) -> pl.DataFrame:
    cancelled = pl.when(pl.col("state") == Order.State.CANCELLED).then(pl.col("quantity")).otherwise(0)
    known = [products.ids(lines), products.costs(lines)]
    rows = lines.with_columns(*known, merchant_id=pl.lit(merchant.pk), order_id="id", cancelled=cancelled)
    return rows.select(LINE_COLUMNS)


def _write_shipments(merchant: Merchant, orders: pl.DataFrame) -> None:
    """One parcel per shipped order, with all of its units: a file tells no more."""
    if orders.is_empty():
        return
    parcels = orders.select(
        pl.Series("id", next_ids(Shipment, orders.height), pl.Int64),
        "merchant_id",
        "shipped_at",
        "delivered_at",
        order_id="id",
        reference="number",
        expected_on="promised_delivery_on",
    )
    copy_rows(Shipment, parcels)
    lines = OrderLine.objects.for_merchant(merchant).filter(order__in=parcels["order_id"].to_list())
    parcel_of = dict(parcels.select("order_id", "id").iter_rows())
    ShipmentLine.objects.bulk_create(
        [
            ShipmentLine(merchant=merchant, shipment_id=parcel_of[order], order_line_id=line, quantity=quantity)
            for line, order, quantity in lines.values_list("pk", "order_id", "quantity")
        ],
        batch_size=2000,
    )


def _write_refunds(merchant: Merchant, orders: pl.DataFrame) -> None:
    columns = ["id", "refunded", "refunded_at", "placed_at"]
    Refund.objects.bulk_create(
        [
            Refund(merchant=merchant, order_id=order, amount=amount, refunded_at=at or placed_at)
            for order, amount, at, placed_at in orders.select(columns).iter_rows()
        ],
        batch_size=2000,
    )


def _write_notices(merchant: Merchant, orders: pl.DataFrame) -> None:
    """The advertising notices that the file proves: with version, moment and the address of the sale."""
    columns = ["number", "customer_id", "email", "notice_version", "notice_shown_at"]
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                merchant=merchant,
                customer_id=customer,
                kind=ConsentRecord.Kind.NOTICE_SHOWN,
                purpose=Purpose.PRODUCT_RECOMMENDATIONS,
                channel=Channel.EMAIL,
                address=normalise_address(email),
                text_version=version,
                occurred_at=shown_at,
                source="import",
                evidence={"order": number},
            )
            for number, customer, email, version, shown_at in orders.select(columns).iter_rows()
        ],
        batch_size=2000,
    )


def write_newer(merchant: Merchant, orders: pl.DataFrame, lines: pl.DataFrame) -> dict[str, str]:
    """Replace stored orders by newer versions; returns why not, by the number of each order that was refused."""
    refused: dict[str, str] = {}
    if orders.is_empty():
        return refused
    lines_of = lines.join(orders, on="number", how="semi").partition_by("number", as_dict=True)
    for row in orders.iter_rows(named=True):
        try:
            with transaction.atomic():
                place_order(merchant, _order_data(row, lines_of[row["number"],].to_dicts()))
        except DomainError as error:
            refused[row["number"]] = str(error.message)
    return refused


def _order_data(order: dict[str, Any], lines: Sequence[dict[str, Any]]) -> OrderData:
    details = {name: order[name] for name in ("external_id", "email", *DETAILS)}
    shown_at = order["notice_shown_at"]
    facts = ("number", "version", "placed_at", "currency", "total", "shipping", "discount", "payment_method")
    return OrderData(
        **{name: order[name] for name in facts},
        customer=Person(**details),
        marketing_notice=Notice(version=order["notice_version"], shown_at=shown_at) if shown_at else None,
        coupon_codes=order["coupon_codes"],
        promised_delivery_on=order["promised_delivery_on"],
        lines=[_line_data(line) for line in lines],
    )


def _line_data(line: dict[str, Any]) -> LineData:
    facts = ("sku", "quantity", "unit_price", "discount", "title")
    return LineData(**{name: line[name] for name in facts}, tax_rate=Decimal(line["tax_rate"]))
