"""Online Retail as a shop in the database, written in bulk: what the recommendation benches read and serve."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import polars as pl
from django.db import connection

from bench.load import get
from bench.online_retail import goods
from catalog.models import Product
from core.statistics import refresh_statistics
from customers.models import Customer, Identity
from merchants.actions import create_api_key
from merchants.models import Merchant
from orders.models import Order, OrderLine
from recommendations.actions import Progress, train_models

BATCH = 5_000


@dataclass(frozen=True)
class Shop:
    """A shop with a live model, a key to its API, and questions as its customers ask them."""

    token: str
    requests: list[bytes]


def trained_shop(progress: Progress) -> Shop:
    """Makes the shop, trains it, and writes questions: half for known customers, on all placements."""
    merchant = create()
    train_models(merchant, progress=progress)
    _key, token = create_api_key(merchant, kind="sk", name="bench")
    return Shop(token, [get(f"/api/v1/recommendations?{query}", token) for query in _queries(merchant)])


def _queries(merchant: Merchant, number: int = 2000) -> list[str]:
    random = Random(1)
    customers = list(Identity.objects.for_merchant(merchant).values_list("value", flat=True))
    skus = list(Product.objects.for_merchant(merchant).values_list("sku", flat=True))
    shapes: list[Callable[[], str]] = [
        lambda: f"placement=home&customer={random.choice(customers)}",
        lambda: f"placement=product&product={random.choice(skus)}",
        lambda: f"placement=basket&customer={random.choice(customers)}&basket={','.join(random.sample(skus, 3))}",
        lambda: "placement=home",
    ]
    return [shapes[turn % len(shapes)]() for turn in range(number)]


def create() -> Merchant:
    """A new merchant with every basket of the sample data; one unit per line, so that totals add up."""
    rows = goods().unique(["basket", "product"]).sort("basket", "product")
    merchant = Merchant.objects.create(slug=f"bench-{secrets.token_hex(4)}", name="Online Retail", currency="GBP")
    products = _products(merchant, rows)
    customers = _customers(merchant, rows)
    orders = _orders(merchant, rows, customers)
    _lines(merchant, rows, products, orders)
    refresh_statistics([Product, Customer, Identity, Order, OrderLine])  # as an import does
    return merchant


def _products(merchant: Merchant, rows: pl.DataFrame) -> dict[int, Product]:
    numbers = rows["product"].unique().sort().to_list()
    made = [Product(merchant=merchant, sku=f"P-{number}", title=f"Product {number}", price=100) for number in numbers]
    return dict(zip(numbers, Product.objects.bulk_create(made, batch_size=BATCH), strict=True))


def _customers(merchant: Merchant, rows: pl.DataFrame) -> dict[int, Customer]:
    numbers = rows["customer"].drop_nulls().unique().sort().to_list()
    made = Customer.objects.bulk_create([Customer(merchant=merchant) for _ in numbers], batch_size=BATCH)
    Identity.objects.bulk_create(
        [
            Identity(merchant=merchant, customer=customer, kind=Identity.Kind.EXTERNAL_ID, value=str(number))
            for number, customer in zip(numbers, made, strict=True)
        ],
        batch_size=BATCH,
    )
    return dict(zip(numbers, made, strict=True))


def _orders(merchant: Merchant, rows: pl.DataFrame, customers: dict[int, Customer]) -> dict[int, Order]:
    first = rows.group_by("basket").agg(pl.col("customer").first(), pl.col("occurred_at").min(), total=pl.len() * 100)
    made = [
        Order(
            merchant=merchant,
            number=str(basket),
            customer=customers.get(customer),
            placed_at=_utc(at),
            currency="GBP",
            total=total,
            source=Order.Source.IMPORT,
        )
        for basket, customer, at, total in first.sort("basket").iter_rows()
    ]
    return {int(order.number): order for order in Order.objects.bulk_create(made, batch_size=BATCH)}


def _lines(merchant: Merchant, rows: pl.DataFrame, products: dict[int, Product], orders: dict[int, Order]) -> None:
    columns = ["merchant_id", "order_id", "position", "product_id", "title", "quantity", "unit_price", "discount"]
    columns += ["total", "tax_rate", "cancelled", "returned", "refunded"]
    with connection.cursor() as cursor:
        copying = cursor.copy(f"COPY {OrderLine._meta.db_table} ({', '.join(columns)}) FROM STDIN")
        with copying as copy:
            for number, (basket, product) in enumerate(rows.select("basket", "product").iter_rows()):
                sold, order = products[product], orders[basket]
                copy.write_row(
                    (merchant.pk, order.pk, number % 30_000, sold.pk, sold.title, 1, 100, 0, 100, 0, 0, 0, 0)
                )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
